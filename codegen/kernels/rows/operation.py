"""Two layers as one operation that goes over rows, and the kernel that computes it.

For some rows of the second layer's output the first one makes those rows of its own that are not in
a strip yet, by its own kernel on a part of its input; then the second one's kernel reads the strip.
firmware/runtime/kernels/nn_rows.c.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from codegen.ir.graph import Fused, Op
from codegen.ir.types import Int8Array
from codegen.kernels.kernel import Activity, Constants, Kernel, Layer, Lowered, Overlap
from codegen.memory.arena import align
from codegen.target import Target
from codegen.window import Window

# Estimated cycles of a turn: calls, shapes and rows that are looked for.
_TURN = 500.0
# And of a byte that stays in the strip from one turn to the next, or is joined.
_KEPT, _JOINED = 0.8, 3.0


@dataclass(frozen=True)
class Joined:
    """An input of images that are joined along their channels.

    Attributes:
        width, channels: of its rows.
        repeats: how often each row stands, and each pixel of it.
        table: from its bytes to the joined ones; None: as they are.
    """

    width: int
    channels: int
    repeats: tuple[int, int]
    table: Int8Array | None = field(repr=False)


@dataclass(frozen=True)
class Half:
    """One of the two layers, as its kernel computes it.

    Attributes:
        op: the layer, or the last of several that only join images.
        lowered: of a convolution or pool.
        window: from its input's rows to its output's; of joined images, one row.
        joined: of joined images, an entry for each input.
    """

    op: Op
    lowered: Lowered | None
    window: Window
    joined: tuple[Joined, ...] = ()


@dataclass(frozen=True, eq=False)
class Rows(Fused):
    """Two layers, of which the second alone reads what the first writes.

    Attributes:
        first: makes the rows; its lowerings, the fastest first.
        second: reads them; its lowerings, for so many rows of output at a time.
    """

    first: tuple[Half, ...] = field(repr=False)
    second: tuple[tuple[int, Half], ...] = field(repr=False)


@dataclass(frozen=True)
class StripFields:
    """What the template names.

    Attributes:
        halves: both.
        count: rows of output at a time.
        strip: offset of the strip in the scratch bytes; kernels' own are before it.
        pitch: bytes of a row of the strip.
        height: rows of output.
        output_pitch: bytes of such a row.
        input_pitch: bytes of a row of the first one's input.
    """

    halves: tuple[Half, Half]
    count: int
    strip: int
    pitch: int
    height: int
    output_pitch: int
    input_pitch: int


def needed(window: Window, y: int, count: int) -> tuple[int, int]:
    """First row of the input that `count` rows of output from `y` on need, and the one behind."""
    top = y * window.strides[0] - window.pads[0]
    end = top + (count - 1) * window.strides[0] + (window.kernel[0] - 1) * window.dilations[0] + 1
    height = window.input[0]
    return min(max(top, 0), height), min(max(end, 0), height)


def turns(window: Window, count: int) -> list[tuple[int, int, int]]:
    """For each turn the row of output behind it, the first row in the strip, the row behind."""
    found, behind = [], 0
    for y in range(0, window.output[0], count):
        end = min(y + count, window.output[0])
        first, last = needed(window, y, end - y)
        behind = max(behind if first < behind else first, last)
        found.append((end, first, behind))
    return found


def distance(second: Window, first: Window, count: int, repeat: int, rows: tuple[int, int]) -> int:
    """The least distance of an input: it is read when rows for the strip are made.

    Args:
        repeat: how often each of the input's rows stands.
        rows: bytes of a row of the input and of the output.
    """
    found = turns(second, count)
    last = found[-1][2]
    apart = -(first.input[0] // repeat) * rows[0]
    for end, _, behind in found:
        if behind < last:
            top, _ = needed(first, behind, 1)
            apart = max(apart, end * rows[1] - top // repeat * rows[0])
    return apart


class StripKernel(Kernel):
    """Both layers' kernels, on rows."""

    name = "rows"
    op_type = Rows

    def cost(self, op: Rows, target: Target, activity: Activity) -> float:
        """What both take by themselves."""
        halves = (op.first[0], op.second[0][1])
        return sum(half.lowered.cycles for half in halves if half.lowered)

    def instructions(self, op: Rows, target: Target, activity: Activity) -> float:
        """What both take by themselves."""
        halves = (op.first[0], op.second[0][1])
        return sum(half.lowered.instructions for half in halves if half.lowered)

    def lower(self, op: Rows, target: Target) -> Lowered:
        """The fastest form."""
        return self.forms(op, target)[0]

    def forms(self, op: Rows, target: Target) -> tuple[Lowered, ...]:
        """One for each number of rows at a time and each lowering, the fastest first."""
        forms = (
            _lower(op, count, (first, second)) for first in op.first for count, second in op.second
        )
        return tuple(sorted(forms, key=lambda form: form.slower))


def _lower(op: Rows, count: int, halves: tuple[Half, Half]) -> Lowered:
    first, second = halves
    between = first.op.output
    assert second.lowered is not None
    row = between.bytes // second.window.input[0]
    output_row = op.output.bytes // second.window.output[0]
    own = max(half.lowered.scratch if half.lowered else 0 for half in (first, second))
    found = turns(second.window, count)
    strip = max(behind - start for _, start, behind in found) * row
    kept = sum(max(0, behind - start) * row for (_, _, behind), (_, start, _) in pairwise(found))
    joined = between.bytes * _JOINED if first.joined else 0.0
    slower = len(found) * _TURN + kept * _KEPT + joined + second.lowered.slower
    if first.lowered:
        # Stated for a row at a time.
        slower += first.lowered.slower * len(found) / first.window.output[0]
        slower += first.lowered.cycles * _wasted(found, first)
    return Lowered(
        op=op,
        stem="rows",
        kernel="rows",
        why=f"two layers in one pass, {count} rows at a time",
        constants=_constants(first, second),
        scratch=align(own) + strip,
        overlaps=tuple(
            Overlap(index, _input_distance(op, index, count, halves))
            for index in range(len(op.inputs))
        ),
        fields=StripFields(
            halves=(first, second),
            count=count,
            strip=align(own),
            pitch=row,
            height=second.window.output[0],
            output_pitch=output_row,
            input_pitch=op.inputs[0].bytes // first.window.input[0],
        ),
        members=_layers(op, (first, second)),
        described=len(op.fused),
        passed=(first.lowered, second.lowered),
        sources=_sources((first, second)),
        slower=slower,
        own_code=tuple(
            piece
            for half in (first, second)
            for piece in (half.lowered.own_code if half.lowered else ())
        ),
    )


def _wasted(found: list[tuple[int, int, int]], first: Half) -> float:
    """Rows that the first layer computes beyond those that turns need, as a part of all.

    Its estimate has those of the last turn.
    """
    assert first.lowered is not None
    at_once, height = first.lowered.at_once, first.window.output[0]
    ends = [0, *(behind for _, _, behind in found)]
    made = sum(-(-(end - start) // at_once) for start, end in pairwise(ends))
    whole = -(-height // at_once)
    return max(0.0, made / whole - 1.0)


def _input_distance(op: Rows, index: int, count: int, halves: tuple[Half, Half]) -> int:
    first, window = halves[0], halves[1].window
    repeat = first.joined[index].repeats[0] if first.joined else 1
    row = op.inputs[index].bytes // (first.window.input[0] // repeat)
    rows = (row, op.output.bytes // window.output[0])
    return distance(window, first.window, count, repeat, rows)


def _constants(first: Half, second: Half) -> tuple[Constants, ...]:
    found = []
    for number, half in enumerate((first, second)):
        for block in half.lowered.constants if half.lowered else ():
            found.append(replace(block, key=f"{number} {block.key}", member=number))
        for index, each in enumerate(half.joined):
            if each.table is not None:
                title = f"lookup table of input {index}, int8 [256]"
                data = each.table.tobytes()
                found.append(Constants(f"{number} table {index}", title, data, counted=False))
    return tuple(found)


def _layers(op: Rows, halves: Sequence[Half]) -> tuple[Layer, ...]:
    """One for each of the model's operations."""
    found = []
    by_op = {half.op: half.lowered for half in halves}
    for each in op.fused:
        lowered = by_op.get(each)
        if lowered is None:
            found.append(Layer(each, "rows", "joined row by row for the layer that reads it", 0))
            continue
        size = sum(len(block.data) for block in lowered.constants)
        why = f"{lowered.why}; in one pass with its neighbour"
        found.append(Layer(each, lowered.kernel, why, size, lowered.instructions + lowered.slower))
    return tuple(found)


def _sources(halves: Sequence[Half]) -> tuple[str, ...]:
    files: dict[str, Any] = {"rows": None}
    for half in halves:
        files |= dict.fromkeys(half.lowered.files if half.lowered else ())
    return tuple(files)


KERNELS = (StripKernel(),)
