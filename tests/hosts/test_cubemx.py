"""Projects as STM32CubeMX generates them, with nn2flash below vendor/."""

from __future__ import annotations

from pathlib import Path

from tests.embed.hosts import Host, make_host
from tests.embed.machines import MACHINES, Machine
from tests.hosts.lives import live, write_device

HERE = Path(__file__).resolve().parent


def make_project(root: Path, kind: str, machine: Machine, vendor: Path) -> Host:
    """A project of STM32CubeMX's layout."""
    host = make_host(root, HERE / kind, {"vendor/nn2flash": vendor})
    machine.copy_to(host.root)
    sources = host.root / "Core" / "Src"
    sources.mkdir(parents=True)
    for name in ("main.c", "startup.c"):
        (host.root / name).rename(sources / name)
    return host


def test_cmake(vendor: Path, tmp_path: Path) -> None:
    """Presets and a toolchain file, in a path with spaces, on an STM32F405."""
    machine = MACHINES["netduinoplus2"]
    host = make_project(tmp_path / "a project", "cubemx_cmake", machine, vendor)
    write_device(
        host.root / "cmake" / "device.cmake",
        DEVICE_FLAGS=" ".join(machine.flags),
        DEVICE_LINK_FLAGS=" ".join(machine.link_flags(None)),
    )
    host.build("cmake", "--preset", "Debug")
    build = ("cmake", "--build", "--preset", "Debug")
    live(host, machine, (*build, "-j4", "-v"), "build/Debug/product.elf", (*build, "-t", "clean"))


def test_make_with_cpp(vendor: Path, tmp_path: Path) -> None:
    """A C++17 product in the 8 KiB of an STM32F100; the project's own path has a space."""
    machine = MACHINES["stm32vldiscovery"]
    host = make_project(tmp_path / "a project", "cubemx_make", machine, vendor)
    (host.root / "Core" / "Src" / "main.c").rename(host.root / "Core" / "Src" / "main.cpp")
    link = ("--specs=nano.specs", *machine.link_flags())
    write_device(
        host.root / "device.mk", MCU=" ".join(machine.flags), DEVICE_LDFLAGS=" ".join(link)
    )
    live(host, machine, ("make", "-j4"), "build/product.elf", ("make", "clean"))
