"""Files that torch.save wrote, with a format's name in them."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import torch

from support.errors import UserError
from support.files import write_bytes


def write(path: Path, content: dict[str, Any]) -> None:
    """Write the same bytes for the same content."""
    buffer = io.BytesIO()  # with a path, torch.save stores the file's name in the archive
    torch.save(content, buffer)
    write_bytes(path, buffer.getvalue())


def read(path: Path, kind: str, form: str, remedy: str) -> dict[str, Any]:
    """What `write` wrote; nothing but tensors and plain values is taken.

    Args:
        kind: what it should be, in words.
        form: its `format`.

    Raises:
        UserError: missing, or another file.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", remedy) from None
    except Exception as error:  # PyTorch's own words advise to load it without looking
        what = ""
        if isinstance(error, pickle.UnpicklingError):
            what = ", or one that holds more than tensors and plain values"
        raise UserError(f"{path}: not a PyTorch file{what}, or damaged", remedy) from None
    if not isinstance(content, dict) or content.get("format") != form:
        raise UserError(f"{path}: not {kind} of this project ({form})", remedy)
    return content
