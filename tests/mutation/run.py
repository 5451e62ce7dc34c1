"""Mutants run: in a copy of the project, each against its tests."""

from __future__ import annotations

import compileall
import json
import os
import py_compile
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support import children
from tests.mutation.sites import Mutant

SURVIVED, NOTICED, TIMED_OUT = "survived", "noticed", "timed out"
# The tests fail without any fault, here or now.
UNJUDGED = "not judged"
# pytest: tests failed, or could not be collected because an import failed.
_FAILED, _PASSED = (1, 2, 3, 4), 0
_PACKAGES = ("codegen", "device", "model", "nn2flash", "site_scons", "support")
_SERVER = Path(__file__).with_name("server.py")

Tests = tuple[str, ...]
Usual = dict[Tests, float | None]


@dataclass(frozen=True)
class Ended:
    """How a run of tests ended.

    Attributes:
        status: pytest's; None when it took longer than it may.
        test: the first that failed.
        seconds: processor time.
        took: that and the time in which nothing wanted the processor.
    """

    status: int | None
    test: str
    seconds: float
    took: float


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant.

    Attributes:
        what: one of the four.
        test: the first that noticed it.
        seconds: processor time until then.
    """

    what: str
    test: str = ""
    seconds: float = 0.0


class Copy:
    """A copy of the project that mutants are applied to.

    Args:
        root: its folder.
        usual: tests → their seconds without a fault; copies of one commit share it.
        surroundings: more of the environment of tests.
    """

    def __init__(
        self,
        root: Path,
        usual: Usual | None = None,
        surroundings: Mapping[str, str] | None = None,
    ) -> None:
        self.root = root
        self._surroundings = {**(surroundings or {})}
        self._usual: Usual = {} if usual is None else usual
        self._server: subprocess.Popen[bytes] | None = None
        # Compiled once, and held against the source's hash whenever it is loaded: faults of one
        # size come and go within a second here.
        mode = py_compile.PycInvalidationMode.CHECKED_HASH
        for folder in filter(Path.is_dir, map(root.joinpath, _PACKAGES)):
            compileall.compile_dir(folder, quiet=1, invalidation_mode=mode)

    @contextmanager
    def applied(self, mutants: Sequence[Mutant]) -> Iterator[None]:
        """These faults while the block runs; at most one in each file."""
        paths = [self.root / mutant.path for mutant in mutants]
        before = [path.read_bytes() for path in paths]
        try:
            for mutant, path, data in zip(mutants, paths, before, strict=True):
                path.write_bytes(mutant.applied(data))
            yield
        finally:
            for path, data in zip(paths, before, strict=True):
                path.write_bytes(data)

    def usual(self, tests: Tests) -> float | None:
        """Seconds that these tests take without a fault, measured once; None when they fail."""
        if tests not in self._usual:
            ended = self.run(tests, None)
            self._usual[tests] = ended.took if ended.status == _PASSED else None
        return self._usual[tests]

    def run(self, tests: Tests, seconds: float | None) -> Ended:
        """Run tests until one fails, in a process that `server.py` forks."""
        if self._server is None:
            self._server = children.start(
                [sys.executable, _SERVER],
                cwd=self.root,
                # Nothing of a file with a fault is kept.
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **self._surroundings},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        assert self._server.stdin and self._server.stdout
        words = ["-x", "-q", "-p", "no:cacheprovider", *tests]
        self._server.stdin.write(json.dumps({"words": words, "seconds": seconds}).encode() + b"\n")
        self._server.stdin.flush()
        return Ended(**json.loads(self._server.stdout.readline()))

    def close(self) -> None:
        """End the server."""
        if self._server is not None:
            assert self._server.stdin
            self._server.stdin.close()
            children.end(self._server)
            self._server = None

    def judge(self, mutants: Sequence[Mutant], tests: Tests, usual: float | None = None) -> Outcome:
        """What becomes of faults that are made together.

        Args:
            usual: seconds that the tests take without a fault; else they are tried.
        """
        usual = self.usual(tests) if usual is None else usual
        if usual is None:
            return Outcome(UNJUDGED)
        with self.applied(mutants):
            ended = self.run(tests, 3 * usual + 20)
        if ended.status is None:
            return Outcome(TIMED_OUT)
        # A negative one is the signal that ended the process.
        assert ended.status in (_PASSED, *_FAILED) or ended.status < 0, ended
        if ended.status == _PASSED:
            return Outcome(SURVIVED)
        return Outcome(NOTICED, ended.test, ended.seconds)


def survivors(copy: Copy, mutants: Sequence[Mutant], tests: Tests) -> list[Mutant]:
    """Those that survive tests which take long: tried together, halved when something is noticed.

    Faults of one file are tried in different rounds.
    """
    rounds: list[list[Mutant]] = []
    for mutant in mutants:
        for each in rounds:
            if all(other.path != mutant.path for other in each):
                each.append(mutant)
                break
        else:
            rounds.append([mutant])
    return [mutant for each in rounds for mutant in _halved(copy, each, tests)]


def _halved(copy: Copy, mutants: list[Mutant], tests: Tests) -> list[Mutant]:
    if not mutants:
        return []
    if copy.judge(mutants, tests).what == SURVIVED:
        return mutants
    if len(mutants) == 1:
        return []
    middle = len(mutants) // 2
    return [*_halved(copy, mutants[:middle], tests), *_halved(copy, mutants[middle:], tests)]
