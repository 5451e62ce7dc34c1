"""A row of a 3 x 3 depthwise convolution: its words, the outputs that they touch, instructions.

A word of a plane holds two neighbours of one channel. Of each of the three rows it meets (w0, w1)
or (w1, w2), with both halves or one, for every output that it touches.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

# Taps of a row, and rows of the window.
TAPS = 3
# The largest offset of LDR and STRB.
REACH = 4095
# Bytes of an instruction; instructions around a segment and a row; what one adds to an address.
_LONGEST, _MOST_AROUND, _STEP = 4, 24, 4095

Finish = Literal["integers", "finer", "floats"]


@dataclass(frozen=True)
class Row:
    """A row of output, as the instructions see it.

    Attributes:
        width: pixels of the image's row.
        outputs: pixels of the output's.
        stride: 1 or 2.
        pad: columns left of the image.
        below: bytes from a row under the window to the next one.
        pixel: bytes from an output to its neighbour.
    """

    width: int
    outputs: int
    stride: int
    pad: int
    below: int
    pixel: int

    @property
    def words(self) -> int:
        """Words of the row that some window touches."""
        last = (self.outputs - 1) * self.stride + TAPS - self.pad
        return -(-min(self.width, last) // 2)

    def products(self, word: int) -> list[Touch]:
        """Which outputs a word adds to, by which weights."""
        found = []
        first = max(0, (2 * word + self.pad - TAPS) // self.stride)
        for output in range(first, min(self.outputs, first + 2 * TAPS)):
            tap = 2 * word - (output * self.stride - self.pad)
            low = 0 <= tap < TAPS
            high = 0 <= tap + 1 < TAPS and 2 * word + 1 < self.width
            if low and high:
                found.append(Touch(output, "d", late=tap == 1))
            elif low:
                found.append(Touch(output, "bt" if tap == 2 else "bb", late=tap > 0))
            elif high:
                found.append(Touch(output, "tb", late=False))
        return found

    @cached_property
    def touches(self) -> list[list[Touch]]:
        """Those of each word."""
        return [self.products(word) for word in range(self.words)]

    @cached_property
    def first(self) -> dict[int, int]:
        """Output → the first word that touches it."""
        words = reversed(list(enumerate(self.touches)))
        return {t.output: word for word, found in words for t in found}

    @cached_property
    def last(self) -> dict[int, int]:
        """Output → the last word that touches it."""
        return {t.output: word for word, found in enumerate(self.touches) for t in found}

    @property
    def complete(self) -> bool:
        """Whether every output is touched: no window lies in the padding alone."""
        return len(self.last) == self.outputs


@dataclass(frozen=True)
class Touch:
    """A word's part in an output: halves of SMLA<xy> or both, of (w0, w1) or of (w1, w2)."""

    output: int
    halves: str
    late: bool


@dataclass(frozen=True)
class Instruction:
    """What the template writes a line for.

    Attributes:
        kind: of the template's macro `instruction`.
        to: register that it changes, or stores.
        single: the FPU's register that it changes, or reads.
        source, weights: registers of a product.
        halves: of a product.
        offset: of a load or store; of "input" and "move", how far.
    """

    kind: str
    to: int = 0
    source: int = 0
    weights: int = 0
    halves: str = ""
    offset: int = 0
    single: int = 0


@dataclass(frozen=True)
class Segment:
    """Words of a row, once or in a loop.

    Attributes:
        times: how often; 1: no loop.
        input: bytes that a loop's pointer to the words moves in each round.
    """

    instructions: tuple[Instruction, ...]
    times: int
    input: int


@dataclass(frozen=True)
class Body:
    """A row: a loop's instructions, and those of its last segment, with the way to the next one."""

    segments: tuple[Segment, ...]

    @cached_property
    def content(self) -> str:
        """What tells its instructions from others', hexadecimal; every form of a layer asks."""
        return hashlib.sha256(repr(self.segments).encode()).hexdigest()

    @cached_property
    def instructions(self) -> int:
        """Executed for a row."""
        count = 1
        for segment in self.segments:
            loop = segment.times > 1
            count += segment.times * (len(segment.instructions) + loop) + (2 if loop else 0)
        return count

    @cached_property
    def code_bytes(self) -> int:
        """Most bytes of its instructions: some take steps that their numbers need."""
        many = sum(len(segment.instructions) + _MOST_AROUND for segment in self.segments)
        moves = sum(abs(i.offset) // _STEP for s in self.segments for i in s.instructions)
        return _LONGEST * (many + moves + _MOST_AROUND)
