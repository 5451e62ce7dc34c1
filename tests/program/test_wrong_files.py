"""Files that are no model of ours: one message each, with a remedy, and nothing else."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.codegen.models import two_layers
from tests.program.conftest import FIXTURES, REPOSITORY, from_sources
from tests.tflite.networks import small_network

Make = Callable[[Path], Path]


def named(name: str, content: bytes) -> Make:
    """A file."""

    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def archive(name: str, *members: str) -> Make:
    """A zip file with empty members."""

    def make(folder: Path) -> Path:
        with zipfile.ZipFile(folder / name, "w") as opened:
            for member in members:
                opened.writestr(member, b"")
        return folder / name

    return make


def folder_with(name: str, *members: str) -> Make:
    """A folder with empty files."""

    def make(folder: Path) -> Path:
        (folder / name).mkdir()
        for member in members:
            (folder / name / member).touch()
        return folder / name

    return make


def torch_file(folder: Path) -> Path:
    """As torch.save writes one today."""
    import torch

    torch.save({"weight": torch.zeros(2)}, folder / "net.pt")
    return folder / "net.pt"


def truncated(folder: Path) -> Path:
    data = (FIXTURES / "guide_int8.onnx").read_bytes()
    return named("cut.onnx", data[: len(data) // 2])(folder)


def truncated_tflite(folder: Path) -> Path:
    data = small_network().save(folder / "net.tflite").read_bytes()
    return named("net.tflite", data[: len(data) // 2])(folder)


def pipe(folder: Path) -> Path:
    """Nobody writes to it."""
    os.mkfifo(folder / "net.onnx")
    return folder / "net.onnx"


def loop(folder: Path) -> Path:
    (folder / "net.onnx").symlink_to(folder / "net.onnx")
    return folder / "net.onnx"


HDF = b"\x89HDF\r\n\x1a\n" + bytes(40)
FILES: dict[str, tuple[Make, str, str]] = {
    "keras h5": (named("net.h5", HDF), "a Keras model", "TFLiteConverter.from_keras_model"),
    "keras": (
        archive("net.keras", "config.json", "model.weights.h5"),
        "a Keras model",
        "TFLiteConverter.from_keras_model",
    ),
    "keras under another name": (named("net.onnx", HDF), "a Keras model", "representative_dataset"),
    "pytorch": (torch_file, "a PyTorch file", "torch.onnx.export"),
    "old pytorch": (
        named("net.pth", pickle.dumps({"weight": 1}, 2)),
        "a pickle, such as PyTorch's old files",
        "torch.onnx.export",
    ),
    "core ml": (
        named("net.mlmodel", b"\x08\x01\x12\x00"),
        "a Core ML model",
        "export that to ONNX",
    ),
    "core ml package": (
        folder_with("net.mlpackage", "Manifest.json"),
        "a Core ML model",
        "export that to ONNX",
    ),
    "nb": (named("net.nb", b"VPMN" + bytes(60)), "compiled for one NPU", "compiled from"),
    "saved model": (folder_with("net", "saved_model.pb"), "a TensorFlow model", "TFLiteConverter"),
    "ort": (named("net.ort", b"\x10\0\0\0ORTM" + bytes(30)), "onnxruntime's own format", ".onnx"),
    "weights": (named("net.safetensors", b"\x10\0\0\0\0\0\0\0{}"), "weights without", "export"),
    "python": (named("net.py", b"import torch\n"), "a Python file", "run it"),
    "npz": (archive("digits.npz", "inputs.npy", "labels.npy"), "arrays of NumPy", "--calibration"),
    "npy": (named("digits.npy", b"\x93NUMPY\1\0"), "arrays of NumPy", "give the .onnx"),
    "archive": (archive("net.zip", "net.onnx"), "an archive", "unpack it"),
    "text": (named("net.txt", b"hello, network\n"), "not an ONNX file", "copy is whole"),
    "truncated": (truncated, "not an ONNX file, or a truncated one", "copy is whole"),
    "folder": (folder_with("net"), "not a file", "give"),
    "missing": (lambda folder: folder / "net.onnx", "no such file", "give"),
    "truncated tflite": (truncated_tflite, "not a TensorFlow Lite file, or a truncated", "whole"),
    "nothing": (named("net.onnx", b""), "holds no ONNX graph", "export the model again"),
    "pipe": (pipe, "not a file", "give"),
    "link to itself": (loop, "Too many levels of symbolic links", "give"),
    "tflite that is none": (named("net.tflite", b"TFL"), "not a TensorFlow Lite file", "convert"),
}


@pytest.mark.parametrize("name", FILES)
def test_one_answer(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from nn2flash.cli import main
    from support.errors import run_cli

    make, message, remedy = FILES[name]
    path = make(tmp_path)
    with pytest.raises(SystemExit, match="1"):
        run_cli("nn2flash", lambda: main(["analyze", str(path)]))
    shown = capsys.readouterr()
    lines = shown.err.splitlines()
    assert shown.out == "" and len(lines) == 2
    assert lines[0].startswith(f"nn2flash: error: {path}: ") and message in lines[0]
    assert lines[1].startswith("  remedy: ") and remedy in lines[1]


def small_tflite(folder: Path) -> Path:
    return small_network().save(folder / "net.tflite")


@pytest.mark.parametrize("name", ["pytorch", "keras h5", "npz", "saved model", "pipe", "tflite"])
def test_quantize_knows_them_too(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from nn2flash.cli import main
    from support.errors import run_cli

    tflite = (small_tflite, "a .tflite file, not ONNX", "nn2flash reads an int8 one as it is")
    make, message, remedy = {**FILES, "tflite": tflite}[name]
    path = make(tmp_path)
    inputs = tmp_path / "x.npz"
    with pytest.raises(SystemExit, match="1"):
        run_cli("nn2flash", lambda: main(["quantize", str(path), "--calibration", str(inputs)]))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and lines[0].startswith(f"nn2flash: error: {path}: {message}")
    assert remedy in lines[1]


def test_a_model_by_any_name_is_read(tmp_path: Path) -> None:
    path = two_layers().save(tmp_path / "net.pb")
    assert from_sources("analyze", path, where=tmp_path).returncode == 0


def test_without_permission(tmp_path: Path) -> None:
    """Root reads everything, but for what it has given up."""
    program = shutil.which("setpriv")
    assert program, "setpriv (util-linux) is not installed"
    path = two_layers().save(tmp_path / "net.onnx")
    path.chmod(0)
    drop = [program, "--bounding-set=-dac_override,-dac_read_search"]
    done = subprocess.run(
        [*drop, sys.executable, "-m", "nn2flash", "analyze", path],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"nn2flash: error: {path}: Permission denied\n"
        "  remedy: give this user access to it (ls -ld tells who has it), or give another\n"
    )
