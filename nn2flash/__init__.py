"""The program `nn2flash`, and a network in Python: `nn2flash.load("model.onnx")`.

Other packages' work as verbs over a model file. This file loads in any Python 3, so that an old one
can be told of; what it offers is loaded when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from nn2flash.binding import Network, Result

__all__ = ["Network", "Result", "load"]


def load(model: Path | str, kernels: str | None = None, *, table_memory: int = 0) -> Network:
    """Read a model: `.run(x)` (its C on this computer), `.reference(x)`, `.analyze()`.

    Args:
        model: QDQ int8 ONNX or int8 .tflite file.
        kernels: "portable", "auto", "small", "dense" or "sparse"; all compute the same bytes. None:
            portable to run, "auto" to analyze.
        table_memory: bytes of RAM for tables of expanded weights; portable kernels have none.

    Raises:
        UserError: a file that cannot be read, no such kernels, or no number of bytes.
    """
    from nn2flash.binding import Network

    return Network(model, kernels, table_memory=table_memory)
