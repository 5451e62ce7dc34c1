"""Ctrl-C while a command still loads its packages: one line, and the status of an interrupt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Stands in for a package that takes long to load.
SLOW = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(60)\n"


@pytest.mark.parametrize(
    ("command", "package", "says"),
    [
        (["codegen", "generate", "--help"], "argparse", "codegen: interrupted\n"),
        (["model", "train", "--help"], "argparse", "python -m model: interrupted\n"),
        (["device", "validate", "--help"], "argparse", "device: interrupted\n"),
    ],
)
def test_while_packages_load(command: list[str], package: str, says: str, tmp_path: Path) -> None:
    (tmp_path / f"{package}.py").write_text(SLOW)
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, says)
