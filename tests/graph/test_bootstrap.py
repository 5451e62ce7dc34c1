"""`bootstrap`: from nothing to a running command, and a message where it may not install."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.graph.project import REPOSITORY, files_below

# What a POSIX system has; everything else that bootstrap uses is found or missed.
ORDINARY = (
    "sh",
    "dirname",
    "readlink",
    "cat",
    "cksum",
    "id",
    "tr",
    "sort",
    "printf",
    "rm",
    "ls",
    "env",
    "true",
    "pwd",
    "mkdir",
    "uname",
)
# Not a launcher that needs more of the PATH than a test gives it.
PYTHON = os.path.realpath(sys.executable)
TOOLS = (
    "scons",
    "arm-none-eabi-gcc",
    "qemu-system-arm",
    "gdb-multiarch",
    "openocd",
    "gcc",
    "clang",
    "g++",
    "cmake",
    "make",
    "ninja",
    "chromium",
    "llvm-mca-22",
)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with bootstrap and requirement files that require nothing."""
    root = tmp_path / "a clone"
    (root / "requirements" / "locked").mkdir(parents=True)
    shutil.copy2(REPOSITORY / "bootstrap", root)
    for path in (REPOSITORY / "requirements").rglob("*.txt"):
        (root / path.relative_to(REPOSITORY)).write_text("# nothing\n")
    return root


@pytest.fixture
def path_with(tmp_path: Path) -> Path:
    """A folder of links to ordinary programs, to stand as PATH; tests add tools."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ORDINARY:
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    (folder / "python3").symlink_to(PYTHON)
    return folder


def add_tools(folder: Path, *names: str) -> None:
    for name in names:
        found = shutil.which(name)
        assert found, f"{name} is not installed"
        (folder / name).symlink_to(found)


def call(clone: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Call bootstrap from another folder."""
    return subprocess.run(
        [str(clone / "bootstrap"), *arguments],
        cwd="/",
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def test_makes_a_venv_once_and_runs_its_arguments(clone: Path, path_with: Path) -> None:
    add_tools(path_with, *TOOLS)
    first = call(
        clone, "sh", "-c", 'pwd; command -v python; echo "$1"', "-", "a  b", PATH=str(path_with)
    )
    assert first.returncode == 0, first.stderr
    assert "making .venv" in first.stderr
    assert first.stdout.splitlines() == [str(clone), str(clone / ".venv/bin/python"), "a  b"]
    link = clone.parent / "link"
    link.symlink_to(clone / "bootstrap")
    again = call(clone, "pwd", PATH=str(path_with))
    assert (again.returncode, again.stdout, again.stderr) == (0, f"{clone}\n", "")
    linked = subprocess.run([str(link), "pwd"], capture_output=True, text=True, check=True)
    assert linked.stdout == f"{clone}\n"
    # Another pin: installed again, once.
    (clone / "requirements" / "locked" / "train.txt").write_text("# another\n")
    assert "requirements/locked/train.txt" in call(clone, "true", PATH=str(path_with)).stderr
    assert call(clone, "true", PATH=str(path_with)).stderr == ""


def test_half_made_venv_is_made_again(clone: Path, path_with: Path) -> None:
    """Killed between Python and pip."""
    add_tools(path_with, *TOOLS)
    python = clone / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(PYTHON)
    (clone / ".venv" / "pyvenv.cfg").write_text("home = /nowhere\n")
    (clone / ".venv" / "bootstrap.stamp").touch()
    run = call(clone, "python", "-m", "pip", "--version", PATH=str(path_with))
    assert run.returncode == 0, run.stderr
    assert str(clone) in run.stdout


@pytest.mark.parametrize("linked", [False, True], ids=["folder", "link"])
def test_saboteur_a_venv_of_others_without_pip_stays(
    linked: bool, clone: Path, path_with: Path, tmp_path: Path
) -> None:
    """As uv makes them: it is not wiped, and the message says what to do."""
    add_tools(path_with, *TOOLS)
    venv = tmp_path / "elsewhere" if linked else clone / ".venv"
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", str(venv)], check=True)
    if linked:
        (venv / "bootstrap.stamp").touch()  # of another clone
        (clone / ".venv").symlink_to(venv)
    before = files_below(venv)
    run = call(clone, "true", PATH=str(path_with))
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert ".venv has no pip that works" in line and "move it away" in line
    assert files_below(venv) == before


@pytest.mark.parametrize(
    ("arguments", "packages"),
    [
        (["scons", "sim"], {"scons", "gcc-arm-none-eabi", "libnewlib-arm-none-eabi"}),
        (["scons", "test"], {"gdb-multiarch", "openocd", "clang", "llvm-22", "qemu-system-arm"}),
        (["scons", "bench"], {"llvm-22", "gcc-arm-none-eabi"}),
    ],
)
def test_names_the_packages_where_it_may_not_install(
    clone: Path, path_with: Path, arguments: list[str], packages: set[str]
) -> None:
    """No apt-get on this PATH."""
    run = call(clone, *arguments, PATH=str(path_with))
    assert run.returncode == 1
    told, line = run.stderr.splitlines()
    assert "error: missing programs" in told
    command, _, names = line.partition(" --no-install-recommends ")
    assert command == "bootstrap: error: sudo apt-get install"
    assert packages <= {*names.split()}
    assert not (clone / ".venv").exists()


# System → its package manager, what uname says, and the line for `scons sim` with nothing there.
SYSTEMS = {
    "Debian, Ubuntu, WSL": (
        "apt-get",
        "Linux",
        "sudo apt-get install --no-install-recommends gcc-arm-none-eabi libnewlib-arm-none-eabi"
        " qemu-system-arm scons",
    ),
    "Fedora": (
        "dnf",
        "Linux",
        "dnf install arm-none-eabi-gcc-cs arm-none-eabi-newlib qemu-system-arm scons",
    ),
    "Arch": (
        "pacman",
        "Linux",
        "pacman -S --needed arm-none-eabi-gcc arm-none-eabi-newlib qemu-system-arm scons",
    ),
    "macOS": (
        "brew",
        "Darwin",
        "brew install qemu scons && brew install --cask gcc-arm-embedded",
    ),
    "macOS without Homebrew": (
        "",
        "Darwin",
        "brew install qemu scons && brew install --cask gcc-arm-embedded (brew: https://brew.sh)",
    ),
    "another Linux": (
        "",
        "Linux",
        "sudo apt-get install --no-install-recommends gcc-arm-none-eabi libnewlib-arm-none-eabi"
        " qemu-system-arm scons",
    ),
}


def stand_in(folder: Path, name: str, does: str) -> None:
    (folder / name).unlink(missing_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{does}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_each_system_gets_its_own_line(
    system: str, machine: str, clone: Path, path_with: Path
) -> None:
    """Where bootstrap may not install; the package managers are stand-ins."""
    manager, kernel, line = SYSTEMS[system]
    stand_in(path_with, "uname", f"case $1 in -m) echo {machine} ;; *) echo {kernel} ;; esac")
    stand_in(path_with, "id", "echo 1000")
    if manager:
        stand_in(path_with, manager, "exit 1")
    run = call(clone, "scons", "sim", PATH=str(path_with))
    assert run.returncode == 1
    told, named = run.stderr.splitlines()
    assert "error: missing programs" in told
    wanted = f"sudo {line}" if manager in ("dnf", "pacman") else line
    assert named == f"bootstrap: error: {wanted}"
    if manager in ("dnf", "pacman"):  # root needs no sudo, and may have none
        stand_in(path_with, "id", "echo 0")
        run = call(clone, "scons", "sim", PATH=str(path_with))
        assert run.stderr.splitlines()[1] == f"bootstrap: error: {line}"


@pytest.mark.parametrize(
    ("manager", "line"),
    [
        ("dnf", "dnf install python3"),
        ("pacman", "pacman -S --needed python"),
        ("brew", "brew install python"),
    ],
)
def test_an_old_python_elsewhere(manager: str, line: str, clone: Path, path_with: Path) -> None:
    add_tools(path_with, *TOOLS)
    stand_in(path_with, "python3", "exit 1")
    stand_in(path_with, "id", "echo 0")
    stand_in(path_with, manager, "exit 1")
    run = call(clone, "scons", "sim", PATH=str(path_with))
    assert run.stderr.splitlines()[1] == f"bootstrap: error: {line}"


@pytest.mark.parametrize("manager", ["dnf", "pacman", "brew"])
def test_the_tests_are_debians(manager: str, clone: Path, path_with: Path) -> None:
    stand_in(path_with, manager, "exit 1")
    run = call(clone, "scons", "test", PATH=str(path_with))
    assert run.returncode == 1 and "the tests run on Debian and Ubuntu alone" in run.stderr
    assert not (clone / ".venv").exists()


def test_names_only_what_is_missing(clone: Path, path_with: Path) -> None:
    add_tools(path_with, *(tool for tool in TOOLS if tool != "qemu-system-arm"))
    run = call(clone, "scons", "sim", PATH=str(path_with))
    assert run.returncode == 1
    assert run.stderr.endswith(" sudo apt-get install --no-install-recommends qemu-system-arm\n")


@pytest.mark.skipif(platform.machine() != "x86_64", reason="32-bit programs of x86-64")
def test_a_compiler_without_32_bits_is_missing_something(clone: Path, path_with: Path) -> None:
    """Debian's gcc names its 64-bit library for -m32 where the 32-bit one is not there."""
    add_tools(path_with, *(tool for tool in TOOLS if tool != "gcc"))
    real = shutil.which("gcc")
    script = f'#!/bin/sh\ncase $* in *-fsyntax-only*) exit 1 ;; esac\nexec {real} "$@"\n'
    (path_with / "gcc").write_text(script)
    (path_with / "gcc").chmod(0o755)
    run = call(clone, "pytest", PATH=str(path_with))
    assert run.returncode == 1
    assert run.stderr.endswith(" sudo apt-get install --no-install-recommends gcc-multilib\n")


def test_installs_with_apt_where_it_may(clone: Path, path_with: Path) -> None:
    """An apt-get that puts the tool on the PATH, as the real one does."""
    add_tools(path_with, *(tool for tool in TOOLS if tool != "qemu-system-arm"))
    apt = path_with / "apt-get"
    log = clone.parent / "apt.log"
    apt.write_text(
        f'#!/bin/sh\necho "$@" >>"{log}"\ncase $* in *install*qemu-system-arm*) '
        f'ln -s "{shutil.which("qemu-system-arm")}" "{path_with}/qemu-system-arm" ;; esac\n'
    )
    apt.chmod(0o755)
    (path_with / "sudo").write_text('#!/bin/sh\n[ "$1" != -n ] || shift\nexec "$@"\n')
    (path_with / "sudo").chmod(0o755)
    (path_with / "ln").symlink_to(shutil.which("ln") or "")
    run = call(clone, "true", PATH=str(path_with))
    assert run.returncode == 0, run.stderr
    calls = log.read_text().splitlines()
    assert calls[0].startswith("update")
    assert calls[1].split()[-1] == "qemu-system-arm"
    assert all("-qq" in words.split() for words in calls)


@pytest.mark.parametrize("known", [{"llvm"}, {"llvm", "llvm-22"}, set()])
def test_another_llvm_only_where_no_package_has_the_one_asked_for(
    clone: Path, path_with: Path, known: set[str]
) -> None:
    """What apt knows before and after its lists were fetched; no lists at all say nothing."""
    add_tools(path_with, *(tool for tool in TOOLS if not tool.startswith("llvm-mca")))
    log = clone.parent / "apt.log"
    for name, does in (
        ("apt-get", f'echo "$@" >>"{log}"'),
        ("apt-cache", f'case " {" ".join(known)} " in *" $2 "*) ;; *) exit 1 ;; esac'),
        ("sudo", '[ "$1" != -n ] || shift\nexec "$@"'),
    ):
        (path_with / name).write_text(f"#!/bin/sh\n{does}\n")
        (path_with / name).chmod(0o755)
    run = call(clone, "scons", "bench", PATH=str(path_with))
    wanted = "llvm" if known == {"llvm"} else "llvm-22"
    assert run.returncode == 1 and f"still missing after apt-get: {wanted}\n" in run.stderr
    assert log.read_text().splitlines()[-1].split()[-1] == wanted
    (path_with / "llvm-mca").touch()
    (path_with / "llvm-mca").chmod(0o755)
    again = call(clone, "scons", "bench", PATH=str(path_with))
    assert ("still missing" in again.stderr) == (wanted == "llvm-22")


def test_old_lists_of_packages_decide_nothing(clone: Path, path_with: Path) -> None:
    """Another LLVM is there and the lists know no llvm-22 before they are fetched anew."""
    missing = ("llvm-mca-22", "qemu-system-arm")
    add_tools(path_with, *(tool for tool in TOOLS if tool not in missing))
    log, fetched = clone.parent / "apt.log", clone.parent / "fetched"
    for name, does in (
        ("apt-get", f'echo "$@" >>"{log}"\ncase $* in update*) : >"{fetched}" ;; esac'),
        ("apt-cache", f'case $2 in llvm) ;; *) [ -e "{fetched}" ] ;; esac'),
        ("sudo", '[ "$1" != -n ] || shift\nexec "$@"'),
        ("llvm-mca", ""),
    ):
        (path_with / name).write_text(f"#!/bin/sh\n{does}\n")
        (path_with / name).chmod(0o755)
    run = call(clone, "scons", "test", PATH=str(path_with))
    assert run.returncode == 1 and "still missing after apt-get" in run.stderr
    assert {"llvm-22", "qemu-system-arm"} <= set(log.read_text().splitlines()[-1].split())


def test_too_old_a_python_is_named(clone: Path, path_with: Path) -> None:
    add_tools(path_with, *TOOLS)
    (path_with / "python3").unlink()
    (path_with / "python3").write_text("#!/bin/sh\nexit 1\n")
    (path_with / "python3").chmod(0o755)
    run = call(clone, "true", PATH=str(path_with))
    assert run.returncode == 1
    assert "python3" in run.stderr


@pytest.mark.parametrize("words", [["scnos", "sim"], ["-j4"]])
def test_no_command_installs_nothing(clone: Path, path_with: Path, words: list[str]) -> None:
    """Neither with apt-get nor with pip."""
    apt, log = path_with / "apt-get", clone.parent / "apt.log"
    apt.write_text(f'#!/bin/sh\necho "$@" >>"{log}"\n')
    apt.chmod(0o755)
    run = call(clone, *words, PATH=str(path_with))
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert words[0] in line and "./bootstrap scons" in line
    assert not log.exists() and not (clone / ".venv").exists()


@pytest.mark.parametrize("name", ["python3.10", "nowhere"])
def test_a_python_asked_for_is_taken_or_refused(clone: Path, path_with: Path, name: str) -> None:
    add_tools(path_with, *TOOLS)
    (path_with / "python3.10").write_text("#!/bin/sh\nexit 1\n")
    (path_with / "python3.10").chmod(0o755)
    run = call(clone, "true", PATH=str(path_with), PYTHON=name)
    assert run.returncode == 1
    assert f"PYTHON={name} is no Python 3.11 or newer" in run.stderr
    assert not (clone / ".venv").exists()


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (["scons", "generate", "network=x.onnx"], set()),
        (["scons", "analyze", "network=x.onnx"], set()),
        (["scons", "train"], set()),
        (["scons", "dump", "network=x.onnx"], set()),
        (["scons", "new", "dest=x"], set()),
        (["scons", "network=x.onnx"], {"gcc-arm-none-eabi", "libnewlib-arm-none-eabi"}),
        (["scons", "run"], {"gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "qemu-system-arm"}),
    ],
)
def test_asks_for_no_program_that_the_target_does_not_start(
    clone: Path, path_with: Path, arguments: list[str], missing: set[str]
) -> None:
    add_tools(path_with, "scons")
    ready_venv(clone, path_with)
    run = call(clone, *arguments, PATH=str(path_with))
    assert (run.returncode != 0) is bool(missing), run.stderr
    names = run.stderr.partition("--no-install-recommends ")[2].split()
    assert {*names} == missing


def test_size_is_said_before_and_pip_is_heard(clone: Path, path_with: Path) -> None:
    add_tools(path_with, *TOOLS)
    venv = ready_venv(clone, path_with)
    (venv / "bin" / "python").write_text('#!/bin/sh\necho "pip: $*"\n')
    run = call(clone, "scons", PATH=str(path_with))
    said, heard, *_ = run.stderr.splitlines()
    assert "locked/train.txt into .venv: about 1.1 GB" in said
    assert heard.startswith("pip: -m pip install") and " -q " not in heard


def ready_venv(clone: Path, path_with: Path) -> Path:
    """A .venv that is made already, whose pip only succeeds."""
    venv = clone / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").write_text("#!/bin/sh\n")
    (venv / "bin" / "python").chmod(0o755)
    (venv / "whole.stamp").touch()
    (venv / "scons.stamp").write_text(f"{path_with / 'true'}\n")
    return venv


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["scons", "network=x.onnx", "sim"], "core"),
        (["scons", "network=x.onnx", "inputs=mnist"], "train"),
        (["scons", "network=x.onnx", "calibration=x.npz"], "train"),
        (["scons", "ai=bundle", "bundle=x", "inputs=x.npz"], "core"),
        (["scons", "ai=bundle", "bundle=x"], "train"),  # tried on MNIST
        (["scons", "-h"], "core"),
        (["scons", "help"], "core"),
        (["scons", "clean"], "core"),
        (["scons"], "train"),
        (["scons", "network=x.onnx", "test"], "test"),
    ],
)
def test_installs_no_more_than_is_needed(
    clone: Path, path_with: Path, arguments: list[str], needed: str
) -> None:
    add_tools(path_with, *TOOLS)
    ready_venv(clone, path_with)
    run = call(clone, *arguments, PATH=str(path_with))
    assert run.returncode == 0, run.stderr
    assert f"requirements/locked/{needed}.txt" in run.stderr


@pytest.mark.parametrize(
    ("there", "arguments", "quiet"),
    [
        ("test", ["scons", "help"], True),
        ("test", ["scons", "sim"], True),
        ("test", ["scons", "demo"], True),
        ("test", ["scons", "ai=cloud", "network=x.onnx"], True),
        ("train", ["scons", "help"], True),
        ("train", ["scons", "test"], False),
        ("core", ["scons", "sim"], False),
    ],
)
def test_what_a_larger_set_has_brought_is_not_installed_again(
    clone: Path, path_with: Path, there: str, arguments: list[str], quiet: bool
) -> None:
    """Also where .venv is a link to another clone's: pip's lines told nothing."""
    add_tools(path_with, *TOOLS)
    venv = ready_venv(clone, path_with)
    whole = venv.rename(venv.parent / "elsewhere")
    venv.symlink_to(whole)
    # As that clone's bootstrap left it: this one's own way to tell what is installed.
    first = {"core": ["scons", "help"], "train": ["scons", "sim"], "test": ["scons", "test"]}
    assert call(clone, *first[there], PATH=str(path_with)).returncode == 0
    run = call(clone, *arguments, PATH=str(path_with))
    assert run.returncode == 0, run.stderr
    assert (run.stderr == "") is quiet, run.stderr


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["scons", "cloud-login"], {"core", "cloud"}),
        (["scons", "ai=cloud", "network=x.onnx"], {"core", "cloud"}),
        (["scons", "ai=cloud", "test"], {"test"}),
        (["scons", "ai=stedgeai", "network=x.onnx"], {"core"}),
        (["scons", "docs"], {"core", "docs"}),
    ],
)
def test_packages_of_few_targets_come_when_they_are_needed(
    clone: Path, path_with: Path, arguments: list[str], asked: set[str]
) -> None:
    add_tools(path_with, *TOOLS)
    venv = ready_venv(clone, path_with)
    run = call(clone, *arguments, PATH=str(path_with))
    assert run.returncode == 0, run.stderr
    assert {path.stem.removeprefix("requirements-") for path in venv.glob("req*.stamp")} == asked


def test_no_arguments_print_help(clone: Path) -> None:
    run = call(clone)
    assert run.returncode == 0
    assert "usage: ./bootstrap" in run.stdout
    assert not (clone / ".venv").exists()


def test_plain_posix_shell() -> None:
    dash = shutil.which("dash")
    if dash is None:
        pytest.skip("no dash")
    subprocess.run([dash, "-n", str(REPOSITORY / "bootstrap")], check=True)
    subprocess.run([dash, "-n", str(REPOSITORY / ".ci" / "run")], check=True)


def test_generating_needs_no_tools(clone: Path, path_with: Path) -> None:
    """For another build: no SCons, compiler or emulator is looked for, and only core.txt is asked
    for."""
    (clone / "codegen").mkdir()
    (clone / "codegen" / "__init__.py").touch()
    (clone / "codegen" / "__main__.py").write_text("print('generated')\n")
    done = call(clone, "python", "-m", "codegen", "generate", PATH=str(path_with))
    assert done.returncode == 0, done.stderr
    assert "generated" in done.stdout
    assert (clone / ".venv" / "requirements-core.stamp").exists()
    assert not (clone / ".venv" / "requirements-train.stamp").exists()
