"""What a folder of models holds: files, whether they are taken, and what they are run on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from codegen.ir.graph import Graph
from codegen.ir.types import Int8Array
from codegen.reader.qdq import read_graph
from codegen.reference import quantize_inputs
from support.errors import UserError
from tests.codegen.oracle import stored_inputs

SUFFIXES = (".onnx", ".tflite")


def shared_models() -> Path | None:
    """Others' networks, where somebody has put them beside the project; never committed."""
    folders = (folder / "shared" / "models" for folder in Path(__file__).resolve().parents)
    return next((folder for folder in folders if folder.is_dir()), None)


@dataclass(frozen=True)
class Entry:
    """A model file that is taken.

    Attributes:
        name: a C identifier of its own in the folder.
        inputs: int8 [N, bytes of all inputs].
    """

    path: Path
    name: str
    graph: Graph
    inputs: Int8Array


@dataclass(frozen=True)
class Refusal:
    """A model file that is not taken; `fault` when by anything but one clear line."""

    path: Path
    reason: str
    fault: bool = False


def model_files(folder: Path) -> list[Path]:
    """The models below a folder, sorted.

    Raises:
        UserError: no such folder, or no model in it.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder", "give a folder of .onnx or .tflite files")
    found = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    if not found:
        raise UserError(f"{folder}: holds no model", "give a folder of .onnx or .tflite files")
    return found


def read_entry(path: Path, number: int, count: int) -> Entry | Refusal:
    """Read a model and `count` inputs: those of the .npz beside it, else seeded bytes."""
    try:
        graph = read_graph(path)
        inputs = _given(path.with_suffix(".npz"), graph, count)
    except UserError as error:
        reason = error.message.removeprefix(f"{path}: ")
        return Refusal(path, f"{reason} ({error.remedy})")
    except Exception as error:  # whatever it is: the other models still have their turn
        return Refusal(path, f"{type(error).__name__}: {error}", fault=True)
    if inputs is None:
        inputs = stored_inputs(graph, count=max(count, 3))[:count]
    return Entry(path, f"zoo_{number}", graph, inputs)


def _given(path: Path, graph: Graph, count: int) -> Int8Array | None:
    """Inputs of an .npz file, quantized; None without one."""
    if not path.exists():
        return None
    try:
        with np.load(path) as stored:
            values = stored["inputs"][:count]
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise UserError(f"{path}: not a file of inputs ({error})", "give 'inputs' [N, …]") from None
    return quantize_inputs(values.astype(np.float32), graph)
