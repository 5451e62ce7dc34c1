"""ONNX files as this project hands them on: a single file, nothing of their making.

Exporters and quantizers leave their version, doc strings, metadata and even source paths in the
file. Here all that goes, so that the same weights give the same bytes; one entry of this project's
stays: how data becomes the inputs (support/normalization.py).
"""

from __future__ import annotations

from pathlib import Path

import onnx

from support.errors import UserError, of_system
from support.files import CHECK_PATH, write_bytes
from support.kinds import refused_kind
from support.network_file import is_tflite
from support.normalization import KEY

OPSET = 17
"""Last opset before the one that torch.onnx's newer exporter starts at; ONNX 1.12."""

PRODUCER = "nn2flash"


def canonicalize(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy of `model` with what is computed and nothing else."""
    clean = onnx.ModelProto()
    clean.CopyFrom(model)
    normalization = normalization_of(model)
    clean.producer_name = PRODUCER
    for field in ("producer_version", "doc_string", "domain", "model_version", "metadata_props"):
        clean.ClearField(field)
    for opset in [o for o in clean.opset_import if o.domain not in ("", "ai.onnx")]:
        clean.opset_import.remove(opset)
    graph = clean.graph
    graph.name = "network"
    for field in ("doc_string", "metadata_props", "value_info"):
        graph.ClearField(field)
    for item in (*graph.node, *graph.initializer, *graph.input, *graph.output):
        item.ClearField("doc_string")
        item.ClearField("metadata_props")
    set_normalization(clean, normalization)
    return clean


def normalization_of(model: onnx.ModelProto) -> str:
    """How data becomes a network's inputs, packed; "" where nobody has said it."""
    return next((entry.value for entry in model.metadata_props if entry.key == KEY), "")


def set_normalization(model: onnx.ModelProto, packed: str) -> None:
    """Say in a model how data becomes its inputs; "" leaves it as it is."""
    if not packed:
        return
    kept = [entry for entry in model.metadata_props if entry.key != KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    model.metadata_props.add(key=KEY, value=packed)


def write_given(path: Path, model: onnx.ModelProto) -> None:
    """Canonicalize, check and write a model whose opset is its own."""
    clean = canonicalize(model)
    onnx.checker.check_model(clean, full_check=True)
    write_bytes(path, clean.SerializeToString(deterministic=True))


def is_ours(path: Path) -> bool:
    """Whether a file is a network that this project wrote."""
    try:
        return path.is_file() and load(path).producer_name == PRODUCER
    except UserError:
        return False


def read(path: Path) -> onnx.ModelProto:
    """Read an ONNX file.

    Raises:
        UserError: the file is missing or not ONNX.
    """
    model = load(path)
    validate(path, model)
    return model


def load(path: Path) -> onnx.ModelProto:
    """Parse an ONNX file, and look no further.

    Raises:
        UserError: the file is missing or not ONNX.
    """
    if path.exists() and not path.is_file():  # a pipe would wait for somebody who writes
        raise _of_kind(path) or UserError(f"{path}: not a file", "give the path of an .onnx file")
    try:
        return onnx.load(path)
    except FileNotFoundError as error:
        if error.filename not in (None, str(path), path):
            raise UserError(
                f"{path}: its data in {error.filename} is missing", "put it beside the model"
            ) from None
        raise UserError(f"{path}: no such file", CHECK_PATH) from None
    except OSError as error:
        raise of_system(error, path) from None
    except Exception as error:
        raise _of_kind(path) or _invalid(path, error) from None


def validate(path: Path, model: onnx.ModelProto) -> None:
    """Check what `load` returned.

    Raises:
        UserError: it is not valid ONNX.
    """
    try:
        onnx.checker.check_model(model)
    except Exception as error:
        raise _of_kind(path) or _invalid(path, error) from None


def _of_kind(path: Path) -> UserError | None:
    """What to say of a file of another kind; None where nobody knows what it is."""
    if is_tflite(path):
        return UserError(
            f"{path}: a .tflite file, not ONNX",
            "nn2flash reads an int8 one as it is; a float one becomes int8 where it was converted,"
            " with a representative_dataset",
        )
    return refused_kind(path, "ONNX")


def _invalid(path: Path, error: Exception) -> UserError:
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    return UserError(f"{path}: not a valid ONNX file ({reason})", "export the network again")
