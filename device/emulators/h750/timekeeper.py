"""Time in the model: executed instructions, and the least time they can have taken."""

from __future__ import annotations

from collections.abc import Callable

_ISSUE_WIDTH = 2  # the Cortex-M7 issues at most two instructions in a cycle


class Time:
    """Instructions since reset.

    Args:
        hertz: gives the core clock.

    Attributes:
        instructions: executed so far.
        idle: cycles that firmware would have spent in a loop that only waits (`skip`).
    """

    def __init__(self, hertz: Callable[[], int]) -> None:
        self._hertz = hertz
        self.instructions = self.idle = 0
        self._mark = 0
        self._seconds = 0.0

    @property
    def ticks(self) -> int:
        """What SysTick and DWT count where a chip counts cycles."""
        return self.instructions + self.idle

    def skip(self, ticks: int) -> None:
        """Pass time in which nothing would happen but polling."""
        self.idle += ticks

    @property
    def seconds(self) -> float:
        """A lower bound of the real time since reset; good for minimum waits."""
        self._seconds += (self.ticks - self._mark) / (_ISSUE_WIDTH * self._hertz())
        self._mark = self.ticks
        return self._seconds
