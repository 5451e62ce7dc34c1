"""A stranger's first minutes, in an environment of its own: the very lines of docs/program.md."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

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
