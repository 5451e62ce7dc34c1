"""`python -m tests.mutation`: the campaign, as a part of `scons soak`.

A verdict is kept in `tests/mutation/judged.jsonl` as it comes: a run that was stopped goes on
where it was, in whatever commit.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.errors import run_cli
from tests.mutation.copies import CACHE, DATA, commit_of, copied
from tests.mutation.judged import Name, Record, Verdict, sample
from tests.mutation.judging import CLOSEST, REACHING, Judge
from tests.mutation.mapping import package_tests
from tests.mutation.reaching import MAP, Reaching, files_of_tests, make_map
from tests.mutation.run import (
    NOTICED,
    SURVIVED,
    TIMED_OUT,
    Copy,
    Outcome,
    Tests,
    Usual,
    survivors,
)
from tests.mutation.telling import MUTANTS, SEED, holds, told

WHOLE = ("tests", "--ignore=tests/codegen/test_goldens.py", "-n", "2")


def main() -> int:
    """Run the campaign; 1 when more survive unexplained than the aim allows."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--mutants", type=int, default=MUTANTS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--data", type=Path, default=DATA, help="with MNIST/raw")
    parser.add_argument("--folder", type=Path, default=CACHE)
    parser.add_argument("--commit", default="HEAD", help="that is copied and mutated")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=300, help="of tests that a mutant meets")
    parser.add_argument("--again", action="store_true", help="judge what survived once more")
    parser.add_argument("--closest-only", action="store_true", help="survivors meet no more tests")
    parser.add_argument(
        "--map-minutes", type=float, help="go on without a whole map: survivors are not kept"
    )
    parser.add_argument("--minutes", type=float, help="begin no mutant after so many")
    arguments = parser.parse_args()
    commit = commit_of(arguments.commit)
    folder = arguments.folder.resolve()
    roots = [folder / commit / f"copy-{i}" for i in range(arguments.workers)]
    for root in roots:
        copied(root, commit, arguments.data)
    chosen = sample(roots[0], arguments.mutants, arguments.seed)
    stop = time.monotonic() + 60 * arguments.minutes if arguments.minutes else math.inf

    def more() -> bool:
        return time.monotonic() < stop

    path = folder / MAP
    marked = [folder / commit / f"probes-{i}" for i in range(arguments.workers)]

    def make_copies() -> list[Path]:
        return [copied(root, commit, arguments.data) for root in marked]

    until = time.monotonic() + 60 * arguments.map_minutes if arguments.map_minutes else math.inf
    whole = make_map(
        chosen, files_of_tests(), make_copies, path, lambda: time.monotonic() < min(stop, until)
    )
    reaching = Reaching(path)
    usual: Usual = {}
    copies = [Copy(root, usual) for root in roots]
    record = Record()
    record.add_proved(chosen, commit)
    settled = (NOTICED,) if arguments.again else (NOTICED, SURVIVED, TIMED_OUT)
    waiting = [
        name
        for name in chosen
        if name not in record.found or record.found[name].outcome not in settled
    ]
    # First those whose tests take little together.
    waiting.sort(key=lambda name: (not reaching.reaches(name), reaching.seconds(name, roots[0])))

    def keep(name: Name, outcome: Outcome, met: str) -> None:
        what, test = outcome.what, outcome.test
        if what == SURVIVED and not whole:
            return
        met = met if what == SURVIVED else ""
        line = chosen[name].line
        record.add(name, Verdict(what, test, outcome.seconds, commit, line, met))
        print(f"{what}: {chosen[name]} {test}", file=sys.stderr, flush=True)

    def work(index: int) -> None:
        judge = Judge(copies[index], reaching, arguments.seconds)
        for name in waiting[index :: len(copies)]:
            if not more():
                return
            keep(name, *judge.judge(name, chosen[name]))

    with ThreadPoolExecutor(len(copies)) as pool:
        list(pool.map(work, range(len(copies))))
    if whole and not arguments.closest_only:
        packages: set[Tests] = {package_tests(name.path) for name in chosen}
        for met, tests in (
            *(("package", package) for package in sorted(packages)),
            ("whole", WHOLE),
        ):
            left = [
                name
                for name in chosen
                if name in record.found
                and record.found[name].outcome == SURVIVED
                and record.found[name].met in (REACHING, CLOSEST, "package")
                and (met == "whole" or package_tests(name.path) == tests)
            ]
            alive = survivors(copies[0], [chosen[name] for name in left], tests)
            for name in left:
                survived = chosen[name] in alive
                keep(name, Outcome(SURVIVED) if survived else Outcome(NOTICED, tests[0]), met)
    record.write()
    found = {name: record.found[name] for name in chosen if name in record.found}
    print("\n".join(told(found)))
    return int(not holds(found))


if __name__ == "__main__":
    run_cli("mutation", main)
