"""`python -m tests.mutation.given FILE TEST…`: the sample, by tests that were just written.

FILE is how paths of mutated files begin, TEST what pytest takes. Both are those of HEAD. Who is
noticed is kept as the campaign keeps it; who is not has to meet the others' tests there.
"""

from __future__ import annotations

import argparse

from support.errors import UserError, run_cli
from tests.mutation.copies import CACHE, commit_of, copied
from tests.mutation.judged import Record, Verdict, sample
from tests.mutation.run import NOTICED, Copy
from tests.mutation.telling import MUTANTS, SEED


def main() -> int:
    """Judge them; 1 when none was noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.given", description=__doc__)
    parser.add_argument("file")
    parser.add_argument("tests", nargs="+")
    arguments = parser.parse_args()
    commit = commit_of("HEAD")
    root = copied(CACHE / commit / "given", commit)
    copy, record, tests = Copy(root), Record(), tuple(arguments.tests)
    usual = copy.usual(tests)
    if usual is None:
        raise UserError(f"{' '.join(tests)}: fails without a fault", "commit what it needs")
    count = 0
    for name, mutant in sample(root, MUTANTS, SEED).items():
        known = record.found.get(name)
        if not name.path.startswith(arguments.file) or (known and known.outcome == NOTICED):
            continue
        outcome = copy.judge([mutant], tests, usual)
        print(f"{outcome.what}: {mutant} {outcome.test}", flush=True)
        if outcome.what == NOTICED:
            verdict = Verdict(NOTICED, outcome.test, outcome.seconds, commit, mutant.line)
            record.add(name, verdict)
            count += 1
    copy.close()
    record.write()
    return int(not count)


if __name__ == "__main__":
    run_cli("mutation", main)
