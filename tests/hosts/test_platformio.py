"""A package in PlatformIO's lib/: found by itself, no build-file line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import SCons

from support.removal import remove_temporary_folder
from tests.embed.hosts import Host, make_host
from tests.embed.machines import COMPILER, MACHINES
from tests.embed.models import WRITERS
from tests.graph.project import VENV

HERE = Path(__file__).resolve().parent / "platformio"
PIO = str(VENV / "bin" / "pio")
# PlatformIO Core 6.2.0, dependencies.py: the version of SCons that it asks its registry for.
TOOL_SCONS = "4.41101.0"


def write_core(core: Path) -> None:
    """PlatformIO's own folder with what it would download: SCons, and the platform `native`."""
    scons = core / "packages" / "tool-scons"
    scons.mkdir(parents=True)
    about = {"name": "tool-scons", "version": TOOL_SCONS, "description": "SCons", "license": "MIT"}
    (scons / "package.json").write_text(json.dumps(about))
    spec = {
        "owner": "platformio",
        "id": 8192,
        "name": "tool-scons",
        "requirements": None,
        "uri": None,
    }
    meta = {"type": "tool", "name": "tool-scons", "version": TOOL_SCONS, "spec": spec}
    (scons / ".piopm").write_text(json.dumps(meta))
    (scons / "SCons").symlink_to(Path(SCons.__file__).parent)
    (scons / "scons.py").write_text(
        "import pathlib, sys\nsys.path.insert(0, str(pathlib.Path(__file__).parent))\n"
        "import SCons.Script\nSCons.Script.main()\n"
    )
    native = core / "platforms" / "native"
    shutil.copytree(HERE / "platform", native)
    spec = {"owner": "platformio", "id": 1, "name": "native", "requirements": None, "uri": None}
    meta = {"type": "platform", "name": "native", "version": "1.2.1", "spec": spec}
    (native / ".piopm").write_text(json.dumps(meta))


@pytest.fixture
def host(packages: Path, tmp_path: Path) -> Host:
    """A project with copies of both packages in lib/, in a path with spaces."""
    host = make_host(tmp_path / "a project", HERE, {})
    for name in WRITERS:
        shutil.copytree(packages / name, host.root / "lib" / name)
    remove_temporary_folder(host.root / "platform")
    (host.root / "src").mkdir(exist_ok=True)
    (host.root / "main.c").rename(host.root / "src" / "main.c")
    write_core(tmp_path / "core")
    return host


def build(host: Host, *words: str) -> frozenset[str]:
    """Run PlatformIO Core, which must succeed; returns what it compiled and linked."""
    settings = {
        "PLATFORMIO_CORE_DIR": str(host.root.parent / "core"),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "No",
        # Days; with 0 each run but the first looks for a newer version, and waits for the network.
        "PLATFORMIO_SETTING_CHECK_PLATFORMIO_INTERVAL": "9999",
    }
    run = host.run(PIO, "run", "-v", *words, **settings)
    assert run.status == 0, run.output
    return run.made


def test_packages_in_lib(host: Host) -> None:
    """Built, run, up to date, rebuilt for a changed model, cleaned."""
    program = ".pio/build/native/program"
    assert {"digits_assembly.o", "digits_kernels.o", "program"} <= build(host, "-j", "4")
    host.check(program)
    assert not build(host)
    data = "lib/digits/network/digits_data.c"
    host.append(data, "\nextern const int edited;\nconst int edited = 1;\n")
    assert build(host) == {"digits_data.o", "libdigits.a", "program"}
    host.check(program)
    build(host, "-t", "clean")
    assert not list((host.root / ".pio").rglob("*.[ao]"))


def test_flags_of_the_processor(host: Host) -> None:
    """build_flags choose it, as the FPU on PlatformIO's boards: C and assembly agree."""
    machine = MACHINES["netduinoplus2"]
    machine.copy_to(host.root / "src")
    host.replace("platformio.ini", "gcc", COMPILER)
    link = " ".join(machine.link_flags("src/cubemx.ld"))
    host.replace("platformio.ini", "custom_link_flags =", f"custom_link_flags = {link}")
    host.append("platformio.ini", f"build_flags = {' '.join(machine.flags)}\n")
    build(host, "-j", "4")
    machine.check(host, ".pio/build/native/program")
