"""A stranger's first minutes, in an environment of its own: the very lines of docs/program.md."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from tests.docs.pages import between
from tests.program.conftest import FIXTURES, REPOSITORY, Installed

PAGE = REPOSITORY / "docs" / "program.md"
SHOWN = re.compile(r"<!-- first minutes -->\n```\n(.*?)```\n", re.DOTALL)


def test_from_a_model_file_to_a_program_that_proves_itself(
    installed: Installed, tmp_path: Path
) -> None:
    (block,) = SHOWN.findall(PAGE.read_text(encoding="utf-8"))
    install, *lines = block.splitlines()
    assert install == "pip install ."  # what the fixture has done
    commands = [line for line in lines if not line.startswith("  ")]
    outputs = [line.strip() for line in lines if line.startswith("  ")]
    assert [command.split()[0] for command in commands] == [
        "nn2flash",
        "nn2flash",
        "cmake",
        "cmake",
        "out/digits_example",
    ]
    shutil.copy(FIXTURES / "guide_int8.onnx", tmp_path / "digits.onnx")
    path = os.pathsep.join([str(installed.program.parent), os.environ["PATH"]])
    printed = ""
    for command in commands:
        done = subprocess.run(
            shlex.split(command),
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        printed += done.stdout
    assert outputs and all(line in printed.splitlines() for line in outputs), printed


def test_the_tutorial_up_to_a_program_that_proves_itself(
    installed: Installed, tmp_path: Path
) -> None:
    """Its first two steps, word by word; the third is tests/docs/test_recipes.py's."""
    page = REPOSITORY / "docs" / "tutorial.md"
    lines = [
        *between(page, "tutorial: look").splitlines(),
        *between(page, "tutorial: package").splitlines(),
    ]
    assert lines[0] == "pip install ."  # what the fixture has done
    (tmp_path / "tests").symlink_to(REPOSITORY / "tests")
    path = os.pathsep.join([str(installed.program.parent), os.environ["PATH"]])
    printed = ""
    for line in lines[1:]:
        done = subprocess.run(
            shlex.split(line),
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        printed += done.stdout
    assert "  fits  " in printed and "digits: self-test passed" in printed
    assert "digits: self-test passed" in page.read_text(encoding="utf-8")
