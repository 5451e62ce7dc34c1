"""`python -m tests.mutation`: the campaign, as a part of `scons soak`.

Every result is kept in a file beside the copy: a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from support.errors import UserError, run_cli
from tests.mutation.explained import EXPLAINED
from tests.mutation.mapping import closest_tests, files, package_tests
from tests.mutation.run import NOTICED, SURVIVED, TIMED_OUT, UNJUDGED, Copy, Usual, survivors
from tests.mutation.sites import Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
# The aim: of those that are noticed or survive, at most so many without an explanation.
AIM = 0.03
WHOLE = ("tests", "--ignore=tests/codegen/test_goldens.py", "-n", "2")


def main() -> int:
    """Run the campaign; 1 when more survive unexplained than the aim allows."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--mutants", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=ROOT / "build" / "data", help="with MNIST/raw")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "mutation")
    parser.add_argument("--commit", default="HEAD", help="that is copied and mutated")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--closest-only", action="store_true", help="survivors meet no more tests")
    parser.add_argument("--minutes", type=float, help="begin no mutant after so many")
    arguments = parser.parse_args()
    commit = _git("rev-parse", "--short", arguments.commit)
    folder = arguments.folder.resolve() / f"{commit}-{arguments.seed}"
    usual: Usual = {}
    roots = [folder / f"copy-{i}" for i in range(arguments.workers)]
    copies = [Copy(_copied(root, commit, arguments), usual) for root in roots]
    chosen = sample(copies[0].root, arguments.mutants, arguments.seed)
    results = Results(folder / "results.jsonl")
    waiting = [mutant for mutant in chosen if mutant not in results.found]

    stop = time.monotonic() + 60 * arguments.minutes if arguments.minutes else math.inf

    def work(index: int) -> None:
        copy = copies[index]
        for mutant in waiting[index :: len(copies)]:
            if time.monotonic() > stop:
                return
            outcome = copy.judge([mutant], closest_tests(copy.root, mutant.path))
            results.add(mutant, outcome)
            print(f"{outcome}: {mutant}", file=sys.stderr, flush=True)

    with ThreadPoolExecutor(len(copies)) as pool:
        list(pool.map(work, range(len(copies))))
    chosen = [mutant for mutant in chosen if mutant in results.found]
    if not arguments.closest_only:
        packages = {package_tests(mutant.path) for mutant in chosen}
        for tests in (*sorted(packages), WHOLE):
            left = [
                mutant
                for mutant in chosen
                if results.found[mutant] == SURVIVED
                and (tests == WHOLE or package_tests(mutant.path) == tests)
            ]
            alive = set(survivors(copies[0], left, tests))
            for mutant in left:
                results.add(mutant, SURVIVED if mutant in alive else NOTICED)
    return tell({mutant: results.found[mutant] for mutant in chosen})


def sample(root: Path, count: int, seed: int) -> list[Mutant]:
    """`count` of all mutants, as likely in each place."""
    every = [each for path in files(root) for each in mutants(path, (root / path).read_bytes())]
    return random.Random(seed).sample(every, min(count, len(every)))


class Results:
    """What became of each mutant, kept in a file as it comes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.found: dict[Mutant, str] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                self.found[Mutant(**entry["mutant"])] = entry["outcome"]

    def add(self, mutant: Mutant, outcome: str) -> None:
        """Keep one."""
        self.found[mutant] = outcome
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"mutant": asdict(mutant), "outcome": outcome}) + "\n")


def tell(found: dict[Mutant, str]) -> int:
    """Print the figures and all that were not noticed; the campaign's status."""
    counts = Counter(found.values())
    judged = counts[NOTICED] + counts[SURVIVED]
    left = [mutant for mutant, outcome in found.items() if outcome == SURVIVED]
    explained = {mutant: why for mutant in left if (why := _explanation(mutant))}
    unexplained = [mutant for mutant in left if mutant not in explained]
    print(
        f"{len(found)} mutants: {counts[NOTICED]} noticed, {counts[SURVIVED]} survived,"
        f" {len(explained)} of them explained, {counts[TIMED_OUT]} timed out,"
        f" {counts[UNJUDGED]} not judged: their tests fail without a fault"
    )
    for area, every in sorted(_by_area(found).items()):
        print(f"  {area}: {every[SURVIVED]} of {every[NOTICED] + every[SURVIVED]} survived")
    for title, group in (("survived", unexplained), ("timed out", _timed_out(found))):
        for mutant in sorted(group, key=lambda each: (each.path, each.line)):
            print(f"{title}: {mutant}")
    for mutant, why in explained.items():
        print(f"survived, explained: {mutant}: {why}")
    return int(len(unexplained) > AIM * judged)


def _explanation(mutant: Mutant) -> str:
    return EXPLAINED.get((mutant.path, " ".join(mutant.old.split()), mutant.new), "")


def _timed_out(found: dict[Mutant, str]) -> list[Mutant]:
    return [mutant for mutant, outcome in found.items() if outcome == TIMED_OUT]


def _by_area(found: dict[Mutant, str]) -> dict[str, Counter[str]]:
    areas: dict[str, Counter[str]] = {}
    for mutant, outcome in found.items():
        first, second, *_ = mutant.path.split("/")
        area = f"{first}/{second}" if first == "firmware" else first
        areas.setdefault(area, Counter())[outcome] += 1
    return areas


def _copied(root: Path, commit: str, arguments: argparse.Namespace) -> Path:
    """The files of a commit, anew: a fault of an earlier run may be left in them."""
    root.mkdir(parents=True, exist_ok=True)
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["tar", "-xf", "-"], cwd=root, input=archive.stdout, check=True)
    for name, target in ((".venv", ROOT / ".venv"), ("build/data", arguments.data)):
        link = root / name
        link.parent.mkdir(exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(target.resolve())
    return root


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UserError(f"git {' '.join(words)}: {done.stderr.strip()}", "run it in a git clone")
    return done.stdout.strip()


if __name__ == "__main__":
    run_cli("mutation", main)
