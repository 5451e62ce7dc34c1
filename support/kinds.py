"""Files that people take for models of ours: what they are, and how their network gets here."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from support.errors import UserError


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        what: it is, for a message.
        remedy: how its network becomes one that can be read.
    """

    what: str
    remedy: str


_KERAS = Kind(
    "a Keras model",
    "convert it to int8 .tflite (tf.lite.TFLiteConverter.from_keras_model with a"
    " representative_dataset), or export ONNX (model.export(…, format='onnx')) and quantize that",
)
_TENSORFLOW = Kind(
    "a TensorFlow model", "convert it to int8 .tflite: tf.lite.TFLiteConverter.from_saved_model"
)
_PYTORCH = Kind(
    "a PyTorch file",
    "load it in Python and export it (torch.onnx.export(model, example, 'model.onnx')); then"
    " quantize that",
)
_PICKLE = Kind("a pickle, such as PyTorch's old files", _PYTORCH.remedy)
_CORE_ML = Kind("a Core ML model", "go back to what it was converted from, and export that to ONNX")
_ONNXRUNTIME = Kind("onnxruntime's own format", "give the .onnx file that it was made from")
_BINARY_GRAPH = Kind(
    "a network binary that was compiled for one NPU (.nb)", "give the model it was compiled from"
)
_NOTEBOOK = Kind("a notebook", "give the .onnx or .tflite file that it writes")
_WEIGHTS = Kind(
    "weights without a network", "load them into their network in Python and export that to ONNX"
)
_ARRAYS = Kind(
    "arrays of NumPy",
    "give the .onnx or .tflite file; arrays are inputs for it, as --calibration or inputs=",
)
_SOURCE = Kind("a Python file", "run it, and have it export its network to ONNX")
_ARCHIVE = Kind("an archive", "unpack it, and give the .onnx or .tflite file in it")

# What a file begins with, and at which byte: the formats' own specifications.
_MAGIC: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"\x89HDF\r\n\x1a\n", _KERAS),
    (4, b"ORTM", _ONNXRUNTIME),
    (0, b"VPMN", _BINARY_GRAPH),
    (0, b"GGUF", _WEIGHTS),
    (0, b"\x93NUMPY", _ARRAYS),
    # Of protocol 2 to 5; PyTorch wrote them before 1.6.
    *((0, bytes([0x80, version]), _PICKLE) for version in range(2, 6)),
    (0, b"\x1f\x8b", _ARCHIVE),
)
# What only the name tells.
_SUFFIXES = {
    ".h5": _KERAS,
    ".keras": _KERAS,
    ".pb": _TENSORFLOW,
    ".pt": _PYTORCH,
    ".pth": _PYTORCH,
    ".pt2": _PYTORCH,
    ".mlmodel": _CORE_ML,
    ".mlpackage": _CORE_ML,
    ".ort": _ONNXRUNTIME,
    ".nb": _BINARY_GRAPH,
    ".ipynb": _NOTEBOOK,
    ".safetensors": _WEIGHTS,
    ".py": _SOURCE,
}
# A member of a zip archive or a folder → whose it is.
_MEMBERS = {
    "data.pkl": _PYTORCH,
    "model.weights.h5": _KERAS,
    "Manifest.json": _CORE_ML,
    "saved_model.pb": _TENSORFLOW,
}


def other_kind(path: Path) -> Kind | None:
    """What a file or folder is that no reader here takes; None where nobody knows it."""
    if path.is_dir():
        return next((kind for name, kind in _MEMBERS.items() if (path / name).exists()), None)
    if not path.is_file():  # a pipe would wait for somebody who writes
        return None
    try:
        with path.open("rb") as stream:
            head = stream.read(16)
    except OSError:
        return None
    if head.startswith(b"PK\x03\x04"):
        return _of_archive(path)
    for at, magic, kind in _MAGIC:
        if head[at : at + len(magic)] == magic:
            return kind
    return _SUFFIXES.get(path.suffix.lower())


def refused_kind(path: Path, read: str) -> UserError | None:
    """What to say of a file of another kind; None where nobody knows what it is.

    Args:
        read: the kinds that are read, for the message.
    """
    kind = other_kind(path)
    return UserError(f"{path}: {kind.what}, not {read}", kind.remedy) if kind else None


def _of_archive(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.rpartition("/")[2] for name in archive.namelist()}
    except (zipfile.BadZipFile, NotImplementedError):
        names = set()
    if names and all(name.endswith(".npy") for name in names):
        return _ARRAYS
    found = next((kind for name, kind in _MEMBERS.items() if name in names), None)
    return found or _SUFFIXES.get(path.suffix.lower(), _ARCHIVE)
