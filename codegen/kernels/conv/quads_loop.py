"""Loops of convolutions by quad split over a window: how many steps stand one after the other.

firmware/runtime/kernels/nn_quads_loop.h has their instructions.
"""

from __future__ import annotations

from dataclasses import dataclass

# As many steps as stand one after the other without turns, in copies and in rows; steps of a turn.
_STRAIGHT, _STRAIGHT_ROWS, _LEAST_TURN, _MOST_TURN = 40, 75, 20, 48
# Bytes of instructions: of a step, and of what is around all of them, at most.
_STEP_BYTES, _AROUND_BYTES = 48, 160
# Instructions around a turn.
_TURN_COST = 5
# The largest offset of LDR and number of ADDW.
_REACH = 4095
# Bytes between steps and pixels where two pixels' words alternate; of a word.
_ALTERNATING, _WORD = 8, 4


@dataclass(frozen=True)
class Loop:
    """One of NN_QUADS_STRAIGHT, which has no `rest`, or NN_QUADS_TURNS.

    Attributes:
        rest: steps before the turns: none or at least two.
        times, turn: turns, and steps of one.
        hop, step, apart: bytes from a turn to the next one, from a step to the next one, from the
            first pixel to the second.
    """

    straight: bool
    rest: int
    times: int
    turn: int
    hop: int
    step: int
    apart: int

    @property
    def name(self) -> str:
        """Tells it from all others."""
        kind = "straight" if self.straight else "turns"
        return "_".join([kind, *map(str, self.arguments)])

    @property
    def arguments(self) -> tuple[int, ...]:
        """Of its macro, behind the name."""
        first = self.times if self.straight else self.rest
        return (first, self.turn, self.hop, self.step, self.apart)

    @property
    def code_bytes(self) -> int:
        """Most bytes of its instructions, aligned."""
        steps = self.rest + self.turn * (self.times if self.straight else 1)
        return _STEP_BYTES * steps + _AROUND_BYTES


def of_copies(steps: int) -> Loop:
    """For two windows whose words alternate, at least two."""
    size = _ALTERNATING
    if steps <= _STRAIGHT:
        return Loop(True, 0, 1, steps, steps * size, size, _WORD)

    def cost(turn: int) -> int:
        """Instructions around turns, and a little for the steps that stand in the code."""
        rest = steps % turn
        return _TURN_COST * (steps // turn) + (rest > 0) + (rest + turn) // 4

    turns = [turn for turn in range(_LEAST_TURN, _STRAIGHT) if steps % turn != 1]
    turn = min(turns, key=cost)
    return Loop(False, steps % turn, steps // turn, turn, turn * size, size, _WORD)


def of_rows(rows: int, steps: int, pitch: int, apart: int) -> Loop | None:
    """For windows of so many rows, which lie in rows, or None: too far for instructions.

    Args:
        steps: of a row.
        pitch: bytes from a row to the next one.
        apart: bytes from the first pixel to the second.
    """
    straight = rows * steps <= _STRAIGHT_ROWS
    furthest = (rows - 1 if straight else 0) * pitch + steps * _WORD + apart
    if (not straight and steps > _MOST_TURN) or max(furthest, pitch) > _REACH:
        return None
    return Loop(straight, 0, rows, steps, pitch, _WORD, apart)
