"""The order of a row's instructions: the same sums, in fewer cycles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from codegen.kernels.conv.depthwise_code import body
from codegen.kernels.conv.depthwise_order import _node, arranged, in_order
from codegen.kernels.conv.depthwise_row import Finish, Instruction, Row
from codegen.kernels.conv.two_a_cycle import Timing, timed

ROWS = {
    "keywords": Row(5, 5, 1, 1, 48, 64),
    "images": Row(12, 12, 1, 1, 96, 64),
    "one_column": Row(1, 1, 1, 1, 16, 4),
    "two_apart": Row(12, 6, 2, 0, 96, 64),
    "far_apart": Row(12, 12, 1, 1, 96, 900),
    "in_a_loop": Row(75, 75, 1, 1, 608, 5),
    "in_a_loop_of_two": Row(76, 38, 2, 0, 608, 5),
}
FINISHES: tuple[Finish, ...] = ("integers", "finer", "floats")


def stored(lines: Iterable[Instruction]) -> dict[tuple[object, ...], object]:
    """What stands at each place in the end, and in the pointers: as the terms that made it."""
    values: dict[object, object] = {number: ("register", number) for number in range(15)}
    memory: dict[tuple[object, ...], object] = {}
    input_moved = output_moved = 0
    for one in lines:
        to, single = values[one.to], ("s", one.single)
        match one.kind:
            case "word":
                values[one.to] = ("word", one.offset + input_moved)
            case "factor" | "addend" | "end":
                values[one.to] = (one.kind, one.offset)
            case "begin" | "add":
                product = (values[one.source], values[one.weights], one.halves)
                terms: Counter[object] = Counter({product: 1})
                if one.kind == "add":
                    before = dict(to[1]) if isinstance(to, tuple) and to[0] == "sum" else {to: 1}
                    terms.update(before)
                values[one.to] = ("sum", frozenset(terms.items()))
            case "multiply":
                values[one.to] = ("multiply", to, values[one.source], values[one.weights])
            case "shift":
                values[one.to] = ("shift", to, values[one.source])
            case "to_fpu":
                values[single] = ("float", to)
            case "convert" | "scale" | "round":
                values[single] = (one.kind, values[single])
            case "from_fpu":
                values[one.to] = values[single]
            case "store":
                memory["byte", one.offset + output_moved] = to
            case "move":
                output_moved += one.offset
            case "input":
                input_moved += one.offset
            case "compare":
                memory["flags",] = (to, input_moved)
            case _:
                values[one.to] = (one.kind, to)
    memory["moved",] = (input_moved, output_moved)
    return memory | {("register", number): values[number] for number in (2, 3, 4, 5)}


@pytest.mark.parametrize("finish", FINISHES)
@pytest.mark.parametrize("name", ROWS)
def test_the_same_bytes_are_stored(name: str, finish: Finish) -> None:
    """And sums that a loop leaves to the next words are in their registers."""
    written = body(ROWS[name], ROWS[name].below, 320, finish, 3)
    ordered = in_order(written)
    assert len(written.segments) == len(ordered.segments)
    for before, after in zip(written.segments, ordered.segments, strict=True):
        assert stored(after.instructions) == stored(before.instructions)
        assert len(after.instructions) == len(before.instructions)
    assert in_order.__wrapped__(written) == ordered, "another order for the same row"


def cycles(lines: Iterable[Instruction]) -> int:
    steps = timed(map(_node, lines))
    return Timing(steps).cycles(range(len(steps)))


@pytest.mark.parametrize("name", ROWS)
def test_it_takes_fewer_cycles(name: str) -> None:
    """By both models together; all kinds of a row, of which a short one has little room."""
    as_written = in_new_order = 0
    for finish in FINISHES:
        for segment in body(ROWS[name], ROWS[name].below, 320, finish, 3).segments:
            as_written += cycles(segment.instructions)
            in_new_order += cycles(arranged(segment.instructions))
    assert in_new_order < as_written * (0.98 if name == "one_column" else 0.96)


def test_what_was_gone_through_is_not_gone_through_otherwise_again() -> None:
    """Cycles with what an order shares with the kept one are those of the whole order."""
    lines = body(ROWS["images"], 96, 320, "integers").segments[0].instructions
    steps = timed(map(_node, lines))
    timing, order = Timing(steps), [*range(len(lines))]
    timing.cycles(order)
    timing.keep()
    for place in range(0, len(order) - 1, 5):
        other = [*order[:place], order[place + 1], order[place], *order[place + 2 :]]
        whole = Timing(steps).cycles(other)
        assert timing.cycles(other, place) == whole
    loads = cycles([Instruction("word", 12), Instruction("word", 14)])
    waited = cycles([Instruction("word", 12), Instruction("begin", 2, 12, 6, "d")])
    assert (loads, waited) == (1 + 1, 2 + 3), "two loads in a cycle; a product waits for one"
