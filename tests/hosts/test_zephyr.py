"""A package as a Zephyr module: a line in CMakeLists.txt, one in prj.conf."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.embed.hosts import make_host
from tests.embed.machines import COMPILER, MACHINES
from tests.embed.models import WRITERS

HERE = Path(__file__).resolve().parent / "zephyr"
F4 = MACHINES["netduinoplus2"]


def test_modules(packages: Path, tmp_path: Path) -> None:
    """Whole archives, -std=c99 and -Werror of the operating system's; two networks, one runtime."""
    host = make_host(tmp_path / "host", HERE, {})
    for name in WRITERS:
        shutil.copytree(packages / name, host.root / name)
    F4.copy_to(host.root)
    words = [
        *("-DCMAKE_SYSTEM_NAME=Generic", "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY"),
        f"-DCMAKE_C_COMPILER={COMPILER}",
        f"-DOS_FLAGS={';'.join(F4.flags)}",
        f"-DOS_LINK_FLAGS={';'.join(F4.link_flags(str(host.root / 'cubemx.ld')))}",
    ]
    build = ("ninja", "-v", "-C", "b")
    host.build("cmake", "-G", "Ninja", "-B", "b", *words)
    host.build(*build)
    F4.check(host, "b/app")
    assert not host.build(*build).made
    host.append(
        "digits/network/digits_data.c", "\nextern const int edited;\nconst int edited = 1;\n"
    )
    made = {name.split(".")[0] for name in host.build(*build).made}
    assert made == {"digits_data", "libnn2flash_digits", "app"}
    host.build("ninja", "-C", "b", "clean")
    assert not list((host.root / "b").rglob("*.a"))
