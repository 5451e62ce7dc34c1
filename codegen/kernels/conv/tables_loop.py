"""Loops of F(4, 3) along rows: how tiles stand in a group, and how many steps follow each other.

firmware/runtime/kernels/nn_conv_tables_loop.h has their instructions.
"""

from __future__ import annotations

from dataclasses import dataclass

from codegen.window import Window

# Pixels of a tile, and tiles of a group; of these that stand beside each other.
TILE, GROUP = 4, 4
_ACROSS = (4, 2, 1)
# Rows of the window, of which each is a step of two channels.
KERNEL = 3
# Channel pairs of a turn at most: 48 steps.
_MOST_TURN = 16
# Bytes of instructions: of a step, and of what is around all of them, aligned.
_STEP_BYTES, _AROUND_BYTES = 56, 224
# The largest offset of LDR and number of ADDW, and number of MOVW; bytes of a word.
_REACH, _MOVW, _WORD = 4095, 0xFFFF, 4


@dataclass(frozen=True)
class Loop:
    """One of NN_CONV_TABLES_LOOP.

    Attributes:
        turns, channels: turns for a place, and pairs of channels of one.
        across: tiles of a group beside each other.
        tiles: of a row, whole groups.
    """

    turns: int
    channels: int
    across: int
    tiles: int

    @property
    def name(self) -> str:
        """Tells it from all others."""
        return "_".join(map(str, self.arguments))

    @property
    def arguments(self) -> tuple[int, ...]:
        """Of its macro, behind the name."""
        return (self.turns, self.channels, self.across, self.tiles)

    @property
    def down(self) -> int:
        """Rows of output of a group."""
        return GROUP // self.across

    @property
    def height(self) -> int:
        """Rows of the image under a group."""
        return self.down + KERNEL - 1

    @property
    def steps(self) -> int:
        """Of a place: rows of the window times pairs of channels."""
        return KERNEL * self.turns * self.channels

    @property
    def columns(self) -> int:
        """Of the image under the tiles of a row."""
        return TILE * self.tiles + KERNEL - 1

    @property
    def code_bytes(self) -> int:
        """Most bytes of its instructions, aligned."""
        return _STEP_BYTES * KERNEL * self.channels + _AROUND_BYTES


def groups_of(window: Window, across: int) -> int:
    """Groups of tiles of an output."""
    down = GROUP // across
    return _up(_up(window.output[1], TILE), across) * _up(window.output[0], down)


def _up(count: int, size: int) -> int:
    """How many of a size hold so many."""
    return -(-count // size)


def loop_of(window: Window, pairs: int) -> Loop | None:
    """The loop with the fewest groups, or None: elements are too far apart for instructions.

    Args:
        pairs: of channels.
    """
    across = min(_ACROSS, key=lambda each: groups_of(window, each))
    tiles = _up(_up(window.output[1], TILE), across) * across
    pitch = _WORD * (GROUP // across + KERNEL - 1) * tiles
    fitting = [
        each
        for each in range(1, min(pairs, _MOST_TURN) + 1)
        if pairs % each == 0 and each * pitch <= _REACH
    ]
    if not fitting or pairs * pitch > _MOVW:
        return None
    return Loop(pairs // fitting[-1], fitting[-1], across, tiles)
