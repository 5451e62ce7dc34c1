"""What a good guest does in a host's build: no project of its own, versions, installing, cleaning,
another Python, names of its own."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.embed.hosts import Host, make_host


@pytest.fixture
def cmake_host(package_parts: dict[str, Path], tmp_path: Path) -> Host:
    """The example with packages as subfolders."""
    return make_host(tmp_path / "host", "cmake/subdirectory", package_parts)


def configure(host: Host, *words: str, **environment: str) -> str:
    """Run CMake, whatever its status; returns what it said, on one line."""
    path = f"-DCMAKE_PREFIX_PATH={host.root}"
    done = host.run("cmake", "-G", "Ninja", "-B", "b", path, *words, **environment)
    return " ".join(done.output.split())


def test_cmake_has_no_project_below_the_host_s(
    vendor: Path, package_parts: dict[str, Path], tmp_path: Path
) -> None:
    for example in ("cmake/live", "cmake/subdirectory", "cmake/find"):
        host = make_host(tmp_path / example, example, {"vendor/nn2flash": vendor, **package_parts})
        host.replace("CMakeLists.txt", "LANGUAGES C)", "VERSION 4.5 LANGUAGES C)")
        host.append(
            "CMakeLists.txt", 'message("known: ${PROJECT_NAME} ${CMAKE_PROJECT_VERSION}")\n'
        )
        host.append(
            "CMakeLists.txt", "get_cmake_property(known VARIABLES)\nmessage(STATUS ${known})\n"
        )
        said = configure(host)
        assert "known: product 4.5" in said
        assert not {name for name in ("digits_SOURCE_DIR", "nn2flash_SOURCE_DIR") if name in said}


@pytest.mark.parametrize(
    ("wanted", "found"), [("0.1", True), ("0.1.0 EXACT", True), ("0.2", False), ("1.0", False)]
)
def test_cmake_versions(
    wanted: str, found: bool, package_parts: dict[str, Path], tmp_path: Path
) -> None:
    host = make_host(tmp_path / "host", "cmake/find", package_parts)
    host.replace(
        "CMakeLists.txt", "find_package(digits REQUIRED)", f"find_package(digits {wanted} REQUIRED)"
    )
    said = configure(host)
    assert ("Configuring done" in said) == found
    if not found:
        assert "digitsConfig.cmake, version: 0.1.0" in said


def test_cmake_installs(cmake_host: Host) -> None:
    """A host's library is installed and exported with the networks that it links, and is used from
    where it was installed."""
    cmake_host.replace(
        "CMakeLists.txt",
        "add_executable(product main.c)",
        "add_library(product STATIC main.c)",
    )
    cmake_host.append(
        "CMakeLists.txt",
        "nn2flash_install(digits all)\nnn2flash_install(gearbox all)\n"
        "install(TARGETS product EXPORT all)\ninstall(EXPORT all NAMESPACE of:: DESTINATION lib)\n",
    )
    said = configure(cmake_host, f"-DCMAKE_INSTALL_PREFIX={cmake_host.root / 'there'}")
    assert "Generating done" in said, said
    cmake_host.build("ninja", "-C", "b", "install")
    user = cmake_host.root / "user"
    user.mkdir()
    shutil.copy(cmake_host.root / "main.c", user)
    (user / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(user LANGUAGES C)\n"
        "include(../there/lib/all.cmake)\nadd_executable(user main.c)\n"
        "target_link_libraries(user of::digits of::gearbox)\n"
    )
    for folder in ("digits", "gearbox"):
        (cmake_host.root / folder).unlink()
    cmake_host.build("cmake", "-G", "Ninja", "-S", "user", "-B", "u")
    cmake_host.build("ninja", "-C", "u")
    cmake_host.check("u/user")


@pytest.mark.sample(1)
@pytest.mark.parametrize("example", ["cmake/live", "make/live", "scons"])
def test_python_of_the_host(example: str, vendor: Path, tmp_path: Path) -> None:
    """A PYTHONHOME is another Python's; NN2FLASH_PYTHON names one where there is no .venv."""
    tree = tmp_path / "nn2flash"
    shutil.copytree(vendor, tree, symlinks=True, ignore=shutil.ignore_patterns(".venv"))
    host = make_host(tmp_path / "host", example, {"vendor/nn2flash": tree})
    command = {
        "cmake/live": ("cmake", "-G", "Ninja", "-B", "b"),
        "make/live": ("make", "nn2flash-build/digits/digits.c"),
        "scons": ("scons", "-Q", "build/digits/network-digits/digits.c"),
    }[example]
    without = host.run(*command)
    assert without.status != 0
    assert "NN2FLASH_PYTHON" in without.output
    venv = tmp_path / "venv"  # GNU Make takes no path with spaces
    venv.symlink_to(sys.prefix)
    if example == "make/live":
        spaced = tmp_path / "with space"
        spaced.symlink_to(sys.prefix)
        refused = host.run(*command, NN2FLASH_PYTHON=str(spaced / "bin" / "python"))
        assert refused.status != 0
        assert "GNU Make takes no path with spaces: NN2FLASH_PYTHON=" in refused.output
    environment = {"NN2FLASH_PYTHON": str(venv / "bin" / "python")}
    if example != "scons":  # which runs on Python itself
        environment["PYTHONHOME"] = "/nowhere"
    done = host.run(*command, **environment)
    assert done.status == 0, done.output
    if example == "cmake/live":
        done = host.run("ninja", "-C", "b", "digits/digits.c", **environment)
        assert done.status == 0, done.output


def test_make_cleans_and_leaves_build_alone(vendor: Path, tmp_path: Path) -> None:
    """`all: build` is about a rule, not a folder of ours; headers are made before what includes
    them, whatever is asked for first; `clean` makes nothing."""
    host = make_host(tmp_path / "host", "make/live", {"vendor/nn2flash": vendor})
    before = {path.name for path in host.root.iterdir()}
    host.append("Makefile", "all: build\nbuild:\n\t$(MAKE) product\n\ttouch built\n")
    host.build("make", "-j4", "all")
    host.check("./product")
    host.retrain("digits")
    assert "generate digits" in host.build("make", "-j4", "all").made
    host.check("./product")
    assert not host.build("make", "clean").made
    left = {path.name for path in host.root.iterdir()} - before
    assert left == {"built", "digits.out", "gearbox.out"}
    assert not host.build("make", "clean").made


@pytest.mark.sample(1)
@pytest.mark.parametrize("example", ["make/live", "make/package"])
def test_make_s_default_goal_is_the_host_s(
    example: str, vendor: Path, package_parts: dict[str, Path], tmp_path: Path
) -> None:
    """The first rule of the host is made, though networks and their rules stand before it."""
    host = make_host(tmp_path / "host", example, {"vendor/nn2flash": vendor, **package_parts})
    makefile = host.root / "Makefile"
    lines = makefile.read_text().splitlines(keepends=True)
    ours = [line for line in lines if line.startswith(("include ", "$(eval "))]
    assert len(ours) > 2
    first = "first:\n\ttouch first-was-made\n"
    makefile.write_text("".join([*ours, first, *(line for line in lines if line not in ours)]))
    for _ in range(2):  # the second time there are depfiles, too
        assert "product" not in host.build("make").made
        assert (host.root / "first-was-made").exists()
        (host.root / "first-was-made").unlink()
        host.build("make", "product")
        host.check("./product")


def test_every_source_has_its_own_stem(packages: Path) -> None:
    """Builds that keep all objects in one folder: PlatformIO, CubeMX, SCons' Glob, RT-Thread. The
    network's begin with its name, the runtime's as no file of a host does."""
    for name in ("digits", "gearbox"):
        sources = [*(packages / name).rglob("*.[cS]")]
        twice = [
            stem for stem, count in Counter(path.stem for path in sources).items() if count > 1
        ]
        assert not twice
        for path in sources:
            folder = path.relative_to(packages / name).parts[0]
            begins = {"network": (name,), "runtime": ("nn_", "ai_", "stai_"), "example": ("main",)}
            assert path.stem.startswith(begins[folder]), path
