"""No test file is overlooked: pytest passes by folders called `build`, `dist`, `venv`, …"""

from __future__ import annotations

import subprocess
import sys

from tests.listing import TESTS


def test_every_test_file_is_collected() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.listing"],
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    on_disk = {str(path) for path in TESTS.rglob("test_*.py")}
    assert len(on_disk) > 80
    assert set(done.stdout.split("\n")) - {""} == on_disk
