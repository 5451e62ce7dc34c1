"""Initializers that a model keeps in another file of its own folder."""

from __future__ import annotations

from pathlib import Path

import onnx

from codegen.reader.text import shown
from support.errors import UserError
from support.network_file import is_beside

_REMEDY = "save the model as a single file (onnx.save with save_as_external_data=False)"
# An offset or a length; more digits than any file has bytes.
_MAX_DIGITS = 18


def external_files(path: Path, model: onnx.ModelProto) -> list[Path]:
    """The other files that a model is made of, each once.

    Raises:
        UserError: a location that is not a plain file name.
    """
    found = dict.fromkeys(
        _place(path, tensor)[0] for tensor in model.graph.initializer if _is_external(tensor)
    )
    return list(found)


def read_external(path: Path, model: onnx.ModelProto, limit: int) -> None:
    """Put external data where the model's own would be.

    Source: ONNX, docs/ExternalData.md. Only files beside the model are opened.

    Raises:
        UserError: another folder, a file that is missing or ends too early, more bytes than `limit`
            in all.
    """
    total = 0
    for tensor in model.graph.initializer:
        if not _is_external(tensor):
            continue
        what = f"{path}: initializer '{shown(tensor.name)}'"
        file, offset, length = _place(path, tensor)
        try:
            size = file.stat().st_size
        except OSError:
            raise UserError(
                f"{what}: its data is in '{shown(file.name)}', which is not beside the model",
                "copy that file into the same folder",
            ) from None
        length = size - offset if length is None else length
        total += max(length, 0)
        if not file.is_file() or length < 0 or offset + length > size:
            raise UserError(f"{what}: '{shown(file.name)}' ends before its data", _REMEDY)
        if total > limit:
            raise UserError(
                f"{what}: more than {limit:,} bytes of data in other files",
                "this tool is for networks that fit a microcontroller",
            )
        with file.open("rb") as data:
            data.seek(offset)
            tensor.raw_data = data.read(length)
        del tensor.external_data[:]
        tensor.data_location = onnx.TensorProto.DEFAULT


def _is_external(tensor: onnx.TensorProto) -> bool:
    return tensor.data_location == onnx.TensorProto.EXTERNAL or bool(tensor.external_data)


def _place(path: Path, tensor: onnx.TensorProto) -> tuple[Path, int, int | None]:
    """File, offset and length of a tensor's data; no length: all that is left."""
    what = f"{path}: initializer '{shown(tensor.name)}'"
    entries = {entry.key: entry.value for entry in tensor.external_data}
    name = entries.get("location", "")
    if not is_beside(name):
        raise UserError(f"{what}: keeps its data in '{shown(name)}', not beside the model", _REMEDY)
    numbers = []
    for key in ("offset", "length"):
        text = entries.get(key)
        if text is not None and not (text.isascii() and text.isdigit() and len(text) < _MAX_DIGITS):
            raise UserError(f"{what}: its {key} is '{shown(text)}'", _REMEDY)
        numbers.append(None if text is None else int(text))
    return path.parent / name, numbers[0] or 0, numbers[1]
