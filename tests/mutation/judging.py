"""One mutant after the other: tests that run its function, quickest first, or its closest ones."""

from __future__ import annotations

import os

from tests.mutation.mapping import closest_tests, named_tests
from tests.mutation.reaching import Reaching
from tests.mutation.run import NOTICED, SURVIVED, Copy, Outcome
from tests.mutation.sites import Mutant

REACHING, CLOSEST = "reaching", "closest"
# Processor seconds of the first tests that run a mutant's function.
FIRST = 3.0


class Judge:
    """Judges in one copy.

    Args:
        copy: where faults are put.
        reaching: which tests run which function.
        most: processor seconds of these tests that a mutant meets, quickest first.
    """

    def __init__(self, copy: Copy, reaching: Reaching, most: float) -> None:
        self._copy = copy
        self._reaching = reaching
        self._slices = (FIRST, most)
        # Those that fail here without a fault.
        self._useless: set[str] = set()

    def judge(self, mutant: Mutant) -> tuple[Outcome, str]:
        """What becomes of it, and which tests it met."""
        data = (self._copy.root / mutant.path).read_bytes()
        met: set[str] = set()
        for seconds in self._slices:
            for _ in range(3):
                every = self._reaching.tests(mutant, data, seconds)
                tests = tuple(test for test in every if test not in met | self._useless)
                if not tests:
                    break
                outcome = self._copy.judge([mutant], tests, _usual(seconds))
                if outcome.what != NOTICED or self._passes_without(outcome.test):
                    break
                self._useless.add(outcome.test)
            else:
                return self._closest(mutant)
            if tests and outcome.what != SURVIVED:
                return outcome, REACHING
            met |= {*tests}
        if not met:
            return self._closest(mutant)
        # The map may be older than some of them.
        named = named_tests(self._copy.root, mutant.path)
        return (self._copy.judge([mutant], named) if named else Outcome(SURVIVED)), REACHING

    def _closest(self, mutant: Mutant) -> tuple[Outcome, str]:
        return self._copy.judge([mutant], closest_tests(self._copy.root, mutant.path)), CLOSEST

    def _passes_without(self, test: str) -> bool:
        """Whether the test that noticed a fault passes where none is."""
        return not test or self._copy.usual((test,)) is not None


def _usual(seconds: float) -> float:
    """What tests of so much processor time may take on this machine, as busy as it is."""
    return (seconds + 10) * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
