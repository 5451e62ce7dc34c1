"""Commands that can take seconds tell what they do: exporting, quantizing, evaluating."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from model import calibration, evaluation, float_onnx, given_inputs, inference, qdq
from support import progress
from tests.model.integer_reference import integer_reference
from tests.model.products import Products
from tests.model.small_modules import GOOD, train

COUNT = 20
pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits three seconds before it says something."""
    inner = progress.waiting.__wrapped__  # type: ignore[attr-defined]
    monkeypatch.setattr(inner, "__defaults__", (0.0, None))
    monkeypatch.setattr(inference, "SOON", 0.0)
    monkeypatch.setattr(calibration, "SOON", 0.0)


def test_exporting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trained = train(tmp_path, GOOD)
    capsys.readouterr()
    trained.network()
    assert "loading PyTorch, exporting …\n" in capsys.readouterr().err


def test_quantizing(products: Products, capsys: pytest.CaptureFixture[str]) -> None:
    model = float_onnx.read(products.onnx)
    inputs = given_inputs.read(products.part("calibration"), float_onnx.inputs(model), None)
    prepared = calibration.prepare(products.onnx, model)
    calibration.quantize(products.onnx, prepared, inputs.spread(COUNT), "minmax")
    assert f"calibrating by minmax, inputs: {COUNT}/{COUNT} in " in capsys.readouterr().err


def test_evaluating(products: Products, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each run by onnxruntime counts its inputs."""
    pixels = np.linspace(-1, 1, COUNT * 784, dtype=np.float32).reshape(COUNT, 1, 28, 28)
    model = onnx.load(products.int8)
    first, _ = qdq.input_and_output(model)
    inputs = first.quantize(pixels.reshape(COUNT, -1))
    outputs = integer_reference(model, inputs)[-1][0]
    np.savez(tmp_path / "reference.npz", inputs=inputs, outputs=outputs)
    evaluation.compared(model, pixels, np.zeros(COUNT, np.int64), tmp_path / "reference.npz")
    assert f"inputs: {COUNT}/{COUNT} in " in capsys.readouterr().err
