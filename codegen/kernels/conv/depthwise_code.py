"""A 3 x 3 depthwise row's body: its words once or in a loop, and the way to the next row."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from codegen.kernels.conv.depthwise_row import Body, Finish, Instruction, Row, Segment, Touch
from codegen.kernels.conv.depthwise_writer import Writer, behind_fpu

# The register that a loop's end is loaded to, and where it lies on the stack.
_AT_END, _END_OF_ROWS, _END_OF_LOOP = 12, 8, 28
# Stride → a row of more words is a loop; words of its round.
_UNROLLED, _ROUND = {1: 14, 2: 14}, {1: 8, 2: 8}


@lru_cache(maxsize=64)  # asked for by every estimate of every processor
def body(row: Row, down: int, below: int, finish: Finish, zero_point: int = 0) -> Body:
    """The instructions of a row.

    Args:
        down: bytes from a window to the one below it, in the planes.
        below: bytes from an output to the one below it.
        finish: how sums become bytes.
        zero_point: that the FPU's integers are short of.
    """
    head, rounds = _loop(row)
    size = _ROUND[row.stride]
    looped = head + rounds * size
    step = size * 2 // row.stride
    made = Writer(row, finish, behind_fpu(zero_point))
    parts = [(range(head), 1)]
    if rounds > 1:
        parts += [(range(head, head + size), rounds), (range(looped, row.words), 1)]
    segments = []
    for words, times in parts:
        moves = (4 * size, step * row.pixel) if times > 1 else (0, 0)
        written, moved = made.segment(words)
        if times > 1:
            written += _onward(_END_OF_LOOP, moves[0], moves[1] - moved)
            made.skip(times, moves[0], moves[1], step)
        segments.append(Segment(tuple(written), times, moves[0]))
    last = segments.pop()
    onward = _onward(_END_OF_ROWS, down - made.input, below - made.output)
    return Body((*segments, replace(last, instructions=(*last.instructions, *onward))))


def _onward(end: int, down: int, below: int) -> list[Instruction]:
    """The pointers' way to the next row or round, and whether there is one.

    Args:
        end: bytes from the stack's end, of where the words' pointer stops.
        down, below: bytes that the pointers move.
    """
    steps = [Instruction("end", _AT_END, offset=end)]
    steps += [Instruction("input", offset=down)] if down else []
    steps += [Instruction("move", offset=below)] if below else []
    return [*steps, Instruction("compare", _AT_END)]


def _loop(row: Row) -> tuple[int, int]:
    """The first word of the loop, and its rounds; all words and one for a short row."""
    if row.words <= _UNROLLED[row.stride]:
        return row.words, 1

    def relative(word: int) -> list[tuple[Touch, bool]]:
        shift = 2 * word // row.stride
        return [
            (replace(t, output=t.output - shift), row.first[t.output] == word)
            for t in row.touches[word]
        ]

    kinds = [relative(word) for word in range(row.words)]
    head = next(word for word in range(1, row.words) if kinds[word] == kinds[word + 1])
    end = next((w for w in range(head, row.words) if kinds[w] != kinds[head]), row.words)
    rounds = (end - head) // _ROUND[row.stride]
    return (head, rounds) if rounds > 1 else (row.words, 1)
