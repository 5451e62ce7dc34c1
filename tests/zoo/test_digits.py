"""The campaign over MNIST's images: what it runs, and what it must see."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.codegen.models import QdqModel
from tests.zoo import digits


def network() -> QdqModel:
    """A convolution and a layer, ten numbers of an image."""
    rng, model = np.random.default_rng(2), QdqModel((1, 1, 28, 28)).qdq(1 / 255, -128)
    weights = model.dequantized(rng.integers(-128, 128, (2, 1, 5, 5)).astype(np.int8), 0.01)
    model.then("Conv", weights, strides=[4, 4]).qdq(0.05, 0).then("Flatten")
    return model.gemm(rng.integers(-128, 128, (10, 72)).astype(np.int8), 0.01).qdq(0.2, 3)


def run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["digits", *map(str, words)])
    return digits.main()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    network().save(tmp_path / "reads_digits.onnx")
    QdqModel((1, 4)).qdq(0.1, 0).then("Relu").qdq(0.1, 0).save(tmp_path / "reads_four.onnx")
    return tmp_path


def test_a_network_of_digits_is_run(
    folder: Path,
    mnist_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ("--models", folder, "--data", mnist_dir, "--count", 60, "--sample", 5)
    assert run(monkeypatch, *words) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("reads_digits.onnx: ") and " of 60 right (onnxruntime " in line
    assert "all bytes the reference of 60 on host, 5 emulated" in line
    assert " of 600 output bytes differ" in line


def test_other_bytes_are_a_finding(
    folder: Path,
    mnist_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = {"digits": "3 of 50 bytes differ"}
    monkeypatch.setattr(
        digits, "run_batch", lambda _, board, folder: said if board == "host" else {}
    )
    words = ("--models", folder, "--data", mnist_dir, "--count", 5)
    assert run(monkeypatch, *words) == 1
    assert "host: WRONG: 3 of 50 bytes differ" in capsys.readouterr().out


def test_without_networks_nothing_runs(
    mnist_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(digits, "shared_models", lambda: None)
    assert run(monkeypatch, "--data", mnist_dir) == 0
    assert "nothing run" in capsys.readouterr().out
