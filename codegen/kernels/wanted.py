"""What a user says about kernels."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.ir.types import Int8Array

# "small" is "auto" with more cycles given for a smaller activations array.
WANTED = ("auto", "small", "portable", "dense", "sparse")


@dataclass(frozen=True, eq=False)
class Kernels:
    """Which kernels a network shall have.

    Attributes:
        wanted: one of `WANTED`.
        calibration: int8 [N, bytes of all inputs], typical inputs, or None.
        table_memory: bytes of RAM for tables of expanded weights, all layers together.
        code_memory: bytes of code that convolutions have generated for themselves; None: any.
    """

    wanted: str = "portable"
    calibration: Int8Array | None = None
    table_memory: int = 0
    code_memory: int | None = None


PORTABLE = Kernels()
