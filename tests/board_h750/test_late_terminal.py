"""A terminal that is opened when all is done: the last line comes again, on the H750's model.

The firmware stands behind its debug port, where nothing stops it at board_finish.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection
from pathlib import Path

import pytest

from device.elf import Elf
from device.emulators.h750.storage import Storage
from device.emulators.h750.target import Target
from tests.board_h750.firmware import Edit, Workshop

_BLOCKS = 2000
_OFTEN = Edit("finish.c", "SUMMARY_PERIOD_MS 3000u", "SUMMARY_PERIOD_MS 1u")
_PERIOD_S = 1e-3


class _Terminal:
    """What a serial terminal shows.

    Args:
        elf: the firmware, on a board of revision V that was just switched on.
        broken: defects of that board.

    Attributes:
        lines: since it was opened: seconds of the model at its end, text.
        said: what the model itself said: rules that were broken, faults.
    """

    def __init__(self, elf: Path, broken: Collection[str] = ()) -> None:
        self.said: list[str] = []
        self.open()
        self._target = Target(
            Storage.of_elf(Elf(elf)), "V", console=self._put, say=self.said.append, broken=broken
        )

    def open(self) -> None:
        """Show what comes from here on."""
        self._line = bytearray()
        self.lines: list[tuple[float, str]] = []

    def _put(self, byte: int) -> None:
        self._line.append(byte)
        if byte == 0x0A:
            text = self._line.decode().replace("\r", "")
            self.lines.append((self._target.chip.time.seconds, text))
            self._line.clear()

    def wait(self, count: int, *, blocks: int = 8_000_000) -> None:
        """Until there are so many lines, or so many blocks of code have run."""
        for _ in range(blocks // _BLOCKS):
            if len(self.lines) >= count:
                break
            self._target.run(_BLOCKS)


@pytest.mark.parametrize(
    ("broken", "before", "line"),
    [
        ((), "nothing to read\n", "finished with status 0: 16 products\n"),
        (
            ("pll1",),
            "error: clock: PLL1 does not lock\n",
            "finished with status 64: clock: PLL1 does not lock\n",
        ),
    ],
    ids=["done", "failed"],
)
def test_a_late_terminal_sees_how_it_ended(
    broken: tuple[str, ...], before: str, line: str, workshop: Workshop
) -> None:
    """Three seconds are 1,440 million turns of a loop: one millisecond here."""
    terminal = _Terminal(workshop.build(edits=[_OFTEN]), broken)
    terminal.wait(1 if broken else 4)
    assert terminal.lines[-1][1] == before
    terminal.open()  # all of that went to nobody
    terminal.wait(3)
    assert [text for _, text in terminal.lines] == [line] * 3
    times = [second for second, _ in terminal.lines]
    waits = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert all(_PERIOD_S <= wait < 1.1 * _PERIOD_S for wait in waits), waits
    assert not terminal.said
