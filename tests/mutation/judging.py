"""One mutant after the other: tests that execute its line, quickest first, until one fails."""

from __future__ import annotations

from tests.mutation.judged import Name
from tests.mutation.mapping import closest_tests, named_tests
from tests.mutation.reaching import Reaching, quickest
from tests.mutation.run import NOTICED, SURVIVED, Copy, Outcome
from tests.mutation.sites import Mutant

REACHING, CLOSEST = "reaching", "closest"
# Processor seconds of the first tests, and of those that come then: most faults are noticed there.
FIRST = (3.0, 20.0)
# And those until pytest has begun.
START = 10.0


class Judge:
    """Judges in one copy.

    Args:
        copy: where faults are put.
        reaching: which tests execute which mutant.
        most: processor seconds of the tests that a mutant meets, quickest first.
    """

    def __init__(self, copy: Copy, reaching: Reaching, most: float) -> None:
        self._copy = copy
        self._reaching = reaching
        self._slices = (*(seconds for seconds in FIRST if seconds < most), most)
        # Those that fail here without a fault.
        self._useless: set[str] = set()

    def judge(self, name: Name, mutant: Mutant) -> tuple[Outcome, str]:
        """What becomes of it, and which tests it met."""
        every = self._reaching.tests(name, self._copy.root)
        met: set[str] = set()
        for seconds in self._slices:
            while tests := tuple(
                test
                for test in quickest(every, seconds)
                if test not in met and test not in self._useless
            ):
                outcome = self._copy.judge([mutant], tests, seconds + START)
                if outcome.what != NOTICED or self._passes_without(outcome.test):
                    if outcome.what != SURVIVED:
                        return outcome, REACHING
                    met |= {*tests}
                    break
                self._useless.add(outcome.test)
        if not met:
            outcome = self._copy.judge([mutant], closest_tests(self._copy.root, mutant.path))
            return outcome, CLOSEST
        # The map may be older than some of them.
        named = named_tests(self._copy.root, mutant.path)
        return (self._copy.judge([mutant], named) if named else Outcome(SURVIVED)), REACHING

    def _passes_without(self, test: str) -> bool:
        """Whether the test that noticed a fault passes where none is."""
        return not test or self._copy.usual((test,)) is not None
