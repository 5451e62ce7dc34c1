"""Evaluation: right counts, and a comparison with the reference that finds every byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from model import checkpoint, evaluation, images, inference, qdq
from support.errors import UserError
from support.options import option_words
from tests.model.integer_reference import integer_reference
from tests.model.products import Products, run_here

COUNT = 500


@pytest.fixture(scope="module")
def first_images(products: Products, mnist_dir: Path) -> images.NetworkInputs:
    every = images.read(mnist_dir, "test", checkpoint.load(products.checkpoint))
    return images.NetworkInputs(every.inputs[:COUNT], every.labels[:COUNT])


@pytest.fixture(scope="module")
def reference(products: Products, first_images: images.NetworkInputs) -> dict[str, np.ndarray]:
    model = onnx.load(products.int8)
    first, _ = qdq.input_and_output(model)
    inputs = first.quantize(first_images.inputs.reshape(COUNT, -1))
    return {"inputs": inputs, "outputs": integer_reference(model, inputs)[-1][0]}


def evaluate(
    products: Products, test: images.NetworkInputs, reference_path: Path | None = None
) -> dict[str, Any]:
    network = checkpoint.load(products.checkpoint).network()
    return evaluation.evaluate(network, onnx.load(products.int8), test, reference_path)


def test_onnxruntime_without_optimizations_is_the_integer_reference(
    products: Products,
    first_images: images.NetworkInputs,
    reference: dict[str, Any],
    tmp_path: Path,
) -> None:
    np.savez(tmp_path / "reference.npz", **reference)
    compared = evaluate(products, first_images, tmp_path / "reference.npz")["reference"]
    exact = compared["onnxruntime"]
    assert exact["bytes"] == COUNT * 10
    # Ties in onnxruntime's float accumulation: one byte in 100,000, by one step.
    assert exact["equal"] >= exact["bytes"] - 2
    assert exact["largest_difference"] <= 1
    assert exact["same_digit"] == COUNT
    assert len(exact["differing"]) == exact["bytes"] - exact["equal"]


def test_every_differing_byte_is_listed(
    products: Products,
    first_images: images.NetworkInputs,
    reference: dict[str, np.ndarray],
    tmp_path: Path,
) -> None:
    model = onnx.load(products.int8)
    _, last = qdq.input_and_output(model)
    honest = last.quantize(inference.run(model, first_images.inputs, optimize=False))
    changed = honest.copy()
    places = [(0, 3), (17, 0), (499, 9)]
    for image, output in places:
        changed[image, output] ^= 4
    np.savez(tmp_path / "reference.npz", inputs=reference["inputs"], outputs=changed)
    exact = evaluate(products, first_images, tmp_path / "reference.npz")["reference"]["onnxruntime"]
    assert exact["equal"] == COUNT * 10 - 3
    assert exact["largest_difference"] == 4
    assert [(d["image"], d["output"]) for d in exact["differing"]] == places
    assert [tie["image"] for tie in exact["nearest_ties"]] == [0, 17, 499]
    for difference in exact["differing"]:
        place = difference["image"], difference["output"]
        assert (difference["reference"], difference["onnxruntime"]) == (
            changed[place],
            honest[place],
        )


def test_a_reference_about_something_else_is_refused(
    products: Products,
    first_images: images.NetworkInputs,
    reference: dict[str, np.ndarray],
    tmp_path: Path,
) -> None:
    path = tmp_path / "reference.npz"
    with pytest.raises(UserError, match=f"{path}: no such file"):
        evaluate(products, first_images, path)
    path.write_bytes(b"PK not an archive")
    with pytest.raises(UserError, match=f"{path}: not a reference"):
        evaluate(products, first_images, path)
    np.savez(path, inputs=reference["inputs"] ^ 1, outputs=reference["outputs"])
    with pytest.raises(UserError, match="not the test set"):
        evaluate(products, first_images, path)
    np.savez(path, inputs=reference["inputs"], outputs=reference["outputs"][:, :5])
    with pytest.raises(UserError, match="outputs of another network"):
        evaluate(products, first_images, path)


def test_requantizing_gives_back_every_byte() -> None:
    every = np.arange(-128, 128)
    for scale in np.random.default_rng(0).uniform(1e-4, 10, 200).astype(np.float32):
        for zero_point in (-128, -1, 0, 26, 127):
            real = (every - zero_point).astype(np.float32) * scale
            tensor = qdq.QuantizedActivation("x", scale, zero_point)
            np.testing.assert_array_equal(tensor.quantize(real), every)


def run_evaluate(products: Products, mnist_dir: Path, int8: Path, folder: Path) -> None:
    """The command, with its report in `folder`."""
    options = {"--data": mnist_dir, "--checkpoint": products.checkpoint, "--int8": int8}
    run_here("evaluate", *option_words({**options, "--out": folder / "evaluation.json"}))


def test_command_prints_a_table_and_writes_the_same_figures(
    products: Products, mnist_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_evaluate(products, mnist_dir, products.int8, tmp_path)
    printed = capsys.readouterr().out
    report = json.loads((tmp_path / "evaluation.json").read_text())
    matrix = np.array(report["confusion_matrix"])
    assert matrix.sum() == 10_000
    assert matrix.trace() == report["int8"]["right"]
    # How many of each digit MNIST's test set has.
    assert matrix.sum(axis=1).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    quantization = json.loads(products.report.read_text())["accuracy"]
    assert report["int8"]["right"] == quantization["int8_right"]
    assert report["float"]["right"] == quantization["float_right"]
    for name in ("float", "int8"):
        assert f"{report[name]['right']:,} of 10,000" in printed
    assert "Confusion matrix" in printed


def test_a_float_model_is_refused(products: Products, mnist_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not quantized"):
        run_evaluate(products, mnist_dir, products.onnx, tmp_path)
    assert list(tmp_path.iterdir()) == []
