"""A mistake gets one line that names the thing and the remedy, and a status that is not 0."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from support.removal import remove_temporary_folder
from tests.graph.project import Project, Run


def error_lines(run: Run) -> list[str]:
    """What is left of the output without the commands that were shown."""
    return [line for line in run.output.splitlines() if ": error: " in line or "***" in line]


@dataclass(frozen=True)
class Mistake:
    """A way to call the build that cannot work.

    Attributes:
        told: words that the message must have.
    """

    told: tuple[str, ...]
    targets: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[Project], object] = lambda project: None


def in_order(*changes: Callable[[Project], object]) -> Callable[[Project], object]:
    """All changes, one after the other."""
    return lambda project: [change(project) for change in changes]


def old_compiler(project: Project) -> None:
    script = project.path("old-gcc")
    script.write_text("#!/bin/sh\necho 9.4.0\n")
    script.chmod(0o755)


def write(name: str, text: str) -> Callable[[Project], object]:
    return lambda project: project.path(name).write_text(text)


MISTAKES = {
    "unknown variable": Mistake(
        ("unknown variable 'subset_sized'", "did you mean 'subset_size'?"),
        variables={"subset_sized": "3"},
    ),
    "unknown value": Mistake(
        ("board=mps2_an50", "did you mean 'mps2_an500'?"), variables={"board": "mps2_an50"}
    ),
    "unknown folder of tests": Mistake(
        ("only=opps", "did you mean 'ops'?"), ("test",), {"only": "opps"}
    ),
    "not a number": Mistake(("subset_size=ten", "whole number"), variables={"subset_size": "ten"}),
    "not a flag": Mistake(("werror=yes", "known: 0, 1"), variables={"werror": "yes"}),
    "unknown target": Mistake(("unknown target 'frimware'", "'firmware'"), ("frimware",)),
    "target of another kind of network": Mistake(("'train'", "given, not trained"), ("train",)),
    "target of another board": Mistake(("'flash'", "mps2_an500"), ("flash",)),
    "no such network": Mistake(
        ("network=none.onnx", "no such file"), variables={"network": "none.onnx"}
    ),
    "no such compiler": Mistake(("'nix-gcc' not found",), variables={"cc": "nix-gcc"}),
    "too old a compiler": Mistake(
        ("old-gcc is version 9.4.0", "older than 10"),
        variables={"cc": "./old-gcc"},
        prepare=old_compiler,
    ),
    "broken compiler": Mistake(
        ("old-gcc does not tell its version", "cc="),
        variables={"cc": "./old-gcc"},
        prepare=in_order(old_compiler, lambda p: p.replace("old-gcc", "echo 9.4.0", "exit 1")),
    ),
    "unwritable build folder": Mistake(
        ("cannot write to", "build_dir="), variables={"build_dir": "tiny.onnx/build"}
    ),
    "build folder in the way": Mistake(
        ("build_dir=.", "a folder of its own"), variables={"build_dir": "."}
    ),
    "build folder with a long name": Mistake(
        ("File name too long: give a shorter name",), variables={"build_dir": "n" * 300}
    ),
    "inputs with a long name": Mistake(
        ("nnn.npz: File name too long: give a shorter name",),
        variables={"inputs": f"{'n' * 300}.npz"},
    ),
    "file for the data set's folder": Mistake(
        ("data_dir=tiny.onnx", "not a folder"), variables={"data_dir": "tiny.onnx"}
    ),
    "unwritable cache": Mistake(
        ("/proc", "choose another"), variables={"cache_dir": "/proc/nothing"}
    ),
    "file in a folder's place": Mistake(
        ("build/app is a file", "move it away"),
        prepare=in_order(
            lambda p: remove_temporary_folder(p.path("build/app")), write("build/app", "")
        ),
    ),
    "folder in a file's place": Mistake(
        ("build/app/main.c is a directory", "move it away"),
        prepare=in_order(
            lambda p: p.path("build/app/main.c").unlink(),
            lambda p: p.path("build/app/main.c").mkdir(),
        ),
    ),
    "folder for a network": Mistake(("network=/", "no such file"), variables={"network": "/"}),
    "inputs that the build makes itself": Mistake(
        ("build/model/test.npz", "is what this build makes itself", "give a copy"),
        variables={"inputs": "build/model/test.npz"},
    ),
    "variable for a target": Mistake(("'board' is a variable", "board=VALUE"), ("board",)),
    "custom.py that fails": Mistake(
        ("custom.py: division by zero", "NAME = VALUE"),
        prepare=write("custom.py", "seed=1/0\n"),
    ),
    "custom.py that ends": Mistake(
        ("custom.py: 3", "NAME = VALUE"), prepare=write("custom.py", "raise SystemExit(3)\n")
    ),
    ".venv that leads to itself": Mistake(
        (".venv: cannot be reached", "Too many levels of symbolic links"),
        prepare=in_order(
            lambda p: p.path(".venv").unlink(), lambda p: p.path(".venv").symlink_to(".venv")
        ),
    ),
    "unknown variable in custom.py": Mistake(
        ("custom.py: unknown variable 'bord'", "did you mean 'board'?"),
        prepare=write("custom.py", "_mine = 'host'\nbord = _mine\n"),
    ),
    "folder for custom.py": Mistake(
        ("custom.py: Is a directory: move that folder away",),
        prepare=lambda p: p.path("custom.py").mkdir(),
    ),
    "no .venv": Mistake(
        ("no ", ".venv", "run ./bootstrap scons -Q"), prepare=lambda p: p.path(".venv").unlink()
    ),
    "broken custom.py": Mistake(
        ("custom.py", "VALUE in quotes"), prepare=write("custom.py", "board = mps2_an500\n")
    ),
    "broken board.toml": Mistake(
        ("board.toml", "not valid TOML"),
        prepare=write("firmware/boards/mps2_an500/board.toml", "[board\n"),
    ),
    "board.toml without a core": Mistake(
        ("board.toml", "missing key 'core'"),
        prepare=lambda p: p.replace("firmware/boards/mps2_an500/board.toml", "core =", "cores ="),
    ),
}


@pytest.mark.sample(10)
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_mistake_gets_one_line(mistake: Mistake, project: Project) -> None:
    mistake.prepare(project)
    run = project.scons(*mistake.targets, **mistake.variables)
    assert run.status != 0
    lines = run.output.strip().splitlines()
    assert len(lines) == 1, run.output
    for words in mistake.told:
        assert words in lines[0]


def test_package_of_another_version_is_told_only_when_it_is_needed(project: Project) -> None:
    project.replace("requirements/locked/test.txt", "\njinja2==", "\njinja2==0.")
    run = project.scons()
    assert run.status != 0
    assert "not in .venv: jinja2==0." in run.output
    assert "run ./bootstrap scons -Q" in run.output
    assert "Traceback" not in run.output
    # So is one that only another package asks for.
    project.replace("requirements/locked/test.txt", "\njinja2==0.", "\njinja2==")
    project.replace("requirements/locked/test.txt", "\nmarkupsafe==", "\nmarkupsafe==0.")
    assert "not in .venv: markupsafe==0." in project.scons().output
    # Compiling needs no package at all.
    project.append("firmware/app/console.c", "\nint edited;\n")
    assert project.scons("build/mps2_an500/obj/firmware/app/console.o").status == 0


def test_not_an_onnx_file(project: Project) -> None:
    """Told once, though several commands read it, and nothing is half written."""
    project.path("tiny.onnx").write_bytes(b"not an ONNX file")
    built = {str(path) for path in project.path("build").rglob("*")}
    run = project.scons("-j4")
    assert run.status != 0
    shown, error, remedy, last = run.output.strip().splitlines()
    assert shown.startswith("INPUTS ") and last.startswith("scons: *** [build/model/test.npz]")
    assert error.startswith("codegen: error: tiny.onnx: not an ONNX file")
    assert remedy.startswith("  remedy: export the model again")
    # What is out of date may go; nothing comes.
    assert {str(path) for path in project.path("build").rglob("*")} <= built


def test_a_source_that_scons_may_not_read(project: Project) -> None:
    """Root reads everything, but for what it has given up."""
    source = project.path("firmware/app/console.c")
    source.chmod(0)
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    words = [*(drop if os.geteuid() == 0 else []), *project.command("-k")]
    done = subprocess.run(words, cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    reason, remedy = done.stderr.splitlines()
    assert reason.startswith("scons: *** ") and reason.endswith(f"{source}: Permission denied")
    assert remedy == (
        "  remedy: give this user access to it (ls -ld tells who has it), or give another"
    )


def test_inputs_that_collapse(project: Project) -> None:
    """A warning, and an error where the user wants warnings to be: with strict=1."""
    np.save(project.path("x.npy"), np.full((100, 8), 1e-5, np.float32))
    run = project.scons(inputs="x.npy")
    assert run.status == 0
    assert "warning: build/model/test.npz: all 800 input bytes are 0: " in run.output
    strict = project.scons(inputs="x.npy", strict="1")
    assert strict.status != 0
    assert "error: build/model/test.npz: all 800 input bytes are 0: " in strict.output


def test_no_compiler(project: Project, tmp_path: Path) -> None:
    run = project.scons_where({"PATH": str(bare_path(tmp_path))})
    assert run.status != 0
    (line,) = run.output.strip().splitlines()
    assert "'arm-none-eabi-gcc' not found" in line and "gcc-arm-none-eabi" in line


def test_generating_c_needs_no_compiler(project: Project, tmp_path: Path) -> None:
    project.append("templates/network/provenance.j2", "{# changed #}\n")
    path = bare_path(tmp_path)
    (path / "sh").symlink_to("/bin/sh")
    run = project.scons_where({"PATH": str(path)}, "generate")
    assert run.status == 0, run.output
    assert "GENERATE build/network/network.c" in run.output.replace("  ", " ")


def bare_path(tmp_path: Path) -> Path:
    """A folder for PATH that has what starts SCons, and no compiler."""
    path = tmp_path / "bin"
    path.mkdir()
    for tool in ("python3", "env", "scons"):
        found = next(
            Path(folder, tool)
            for folder in os.environ["PATH"].split(os.pathsep)
            if Path(folder, tool).exists()
        )
        (path / tool).symlink_to(found)
    return path


def test_help_and_clean_need_nothing(project: Project, tmp_path: Path) -> None:
    """Neither .venv nor a compiler: the first thing that a newcomer may type."""
    project.path(".venv").unlink()
    path = bare_path(tmp_path)
    run = project.scons_where({"PATH": str(path)}, "-h")
    assert run.status == 0, run.output
    for words in ("train", "flash", "subset_size", "guide"):
        assert words in run.output
    assert project.scons_where({"PATH": str(path)}, "-c").status == 0


def test_called_in_another_folder(project: Project, tmp_path: Path) -> None:
    """`-f` does not lead SCons into the project; nothing is made where it was called."""
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    called = [project.program, "-Q", "-f", os.path.relpath(project.root / "SConstruct", elsewhere)]
    done = subprocess.run(
        called, cwd=elsewhere, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    told = f"scons: error: the project is elsewhere: run scons -C {project.root}\n"
    assert (done.returncode, done.stdout.decode()) == (2, told)
    assert not list(elsewhere.iterdir())
