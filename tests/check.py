"""`scons check`: what a change must pass before it is committed; a minute and a half at most.

Style, types, and the tests that take seconds. `scons test` runs everything.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.errors import run_cli

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
C_SOURCES = [path for kind in ("*.c", "*.h") for path in sorted((ROOT / "firmware").rglob(kind))]
CHECKS: dict[str, Sequence[str]] = {
    "mypy": ("mypy",),
    "ruff": ("ruff", "check", "."),
    "ruff format": ("ruff", "format", "--check", "."),
    "clang-format": ("clang-format", "--dry-run", "--Werror", *map(str, C_SOURCES)),
}
# Rules of the tree, what is generated, and the planner: nothing that trains, boots or links much.
QUICK = (
    "tests/test_import_rules.py",
    "tests/test_every_test_can_fail.py",
    "tests/test_listing.py",
    "tests/codegen/test_goldens.py",
    "tests/codegen/test_arena.py",
    "tests/codegen/test_wrong_names.py",
    "tests/codegen/test_wrong_inputs.py",
    "tests/kernels/test_choose.py",
    "tests/kernels/test_fuse.py",
    "tests/kernels/test_dead.py",
    "tests/kernels/test_requantize.py",
    "tests/ops/test_fully_connected.py",
    "tests/device/test_boards.py",
    "tests/device/test_memory_table.py",
    "tests/protocol/test_encodings.py",
    "tests/xcube/test_csubset.py",
    "tests/embed/test_docs.py",
    "tests/graph/test_menu.py",
)
TESTS = ("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *QUICK)


def checked(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program of .venv in the project's folder."""
    words = [str(BIN / command[0]), *command[1:]]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


def main() -> int:
    """Run all, two at a time; the output of what failed comes last."""
    failed = []

    def run(name: str, command: Sequence[str]) -> None:
        start = time.monotonic()
        done = checked(command)
        verdict = "ok" if done.returncode == 0 else "FAILED"
        print(f"{name:<14}{verdict:<8}{time.monotonic() - start:4.0f} s", flush=True)
        if done.returncode != 0:
            failed.append(f"\n{name}:\n{done.stdout}{done.stderr}")

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(run, *check) for check in [*CHECKS.items(), ("quick tests", TESTS)]]
    for job in jobs:
        job.result()
    print(*failed, sep="\n", end="")
    return 1 if failed else 0


if __name__ == "__main__":
    run_cli("check", main)
