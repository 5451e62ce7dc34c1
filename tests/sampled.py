"""Long lists of cases: `scons test` runs a bounded, seeded sample of each, `scons soak` all.

`python -m tests.sampled` runs the tests that sample, with as many cases of each list as it is told.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

Case = TypeVar("Case")
TESTS = Path(__file__).resolve().parent
_VARIABLE = "NN2FLASH_TEST_CASES"


def sampled(cases: Iterable[Case], most: int, seed: object = 0) -> list[Case]:
    """Cases in their order.

    Args:
        most: so many at most, unless the soak asks for more.
        seed: of the choice, which is the same in each run.
    """
    found = list(cases)
    most = max(most, int(os.environ.get(_VARIABLE, "0")))
    if len(found) <= most:
        return found
    chosen = random.Random(repr(seed)).sample(range(len(found)), most)
    return [found[index] for index in sorted(chosen)]


def modules() -> list[Path]:
    """The test modules that sample."""
    calls = re.compile(r"\bsampled\(")
    return [path for path in sorted(TESTS.rglob("test_*.py")) if calls.search(path.read_text())]


def main() -> int:
    """Run them; pytest's last line is printed, and everything where a test failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.sampled", description=__doc__)
    parser.add_argument("--most", type=int, default=1000, help="cases of each list")
    arguments = parser.parse_args()
    asked = modules()
    workers = ["-n", "2", "--dist", "loadscope"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *workers, *map(str, asked)],
        env={**os.environ, _VARIABLE: str(arguments.most)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    *before, last = done.stdout.strip().splitlines() or [""]
    if done.returncode != 0:
        print("\n".join(before), file=sys.stderr)
    print(f"{len(asked)} modules: {last}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
