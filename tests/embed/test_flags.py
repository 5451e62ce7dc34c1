"""Flags of the processor that a host keeps to itself: handed over, or missed with one line."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tests.embed.hosts import Host, Run, make_host
from tests.embed.machines import COMPILER, MACHINES
from tests.embed.test_linked import build_with_scons, make_words
from tests.sampled import sampled

F4 = MACHINES["netduinoplus2"]
MISSED = "nn2flash: no Cortex-M is selected here"
FLAGS = " ".join(F4.flags)
GENERIC = ("-DCMAKE_SYSTEM_NAME=Generic", "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY")


def missed(run: Run) -> None:
    """The build failed, and said why."""
    assert run.status != 0
    assert MISSED in run.output


def keep_to_target(host: Host) -> None:
    """The product's own options choose the processor and -Ofast; nothing else does."""
    options = ";".join(F4.link_flags(str(host.root / "cubemx.ld")))
    host.replace(
        "CMakeLists.txt",
        "add_executable(product main.c)\n",
        "add_executable(product main.c startup.c)\n"
        f"target_compile_options(product PRIVATE {FLAGS} -Ofast -Wall -Wpedantic -Werror)\n"
        f'target_link_options(product PRIVATE "{options}")\n',
    )


def configure(host: Host, *words: str) -> Run:
    """CMake for bare metal; returns what it said."""
    command = ("cmake", "-G", "Ninja", "-B", "b", *GENERIC, *words)
    return host.run(*command, f"-DCMAKE_C_COMPILER={COMPILER}", f"-DCMAKE_PREFIX_PATH={host.root}")


def test_cmake_target(vendor: Path, tmp_path: Path) -> None:
    """`TARGET product` takes over its options; without it the first compilation says so."""
    host = make_host(tmp_path / "host", "cmake/live", {"vendor/nn2flash": vendor})
    F4.copy_to(host.root)
    keep_to_target(host)
    assert configure(host).status == 0
    host.build("ninja", "-C", "b")
    F4.check(host, "b/product")
    host.replace("CMakeLists.txt", " TARGET product", "")
    assert configure(host).status == 0
    missed(host.run("ninja", "-C", "b"))


def test_cmake_link(package_parts: dict[str, Path], tmp_path: Path) -> None:
    """The same for packages; the host links in the form without keywords, as CubeMX does."""
    host = make_host(tmp_path / "host", "cmake/subdirectory", package_parts)
    F4.copy_to(host.root)
    keep_to_target(host)
    host.replace(
        "CMakeLists.txt",
        "target_link_libraries(product digits::digits gearbox::gearbox)",
        "target_link_libraries(product m)\nnn2flash_link(product digits gearbox)",
    )
    run = configure(host)
    assert run.status == 0, run.output
    host.build("ninja", "-C", "b")
    F4.check(host, "b/product")


def test_cmake_compiler_after_project(package_parts: dict[str, Path], tmp_path: Path) -> None:
    """project() finds this computer's compiler, and the host replaces it afterwards."""
    host = make_host(tmp_path / "host", "cmake/subdirectory", package_parts)
    F4.copy_to(host.root)
    link = " ".join(F4.link_flags(str(host.root / "cubemx.ld")))
    host.replace(
        "CMakeLists.txt",
        "project(product LANGUAGES C)\n",
        "project(product LANGUAGES C)\n"
        f'set(CMAKE_C_COMPILER {COMPILER})\nset(CMAKE_C_FLAGS "{FLAGS}")\n'
        f'set(CMAKE_EXE_LINKER_FLAGS "{link}")\n',
    )
    host.replace("CMakeLists.txt", "product main.c", "product main.c startup.c")
    host.build("cmake", "-G", "Ninja", "-B", "b", "-DCMAKE_SYSTEM_NAME=Generic")
    host.build("ninja", "-C", "b")
    F4.check(host, "b/product")


@pytest.mark.parametrize("example", ["cmake/live", "cmake/subdirectory"])
def test_cmake_without_c(
    example: str, vendor: Path, package_parts: dict[str, Path], tmp_path: Path
) -> None:
    host = make_host(tmp_path / "host", example, {"vendor/nn2flash": vendor, **package_parts})
    host.replace("CMakeLists.txt", "LANGUAGES C)", "LANGUAGES CXX)")
    (host.root / "main.c").rename(host.root / "main.cpp")
    host.replace("CMakeLists.txt", "main.c", "main.cpp")
    run = host.run("cmake", "-G", "Ninja", "-B", "b")
    assert run.status != 0
    said = " ".join(run.output.split())
    assert "is written in C, which this project has not enabled" in said
    assert said.count("CMake Error") == 1


@pytest.mark.parametrize(
    ("example", "asked"),
    sampled(product(["cmake/live", "cmake/subdirectory"], [False, True]), 1, seed=1),
)
def test_cmake_position_independent(
    asked: bool, example: str, vendor: Path, package_parts: dict[str, Path], tmp_path: Path
) -> None:
    """Only where the host asks for it, and then all of it: a shared library links."""
    host = make_host(tmp_path / "host", example, {"vendor/nn2flash": vendor, **package_parts})
    if asked:
        host.replace("CMakeLists.txt", "add_executable(product", "add_library(product SHARED")
    words = ["-DCMAKE_POSITION_INDEPENDENT_CODE=ON"] if asked else []
    host.build("cmake", "-G", "Ninja", "-B", "b", *words)
    host.build("ninja", "-C", "b")
    commands = host.build("ninja", "-C", "b", "-t", "commands").output.splitlines()
    ours = [line for line in commands if " -c " in line and "main.c" not in line]
    assert len(ours) > 20
    assert {"-fPIC" in line for line in ours} == {asked}


def test_make_flags(package_parts: dict[str, Path], tmp_path: Path) -> None:
    """A host whose own rules use a variable that only it knows."""
    host = make_host(tmp_path / "host", "make/package", package_parts)
    F4.copy_to(host.root)
    host.replace("Makefile", "$(CFLAGS)", "$(DEVICE_CFLAGS)")
    host.append("Makefile", "main.o: main.c\n\t$(CC) $(DEVICE_CFLAGS) $(CPPFLAGS) -c -o $@ $<\n")
    words = [
        word.replace("CFLAGS=", "DEVICE_CFLAGS=") if word.startswith("CFLAGS=") else word
        for word in make_words(F4)
    ]
    missed(host.run(*words, "CFLAGS=-O2"))
    host.build(*words, "CFLAGS=-O2", f"NN2FLASH_CFLAGS={FLAGS}")
    F4.check(host, "product")


def test_big_endian_is_refused(package_parts: dict[str, Path], tmp_path: Path) -> None:
    """Every source that is compiled says so, before anything is linked."""
    host = make_host(tmp_path / "host", "make/package", package_parts)
    F4.copy_to(host.root)
    run = host.run(*make_words(F4, "-O2 -mbig-endian"), "-k")
    assert run.status != 0
    assert run.output.count("nn2flash: this processor is big-endian") > 20


@pytest.fixture(scope="module")
def generated(vendor: Path, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """The SCons example with the sources of both networks generated; clone it."""
    host = make_host(
        tmp_path_factory.mktemp("generated") / "host", "scons", {"vendor/nn2flash": vendor}
    )
    assert host.scons("-j4").status == 0
    return host


@pytest.mark.parametrize(
    ("variable", "standard"),
    sampled(product(["CFLAGS", "CCFLAGS"], ["", "-std=c99", "-std=gnu89"]), 1),
)
def test_scons_strings(variable: str, standard: str, generated: Host, tmp_path: Path) -> None:
    """Flags as one string, as RT-Thread's rtconfig.py has them, with a standard of the host's."""
    host = generated.clone(tmp_path / "host")
    F4.copy_to(host.root)
    script = f"""
env = Environment(CC={COMPILER!r}, {variable}=' {FLAGS} -Ofast {standard}', CPPPATH='.',
                  LINKFLAGS={list(F4.link_flags())}, PROGSUFFIX='.elf')
"""
    host.replace("SConstruct", "env = Environment()", script)
    host.replace("SConstruct", '["main.c"', '["main.c", "startup.c"')
    run = host.scons("-j4")
    assert run.status == 0, run.output
    assert not {"generate digits", "generate gearbox"} & run.made
    F4.check(host, "product.elf")
    assert not host.scons().made


def test_scons_without_flags(scons_host: Host) -> None:
    F4.copy_to(scons_host.root)
    scons_host.replace("SConstruct", "env = Environment()", f"env = Environment(CC={COMPILER!r})")
    missed(scons_host.scons())


def test_scons_package(package_parts: dict[str, Path], tmp_path: Path) -> None:
    """The package's own SConscript, two lines a network."""
    host = make_host(tmp_path / "host", "scons_package", package_parts)
    assert host.scons().status == 0
    host.check("./product")
    assert not host.scons().made
    assert host.scons("-c").status == 0
    assert not list(host.root.rglob("*.[ao]"))
    F4.copy_to(host.root)
    host.replace("SConstruct", '"main.c"', '["main.c"]')
    F4.check(host, build_with_scons(host, F4))


def test_exporters_walk_through_files(scons_host: Host) -> None:
    """RT-Thread's --target= asks every node below a program for the file that it is."""
    scons_host.append(
        "SConstruct",
        "def walk(node):\n"
        "    assert node.rfile().abspath\n"
        "    return 1 + sum(walk(each) for each in node.all_children())\n"
        'print("walked", walk(env.Program("again", ["main.c"])[0]))\n',
    )
    run = scons_host.scons("-n")
    assert run.status == 0, run.output
    assert "walked" in run.output
