"""What became of each mutant, kept in the project: `judged.jsonl`, a line for each.

A mutant's name says the text of its line, not its number: an edit elsewhere in the file changes
nothing, an edit of the line makes another mutant of it, which nobody has judged.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.mutation.explained import EXPLAINED
from tests.mutation.mapping import files
from tests.mutation.run import NOTICED, SURVIVED
from tests.mutation.sites import Mutant, mutants

# Seconds of processor time, most of them until pytest has begun: twenty take 20 at most.
QUICK = 1.0
# What a survivor has met that nothing can notice.
PROOF = "proof"
RECORD = Path(__file__).with_name("judged.jsonl")


@dataclass(frozen=True)
class Name:
    """What a mutant is called in every commit that has it.

    Attributes:
        path: of the file, in the project.
        code: the line that it begins in, without white space around.
        old, new: what is replaced, and by what.
        number: of those that are alike in all of this, in the file's order, from 0.
    """

    path: str
    code: str
    old: str
    new: str
    number: int


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant.

    Attributes:
        outcome: of tests/mutation/run.py.
        test: the first that noticed it.
        seconds: processor time until then.
        commit: where it was judged.
        line: of the file, there.
        met: how far a survivor came: through the tests that run its function, those of its package,
            all tests; no test where there is a proof.
    """

    outcome: str
    test: str
    seconds: float
    commit: str
    line: int
    met: str = ""


def named(root: Path, paths: Iterable[str]) -> dict[Name, Mutant]:
    """All mutants of files, with their names."""
    found: dict[Name, Mutant] = {}
    for path in paths:
        data = (root / path).read_bytes()
        lines = data.decode().split("\n")
        alike: Counter[tuple[str, str, str]] = Counter()
        for mutant in mutants(path, data):
            key = (lines[mutant.line - 1].strip(), mutant.old, mutant.new)
            found[Name(path, *key, alike[key])] = mutant
            alike[key] += 1
    return found


def sample(root: Path, count: int, seed: int) -> dict[Name, Mutant]:
    """`count` of all mutants, as likely in each place.

    An order by hashes: commits that have the same mutants have the same sample, and one more, or
    one less, moves no other.
    """
    every = named(root, files(root))
    return {name: every[name] for name in sorted(every, key=lambda name: _rank(name, seed))[:count]}


def explanation(name: Name) -> str:
    """Why a mutant changes nothing; empty when nobody has said it."""
    key = (name.path, name.code, " ".join(name.old.split()), name.new)
    return EXPLAINED.get(key) or EXPLAINED.get((*key, name.number), "")


def _rank(name: Name, seed: int) -> str:
    words = json.dumps([seed, *asdict(name).values()])
    return hashlib.sha256(words.encode()).hexdigest()


class Record:
    """Verdicts in a file; the last one about a mutant counts."""

    def __init__(self, path: Path = RECORD) -> None:
        self._path = path
        self.found: dict[Name, Verdict] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                self.found[Name(**entry["mutant"])] = Verdict(**entry["verdict"])

    def add(self, name: Name, verdict: Verdict) -> None:
        """Keep one: a run that is stopped goes on where it was."""
        self.found[name] = verdict
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(_line(name, verdict))

    def add_proved(self, chosen: Mapping[Name, Mutant], commit: str) -> None:
        """Those that are proved to change nothing: they would meet all tests for it."""
        for name, mutant in chosen.items():
            if name not in self.found and explanation(name):
                self.add(name, Verdict(SURVIVED, "", 0.0, commit, mutant.line, PROOF))

    def write(self) -> None:
        """Write the file anew, a line for each mutant, in the order of the tree.

        What another process has added since is kept.
        """
        self.found = {**Record(self._path).found, **self.found}
        lines = sorted(_line(*entry) for entry in self.found.items())
        self._path.write_text("".join(lines), encoding="utf-8")

    def forget_others(self, chosen: Iterable[Name]) -> None:
        """Drop those that the sample has no longer, because their line was edited."""
        self.found = {name: self.found[name] for name in chosen if name in self.found}
        self._path.write_text("".join(sorted(_line(*e) for e in self.found.items())), "utf-8")

    def quickly_noticed(
        self, root: Path, count: int, seed: int
    ) -> dict[Name, tuple[Mutant, Verdict]]:
        """`count` of those that the tree still has and that one of its tests noticed in `QUICK`."""
        seen = {
            name: verdict
            for name, verdict in self.found.items()
            if verdict.outcome == NOTICED
            and "::" in verdict.test
            and verdict.seconds <= QUICK
            and (root / name.path).is_file()
            and (root / verdict.test.partition("::")[0]).is_file()
        }
        now: dict[str, dict[Name, Mutant]] = {}
        chosen: dict[Name, tuple[Mutant, Verdict]] = {}
        for name in sorted(seen, key=lambda name: _rank(name, seed)):
            if len(chosen) == count:
                break
            if name.path not in now:
                now[name.path] = named(root, [name.path])
            if name in now[name.path]:
                chosen[name] = now[name.path][name], seen[name]
        return chosen


def _line(name: Name, verdict: Verdict) -> str:
    return json.dumps({"mutant": asdict(name), "verdict": asdict(verdict)}) + "\n"
