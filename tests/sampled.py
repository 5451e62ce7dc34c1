"""Long lists of cases: `scons test` runs a bounded, seeded sample of each, `scons soak` all.

A test that is marked `sample` is collected with all of its cases, so that each has its name and can
be asked for by it; those beyond the sample are left out. `sampled()` is for what a test repeats
inside, or for a list too long to collect.

`python -m tests.sampled` runs the tests that sample, with as many cases of each list as it is told.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

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


def _chosen(kinds: Sequence[Hashable], most: int, seed: object) -> set[int]:
    """Places of a sample: one of each kind first, then any."""
    most = max(most, int(os.environ.get(_VARIABLE, "0")))
    order = list(range(len(kinds)))
    random.Random(repr(seed)).shuffle(order)
    first = {kinds[place]: place for place in reversed(order)}
    chosen = set(first.values())
    chosen.update([place for place in order if place not in chosen][: max(0, most - len(chosen))])
    return chosen


def left_out(items: Iterable[pytest.Item]) -> set[pytest.Item]:
    """Cases that a sample leaves out, of tests marked `sample(most, each=…, together=…)`.

    Args of the mark:
        most: so many cases at most of the test.
        each: names of parameters, or a function of them, by name; of each of its values one case
            runs, even if these are more than `most`.
        together: a name that tests of a module bear whose cases are one list.
    """
    lists: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if mark := item.get_closest_marker("sample"):
            module, _, test = item.nodeid.partition("[")[0].partition("::")
            lists[f"{module}::{mark.kwargs.get('together', test)}"].append(item)
    found: set[pytest.Item] = set()
    for name, cases in lists.items():
        mark = cases[0].get_closest_marker("sample")
        assert mark is not None
        kinds = [_kind(case, mark.kwargs.get("each", ())) for case in cases]
        chosen = _chosen(kinds, mark.args[0], name)
        found |= {case for place, case in enumerate(cases) if place not in chosen}
    return found


def _kind(item: pytest.Item, each: Sequence[str] | Callable[..., Hashable]) -> Hashable:
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    if callable(each):
        return each(**parameters)
    return tuple(repr(parameters[name]) for name in each)


def modules() -> list[Path]:
    """The test modules that sample, and those of costly tests (tests/costs.py)."""
    calls = re.compile(r"\bsampled\(|\bmark\.sample\(")
    costs = TESTS / "costs.json"
    costly = json.loads(costs.read_text(encoding="utf-8")) if costs.is_file() else {}
    files = {TESTS.parent / name.partition("::")[0] for name in costly}
    found = sorted(TESTS.rglob("test_*.py"))
    return [path for path in found if path in files or calls.search(path.read_text())]


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
