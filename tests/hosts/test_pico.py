"""A program for an SDK of pico-sdk's kind, copied to RAM before it runs, constants and all."""

from __future__ import annotations

from pathlib import Path

from tests.embed.hosts import make_host
from tests.embed.machines import MACHINES
from tests.hosts.lives import live, write_device

HERE = Path(__file__).resolve().parent


def test_copy_to_ram(vendor: Path, tmp_path: Path) -> None:
    """Start-up code and flags come from INTERFACE libraries; a Cortex-M33 as the RP2350's."""
    machine = MACHINES["cortex-m33"]
    host = make_host(tmp_path / "a project", HERE / "pico", {"vendor/nn2flash": vendor})
    machine.copy_to(host.root / "sdk")
    write_device(
        host.root / "sdk" / "device.cmake",
        DEVICE_FLAGS=" ".join(machine.flags),
        DEVICE_LINK_FLAGS=";".join(machine.link_flags(None)),
    )
    host.build("cmake", "-G", "Ninja", "-B", "build")
    live(
        host,
        machine,
        ("ninja", "-v", "-j4", "-C", "build"),
        "build/product.elf",
        ("ninja", "-C", "build", "clean"),
    )
