"""Time in the model: executed instructions, and the least time they can have taken."""

from __future__ import annotations

from collections.abc import Callable

_ISSUE_WIDTH = 2  # the Cortex-M7 issues at most two instructions in a cycle


class Time:
    """Instructions since reset.

    Args:
        hertz: gives the core clock.

    Attributes:
        instructions: executed so far; SysTick and DWT count them where a chip counts cycles.
    """

    def __init__(self, hertz: Callable[[], int]) -> None:
        self._hertz = hertz
        self.instructions = 0
        self._mark = 0
        self._seconds = 0.0

    @property
    def seconds(self) -> float:
        """A lower bound of the real time since reset; good for minimum waits."""
        self._seconds += (self.instructions - self._mark) / (_ISSUE_WIDTH * self._hertz())
        self._mark = self.instructions
        return self._seconds
