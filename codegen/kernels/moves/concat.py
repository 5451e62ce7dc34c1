"""Concatenations in plain C: firmware/runtime/kernels/nn_concat.c."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.kernels.kernel import Activity, Constants, Kernel, Lowered
from codegen.ops.concat import Concat
from codegen.target import Target


@dataclass(frozen=True)
class Piece:
    """One input as the template names it.

    Attributes:
        run: bytes that are copied together.
        offset: of the first run in the output.
        table: the key of its table, or "".
    """

    run: int
    offset: int
    table: str


@dataclass(frozen=True)
class ConcatFields:
    """What the template names.

    Attributes:
        count: runs of each input.
        stride: bytes of the output from one run of an input to its next.
    """

    count: int
    stride: int
    pieces: tuple[Piece, ...]


class ConcatKernel(Kernel):
    """One input after the other, in runs."""

    op_type = Concat

    def cost(self, op: Concat, target: Target, activity: Activity) -> float:
        """6 instructions for a byte that goes through a table, one for others; 25 for a run."""
        outer, sizes = op.runs
        moved = sum(
            size * (6.0 if table is not None else 1.0 * op.output.dtype.bytes)
            for size, table in zip(sizes, op.tables, strict=True)
        )
        return outer * (moved + 25.0 * len(sizes))

    def lower(self, op: Concat, target: Target) -> Lowered:
        """The tables."""
        outer, sizes = op.runs
        element = op.output.dtype.bytes
        constants, pieces, offset = [], [], 0
        for index, (size, table) in enumerate(zip(sizes, op.tables, strict=True)):
            key = "" if table is None else f"table {index}"
            if table is not None:
                title = f"lookup table of input {index}, int8 [256]"
                constants.append(Constants(key, title, table.tobytes(), counted=False))
            pieces.append(Piece(size * element, offset, key))
            offset += size * element
        return Lowered(
            op=op,
            stem="concat",
            kernel=self.name,
            why="moves elements",
            constants=tuple(constants),
            fields=ConcatFields(outer, offset, tuple(pieces)),
        )


KERNELS = (ConcatKernel(),)
