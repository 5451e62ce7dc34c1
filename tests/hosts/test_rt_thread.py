"""A package in packages/ of an RT-Thread project: found by itself, no build-file line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.embed.hosts import make_host
from tests.embed.machines import COMPILER, MACHINES
from tests.embed.models import WRITERS
from tests.graph.project import NEWEST_SCONS, SCONS

HERE = Path(__file__).resolve().parent / "rt_thread"
F4 = MACHINES["netduinoplus2"]


@pytest.mark.parametrize("scons", [SCONS, NEWEST_SCONS], ids=("oldest", "newest"))
def test_packages(scons: str, packages: Path, tmp_path: Path) -> None:
    """Strings as flags, a standard of the host's; two networks share one runtime. CPPDEFINES are a
    deque in SCons 4.5 and newer."""
    host = make_host(tmp_path / "a project", HERE, {})
    for name in WRITERS:
        shutil.copytree(packages / name, host.root / "packages" / name)
    F4.copy_to(host.root)
    device = f" {' '.join(F4.flags)}"
    (host.root / "rtconfig.py").write_text(
        f"CC = {COMPILER!r}\n"
        f"CFLAGS = '{device} -std=gnu99 -Dgcc -O2'\n"
        f"AFLAGS = ' -c{device} -x assembler-with-cpp'\n"
        f"LFLAGS = ' {' '.join(F4.link_flags())}'\n"
    )
    first = host.run(scons, "-Q", "-j4")
    assert first.status == 0, first.output
    F4.check(host, "rtthread.elf")
    assert not host.run(scons, "-Q").made
    host.append(
        "packages/digits/network/digits_data.c",
        "\nextern const int edited;\nconst int edited = 1;\n",
    )
    assert host.run(scons, "-Q").made == {"digits_data.o", "rtthread.elf"}
    assert host.run(scons, "-Q", "-c").status == 0
    assert not list(host.root.rglob("*.o"))
