"""Costly tests: a run of all tests takes as many as fit into a budget, the soak all of them.

`costs.json` has the processor time of tests that take a second or more. All others run each time;
of these a sample does, of every folder at least one. It is seeded by the commit, so that one commit
has one sample, and what it leaves out runs at one of the next. What is asked for by a name, a word,
a folder or a file runs whole.

`python -m tests.costs` measures anew: it runs all tests.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from support.files import read_json, write_text

TESTS = Path(__file__).resolve().parent
FILE = TESTS / "costs.json"
# Seconds from which a test is costly; those of all that a run takes: with the cheap ones' and what
# always runs two processors need a quarter of an hour.
LEAST, BUDGET = 1.0, 750.0
# Style and types, and what proves that all tests are there.
ALWAYS = ("tests/test_",)
_MEASURE, _ALL = "NN2FLASH_TEST_COSTS", "NN2FLASH_TEST_CASES"

Test = TypeVar("Test")


def known() -> dict[str, float]:
    """Name of a test without its case → seconds of processor time of one case."""
    found: dict[str, float] = read_json(FILE)
    return found


def commit() -> str:
    """The commit that is tested; empty outside of a repository."""
    command = ["git", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def everything() -> bool:
    """Whether the environment asks for all tests."""
    return _MEASURE in os.environ or _ALL in os.environ


def left_out(
    tests: Mapping[Test, str], costs: Mapping[str, float], seed: str, budget: float = BUDGET
) -> set[Test]:
    """Costly tests beyond the budget.

    Args:
        tests: each with its name, `tests/folder/test_file.py::test[case]`.
        seed: of the choice.
    """
    seconds = {test: costs.get(name.partition("[")[0], 0.0) for test, name in tests.items()}
    costly = [
        test
        for test, name in tests.items()
        if seconds[test] >= LEAST and not name.startswith(ALWAYS)
    ]
    random.Random(seed).shuffle(costly)
    first: dict[str, Test] = {}
    for test in costly:
        first.setdefault(tests[test].rpartition("/")[0], test)
    chosen = set(first.values())
    total = sum(seconds[test] for test in chosen)
    for test in costly:
        if test not in chosen and total + seconds[test] <= budget:
            chosen.add(test)
            total += seconds[test]
    return set(costly) - chosen


def measured(lines: Iterable[str]) -> dict[str, float]:
    """What `note` wrote, as the file has it."""
    cases: dict[str, list[float]] = defaultdict(list)
    for line in lines:
        seconds, _, name = line.strip().partition(" ")
        cases[name.partition("[")[0]].append(float(seconds))
    means = {name: round(sum(each) / len(each), 1) for name, each in cases.items()}
    return {name: mean for name, mean in sorted(means.items()) if mean >= LEAST}


def used() -> float:
    """Processor time of this process and its children so far, in seconds."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def note(name: str, seconds: float) -> None:
    """Keep what a test took, where `python -m tests.costs` asks for it."""
    if folder := os.environ.get(_MEASURE):
        with (Path(folder) / str(os.getpid())).open("a", encoding="utf-8") as stream:
            stream.write(f"{seconds:.2f} {name}\n")


def main() -> int:
    """Run all tests and write the file, if they pass."""
    parser = argparse.ArgumentParser(prog="python -m tests.costs", description=__doc__)
    parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        words = ["-q", "-n", "2", "--dist", "loadscope", str(TESTS)]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words],
            env={**os.environ, _MEASURE: folder},
            check=False,
        )
        if done.returncode == 0:
            parts = [path.read_text(encoding="utf-8") for path in Path(folder).iterdir()]
            found = measured("".join(parts).splitlines())
            write_text(FILE, json.dumps(found, indent=0) + "\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
