"""Evaluation: right counts, and a comparison with the reference that finds every byte."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from model import evaluation, inference, qdq
from support.errors import UserError
from support.options import option_words
from tests.model.integer_reference import integer_reference
from tests.model.products import Products, run_here

COUNT = 500


@pytest.fixture(scope="module")
def first_inputs(products: Products) -> dict[str, np.ndarray]:
    return {name: values[:COUNT] for name, values in products.arrays("test").items()}


def reference_of(products: Products, images: np.ndarray) -> dict[str, np.ndarray]:
    model = onnx.load(products.int8)
    first, _ = qdq.input_and_output(model)
    inputs = first.quantize(images.reshape(len(images), -1))
    return {"inputs": inputs, "outputs": integer_reference(model, inputs)[-1][0]}


@pytest.fixture(scope="module")
def reference(products: Products, first_inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return reference_of(products, first_inputs["inputs"])


def compared(
    products: Products, first_inputs: dict[str, np.ndarray], reference_path: Path
) -> dict[str, Any]:
    model = onnx.load(products.int8)
    return evaluation.compared(
        model, first_inputs["inputs"], first_inputs["labels"], reference_path
    )


def test_onnxruntime_without_optimizations_is_the_integer_reference(
    products: Products,
    first_inputs: dict[str, np.ndarray],
    reference: dict[str, Any],
    tmp_path: Path,
) -> None:
    np.savez(tmp_path / "reference.npz", **reference)
    exact = compared(products, first_inputs, tmp_path / "reference.npz")["onnxruntime"]
    assert exact["bytes"] == COUNT * 10
    # Ties in onnxruntime's float accumulation: one byte in 100,000, by one step.
    assert exact["equal"] >= exact["bytes"] - 2
    assert exact["largest_difference"] <= 1
    assert exact["same_class"] == COUNT
    assert len(exact["differing"]) == exact["bytes"] - exact["equal"]


def test_every_differing_byte_is_listed(
    products: Products,
    first_inputs: dict[str, np.ndarray],
    reference: dict[str, np.ndarray],
    tmp_path: Path,
) -> None:
    model = onnx.load(products.int8)
    _, last = qdq.input_and_output(model)
    honest = last.quantize(inference.run(model, first_inputs["inputs"], optimize=False))
    changed = honest.copy()
    places = [(0, 3), (17, 0), (499, 9)]
    for image, output in places:
        changed[image, output] ^= 4
    np.savez(tmp_path / "reference.npz", inputs=reference["inputs"], outputs=changed)
    exact = compared(products, first_inputs, tmp_path / "reference.npz")["onnxruntime"]
    assert exact["equal"] == COUNT * 10 - 3
    assert exact["largest_difference"] == 4
    assert [(d["input"], d["output"]) for d in exact["differing"]] == places
    assert [tie["image"] for tie in exact["nearest_ties"]] == [0, 17, 499]
    for difference in exact["differing"]:
        place = difference["input"], difference["output"]
        assert (difference["reference"], difference["onnxruntime"]) == (
            changed[place],
            honest[place],
        )


def test_a_reference_about_something_else_is_refused(
    products: Products,
    first_inputs: dict[str, np.ndarray],
    reference: dict[str, np.ndarray],
    tmp_path: Path,
) -> None:
    path = tmp_path / "reference.npz"
    with pytest.raises(UserError, match=f"{path}: no such file"):
        compared(products, first_inputs, path)
    path.write_bytes(b"PK not an archive")
    with pytest.raises(UserError, match=f"{path}: not a reference"):
        compared(products, first_inputs, path)
    np.savez(path, inputs=reference["inputs"] ^ 1, outputs=reference["outputs"])
    with pytest.raises(UserError, match="not the test part"):
        compared(products, first_inputs, path)
    np.savez(path, inputs=reference["inputs"], outputs=reference["outputs"][:, :5])
    with pytest.raises(UserError, match="outputs of another network"):
        compared(products, first_inputs, path)


def test_requantizing_gives_back_every_byte() -> None:
    every = np.arange(-128, 128)
    for scale in np.random.default_rng(0).uniform(1e-4, 10, 200).astype(np.float32):
        for zero_point in (-128, -1, 0, 26, 127):
            real = (every - zero_point).astype(np.float32) * scale
            tensor = qdq.QuantizedActivation("x", scale, zero_point)
            np.testing.assert_array_equal(tensor.quantize(real), every)


def run_evaluate(products: Products, int8: Path, folder: Path) -> None:
    """The command, with its report in `folder`."""
    options = {"--history": products.history, "--test": products.part("test"), "--int8": int8}
    options |= {"--reference": folder / "reference.npz", "--out": folder / "evaluation.json"}
    run_here("evaluate", *option_words({**options, "--table": folder / "evaluation.txt"}))


def test_command_prints_a_table_and_writes_the_same_figures(
    products: Products, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = products.arrays("test")
    expected = reference_of(products, test["inputs"])
    np.savez(tmp_path / "reference.npz", inputs=expected["inputs"], outputs=expected["outputs"])
    run_evaluate(products, products.int8, tmp_path)
    printed = capsys.readouterr().out
    assert (tmp_path / "evaluation.txt").read_text() == printed
    report = json.loads((tmp_path / "evaluation.json").read_text())
    matrix = np.array(report["confusion_matrix"])
    assert (matrix.sum(), report["inputs"], report["task"]) == (10_000, 10_000, "classification")
    right = int(np.sum(expected["outputs"].argmax(axis=1) == test["labels"]))
    assert matrix.trace() == right
    assert report["int8"]["accuracy"] == right / 10_000
    assert f"{right:,} of 10,000" in printed
    # How many of each digit MNIST's test set has.
    assert matrix.sum(axis=1).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    floating = inference.run(onnx.load(products.onnx), test["inputs"], optimize=False)
    assert inference.count_right(floating, test["labels"]) == pytest.approx(
        10_000 * report["float"]["accuracy"], abs=1
    )
    assert f"{round(10_000 * report['float']['accuracy']):,} of 10,000" in printed
    assert "Confusion matrix" in printed


def test_a_float_model_is_refused(products: Products, tmp_path: Path) -> None:
    np.savez(tmp_path / "reference.npz", outputs=np.zeros((10_000, 10), np.int8))
    with pytest.raises(UserError, match="not quantized"):
        run_evaluate(products, products.onnx, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["reference.npz"]


def test_what_is_no_file_of_a_training_is_told_by_name(products: Products, tmp_path: Path) -> None:
    """A text, an archive of others, a history of others, a pipe that nobody writes to."""
    text, other, history = (tmp_path / name for name in ("text.npz", "other.npz", "history.json"))
    text.write_text("hello")
    np.savez(other, images=np.zeros(3))
    history.write_text("{}")
    os.mkfifo(tmp_path / "pipe")
    given = {
        "history": products.history,
        "test": products.part("test"),
        "int8": products.int8,
        "reference": other,
    }
    for option, path, said in (
        ("history", history, "not what `train` writes"),
        ("test", text, "not a file of NumPy's arrays"),
        ("test", other, "has neither 'labels' nor 'targets'"),
        ("test", tmp_path / "pipe", "not a file"),
        ("reference", other, "has no 'outputs'"),
        ("reference", tmp_path / "none.npz", "no such file"),
    ):
        files = {**given, option: path, "out": tmp_path / "e.json", "table": tmp_path / "e.txt"}
        with pytest.raises(UserError, match=f"{path}: {said}"):
            run_here("evaluate", *option_words({f"--{key}": file for key, file in files.items()}))
    assert not (tmp_path / "e.json").exists()
