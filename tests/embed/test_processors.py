"""Two networks in one ELF on several processors and compilers, each byte the reference's."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

import pytest

from tests.embed.hosts import make_host
from tests.embed.machines import COMPILER, CORES, MACHINES
from tests.graph.project import SCONS
from tests.sampled import sampled

PLAIN = "-O2"
LTO = "-O2 -flto -ffunction-sections -fdata-sections"
GCCS = [name for name in ("gcc-10", "gcc-11", "gcc-12", "gcc-13", "gcc-14") if shutil.which(name)]
ALL_WARNINGS = "-Wall -Wextra -Wconversion -Wshadow -Wundef -Werror"
# The linker warns of a stack that could be executed.
LINK = "-Wl,--fatal-warnings"
SANITIZERS = "-fsanitize=address,undefined -fno-sanitize-recover=all"


def settings(compiler: str, cflags: str, *ldflags: str) -> list[str]:
    """Words for `make` that change the compiler and its flags."""
    return [f"CC={compiler}", f"CFLAGS={cflags}", f"LDFLAGS={' '.join(ldflags)}"]


@pytest.mark.parametrize(
    ("processor", "optimization"),
    sampled(
        [
            *((name, PLAIN) for name in CORES),
            *((name, LTO) for name in ("cortex-m7", "cortex-m4", "cortex-m33")),
        ],
        4,
    ),
)
def test_cortex_m(
    processor: str, optimization: str, package_parts: dict[str, Path], tmp_path: Path
) -> None:
    """The kernels fall back by what the processor has; on QEMU wherever it has a board."""
    machine = MACHINES[processor]
    host = make_host(tmp_path / "host", "make/package", package_parts)
    machine.copy_to(host.root)
    flags = f"{' '.join(machine.flags)} {optimization} {ALL_WARNINGS}"
    words = settings(COMPILER, flags, *machine.link_flags(), "-Wl,--gc-sections", "startup.c")
    host.build("make", *words)
    if machine.qemu:
        machine.check(host, "product")


@pytest.mark.sample(2, each=["compiler"])
@pytest.mark.parametrize(
    ("compiler", "flags"),
    [("gcc", f"{PLAIN} {SANITIZERS}"), ("gcc", "-Os"), ("gcc", LTO), ("clang", PLAIN)]
    + [(compiler, "-O3") for compiler in GCCS],
)
def test_this_computer(
    compiler: str, flags: str, package_parts: dict[str, Path], tmp_path: Path
) -> None:
    """GCC in each version that is installed, clang, the sanitizers."""
    host = make_host(tmp_path / "host", "make/package", package_parts)
    host.build("make", *settings(compiler, f"{flags} {ALL_WARNINGS}", LINK))
    host.check("./product")


X86_32 = {
    "make/package": (("make", "CFLAGS=-O2 -m32"),),
    "cmake/subdirectory": (("cmake", "-DCMAKE_C_FLAGS=-m32", "-B", "b"), ("make", "-C", "b")),
    "scons": ((SCONS, "-Q"),),
}


@pytest.mark.sample(1)
@pytest.mark.skipif(platform.machine() != "x86_64", reason="flags of x86")
@pytest.mark.parametrize("example", X86_32)
def test_x86_without_sse(
    example: str, package_parts: dict[str, Path], vendor: Path, tmp_path: Path
) -> None:
    """GCC would compute in x87's 80 bits: our build files ask for SSE2."""
    parts = {"vendor/nn2flash": vendor} if example == "scons" else package_parts
    host = make_host(tmp_path / "host", example, parts)
    if example == "scons":
        host.replace("SConstruct", "Environment()", "Environment(CCFLAGS='-m32', LINKFLAGS='-m32')")
    for words in X86_32[example]:
        host.build(*words)
    host.check("b/product" if example.startswith("cmake") else "./product")
