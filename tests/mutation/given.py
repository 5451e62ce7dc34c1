"""`python -m tests.mutation.given FILE[:LINE] TEST…`: the sample, by tests that somebody names.

FILE is how paths of mutated files begin, TEST what pytest takes; without any, such lines come from
the standard input. All are those of HEAD. Who is noticed is kept as the campaign keeps it; who is
not has to meet the others' tests there.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator

from support.errors import run_cli
from tests.mutation.copies import CACHE, commit_of, copied
from tests.mutation.judged import Name, Record, Verdict, sample
from tests.mutation.run import NOTICED, UNJUDGED, Copy, Tests
from tests.mutation.sites import Mutant
from tests.mutation.telling import MUTANTS, SEED

# Processor seconds that such tests may take; they are chosen for being quick.
USUAL = 10.0


def main() -> int:
    """Judge them; 1 when none was noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.given", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="FILE[:LINE] TEST")
    words: list[str] = parser.parse_args().words
    commit = commit_of("HEAD")
    root = copied(CACHE / commit / f"given-{os.getpid()}", commit)
    copy, record, chosen, count = Copy(root), Record(), sample(root, MUTANTS, SEED), 0
    record.add_proved(chosen, commit)
    for place, *tests in [words] if words else map(str.split, sys.stdin):
        for name, mutant in _left(place, chosen, record):
            verdict = _judged(copy, mutant, tuple(tests), commit)
            print(f"{verdict.outcome}: {mutant} {verdict.test} {verdict.seconds}", flush=True)
            if verdict.outcome == NOTICED:
                record.add(name, verdict)
                count += 1
    copy.close()
    record.write()
    return int(not count)


def _left(place: str, chosen: dict[Name, Mutant], record: Record) -> Iterator[tuple[Name, Mutant]]:
    """Those of a file, and of a line when one is said, that nothing has noticed yet."""
    start, _, line = place.partition(":")
    for name, mutant in chosen.items():
        known = record.found.get(name)
        meant = name.path.startswith(start) and (not line or int(line) == mutant.line)
        if meant and (known is None or known.outcome != NOTICED):
            yield name, mutant


def _judged(copy: Copy, mutant: Mutant, tests: Tests, commit: str) -> Verdict:
    """A verdict; what a test notices counts when it passes without the fault."""
    outcome = copy.judge([mutant], tests, USUAL)
    test, what = outcome.test, outcome.what
    if what == NOTICED and not (test and copy.usual((test,)) is not None):
        what = UNJUDGED
    return Verdict(what, test, outcome.seconds, commit, mutant.line)


if __name__ == "__main__":
    run_cli("mutation", main)
