"""Mutants run: in a copy of the project, each against its tests."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from support import children
from tests.mutation.sites import Mutant

SURVIVED, NOTICED, TIMED_OUT = "survived", "noticed", "timed out"
# The tests fail without any fault, here or now.
UNJUDGED = "not judged"
# pytest: tests failed, or could not be collected because an import failed.
_FAILED, _PASSED = (1, 2, 3, 4), 0


Usual = dict[tuple[str, ...], float | None]


class Copy:
    """A copy of the project that mutants are applied to.

    Args:
        root: its folder.
        usual: tests → their seconds without a fault; copies of one commit share it.
    """

    def __init__(self, root: Path, usual: Usual | None = None) -> None:
        self.root = root
        self._usual: Usual = {} if usual is None else usual

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

    def usual(self, tests: tuple[str, ...]) -> float | None:
        """Seconds that these tests take without a fault, measured once; None when they fail."""
        if tests not in self._usual:
            start = time.monotonic()
            passed = self.run(tests, None) == _PASSED
            self._usual[tests] = time.monotonic() - start if passed else None
        return self._usual[tests]

    def run(self, tests: tuple[str, ...], seconds: float | None) -> int | None:
        """Run tests until one fails; pytest's status, None when they take longer."""
        words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        # A null signature of what was compiled: files change within a second here.
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        process = children.start(
            [*words, *tests],
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def judge(self, mutants: Sequence[Mutant], tests: tuple[str, ...]) -> str:
        """What becomes of faults that are made together."""
        usual = self.usual(tests)
        if usual is None:
            return UNJUDGED
        with self.applied(mutants):
            status = self.run(tests, 3 * usual + 20)
        if status is None:
            return TIMED_OUT
        assert status in (_PASSED, *_FAILED), f"pytest ended with status {status}"
        return SURVIVED if status == _PASSED else NOTICED


def survivors(copy: Copy, mutants: Sequence[Mutant], tests: tuple[str, ...]) -> list[Mutant]:
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


def _halved(copy: Copy, mutants: list[Mutant], tests: tuple[str, ...]) -> list[Mutant]:
    if not mutants:
        return []
    if copy.judge(mutants, tests) == SURVIVED:
        return mutants
    if len(mutants) == 1:
        return []
    middle = len(mutants) // 2
    return [*_halved(copy, mutants[:middle], tests), *_halved(copy, mutants[middle:], tests)]
