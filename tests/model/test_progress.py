"""Commands that can take seconds tell what they do: exporting, quantizing, evaluating."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from model import checkpoint, evaluation, images, inference, quantization
from support import progress
from tests.model.products import Products, run_here

COUNT = 20


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits three seconds before it says something."""
    inner = progress.waiting.__wrapped__  # type: ignore[attr-defined]
    monkeypatch.setattr(inner, "__defaults__", (0.0, None))
    monkeypatch.setattr(inference, "SOON", 0.0)


def test_exporting(products: Products, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_here("onnx", "--checkpoint", products.checkpoint, "--out", tmp_path / "x.onnx")
    assert "loading PyTorch, exporting …\n" in capsys.readouterr().err


def test_quantizing(products: Products, capsys: pytest.CaptureFixture[str]) -> None:
    inputs = np.linspace(-1, 1, COUNT * 784, dtype=np.float32).reshape(COUNT, 1, 28, 28)
    quantization.quantize(onnx.load(products.onnx), inputs, "minmax")
    assert f"calibrating by minmax of {COUNT} images …\n" in capsys.readouterr().err


def test_evaluating(products: Products, capsys: pytest.CaptureFixture[str]) -> None:
    """The network in PyTorch is quick; each run by onnxruntime counts its images."""
    pixels = np.linspace(-1, 1, COUNT * 784, dtype=np.float32).reshape(COUNT, 1, 28, 28)
    test = images.NetworkInputs(pixels, np.zeros(COUNT, np.uint8))
    network = checkpoint.load(products.checkpoint).network()
    evaluation.evaluate(network, onnx.load(products.int8), test, None)
    told = capsys.readouterr().err
    assert f"images: {COUNT}/{COUNT} in " in told
