"""A package as a Zephyr module: a line in CMakeLists.txt, one in prj.conf; and its sample."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.embed.hosts import Host, make_host
from tests.embed.machines import COMPILER, MACHINES
from tests.embed.models import WRITERS

HERE = Path(__file__).resolve().parent / "zephyr"
F4 = MACHINES["netduinoplus2"]


@pytest.fixture
def host(packages: Path, tmp_path: Path) -> Host:
    """An application with copies of both packages."""
    host = make_host(tmp_path / "host", HERE, {})
    for name in WRITERS:
        shutil.copytree(packages / name, host.root / name)
    F4.copy_to(host.root / "os")
    return host


def build(host: Host, application: str, folder: str) -> tuple[str, ...]:
    """Configure and build an application of the host's; returns the command that builds."""
    system = host.root / "os"
    words = [
        "-DCMAKE_SYSTEM_NAME=Generic",
        "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY",
        f"-DCMAKE_C_COMPILER={COMPILER}",
        f"-DOS_FLAGS={';'.join(F4.flags)}",
        f"-DOS_LINK_FLAGS={';'.join(F4.link_flags(str(system / 'cubemx.ld')))}",
    ]
    configure = ("cmake", "-G", "Ninja", "-S", application, "-B", folder, *words)
    done = host.run(*configure, ZEPHYR_BASE=str(system))
    assert done.status == 0, done.output
    command = ("ninja", "-v", "-C", folder)
    host.build(*command)
    return command


def test_modules(host: Host) -> None:
    """Whole archives, -std=c99 and -Werror of the operating system's, a C library without rintf();
    each library has our options behind those; two networks, one runtime."""
    command = build(host, ".", "b")
    F4.check(host, "b/app")
    commands = host.build("ninja", "-C", "b", "-t", "commands").output.splitlines()
    compiled = [line for line in commands if "/runtime/" in line or "/network/" in line]
    ours = [line for line in compiled if " -c " in line and ".c.obj " in line]
    assert len(ours) > 20
    assert all(
        line.rindex("-std=c11") > line.rindex("-std=c99") and "-ffp-contract=off" in line
        for line in ours
    )
    assert not host.build(*command).made
    host.append(
        "digits/network/digits_data.c", "\nextern const int edited;\nconst int edited = 1;\n"
    )
    made = {name.split(".")[0] for name in host.build(*command).made}
    assert made == {"digits_data", "libnn2flash_digits", "app"}
    host.build("ninja", "-C", "b", "clean")
    assert not list((host.root / "b").rglob("*.a"))


@pytest.mark.parametrize("name", WRITERS)
def test_sample(name: str, host: Host) -> None:
    """The application that a package brings finds its module, and tests itself."""
    build(host, f"{name}/zephyr/sample", "s")
    F4.write_memories(host.root, "s/app")
    assert f"{name}: self-test passed" in host.build(*F4.command()).output
