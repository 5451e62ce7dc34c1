"""Layers compared with an interpreter, each from the reference's bytes: what is told, and when."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from codegen.cli import build_parser
from codegen.ops.conv import Conv
from codegen.reader.qdq import read_graph
from codegen.weighted_sum import WeightedSum
from model.cli import main
from support.errors import UserError
from tests.codegen.models import QdqModel
from tests.codegen.oracle import stored_inputs
from tests.tflite.networks import small_network


def convolutions() -> QdqModel:
    """Two convolutions and an average of an even count, whose ties nobody decides."""
    rng, model = np.random.default_rng(3), QdqModel((1, 2, 6, 6)).qdq(0.05, 3)
    for shape, scale, zero in (((4, 2, 3, 3), 0.4, -5), ((3, 4, 1, 1), 0.9, 7)):
        weights = model.dequantized(rng.integers(-128, 128, shape).astype(np.int8), 0.01)
        model.then("Conv", weights).qdq(scale, zero)
    return model.then("AveragePool", kernel_shape=[1, 2], strides=[1, 2]).qdq(0.9, 7)


def cut(path: Path, count: int = 24) -> Path:
    """Cut a network by the command; returns the record."""
    inputs = path.with_suffix(".npz")
    np.savez(inputs, inputs=stored_inputs(read_graph(path), count=24))
    record = path.with_name("layers.json")
    words = ["--model", path, "--inputs", inputs, "--out", record]
    words += ["--npz", record.with_name("layers.npz"), "--count", count]
    arguments = build_parser("layers").parse_args(["layers", *map(str, words)])
    arguments.run(arguments)
    return record


def compare(record: Path, *words: str, command: str = "layers") -> dict[str, Any]:
    """Compare by the command; returns the file that it wrote."""
    out = record.with_name("judged.json")
    main(
        [
            command,
            *words,
            "--cut",
            str(record),
            "--npz",
            str(record.with_suffix(".npz")),
            "--out",
            str(out),
            "--table",
            str(out.with_suffix(".txt")),
        ]
    )
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def change(monkeypatch: pytest.MonkeyPatch, layer: WeightedSum, factor: float) -> None:
    """Requantize layers of this one's weights by another constant."""
    true = WeightedSum.requantize

    def changed(self: WeightedSum, products: Any, axis: int) -> Any:
        wrong = self.weights.tobytes() == layer.weights.tobytes()
        return true(self, products * factor if wrong else products, axis)

    monkeypatch.setattr(WeightedSum, "requantize", changed)


def test_ties_are_counted_and_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = compare(cut(convolutions().save(tmp_path / "two.onnx")))
    assert found["first_wrong"] is None and found["by"] == "onnxruntime" and found["inputs"] == 24
    *_, pool = found["layers"]
    assert pool["operator"] == "AveragePool" and pool["unexplained"] == 0
    assert pool["differing"] == len(pool["list"]) > 0
    for each in pool["list"]:
        assert each["tie"] and abs(each["reference"] - each["onnxruntime"]) == 1
    told = capsys.readouterr().out
    assert told == (tmp_path / "judged.txt").read_text()
    counts = [layer["differing"] for layer in found["layers"]]
    listed = sum(min(20, count) for count in counts)
    assert told.count("its exact value lies on a rounding boundary") == listed > 20
    assert f"{sum(counts):,} for rounding at a boundary" in told and "0 for another" in told


def test_a_changed_requantization_constant_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One layer's multiplier is off by a part in 200: that layer alone, and no later one."""
    path = convolutions().save(tmp_path / "two.onnx")
    first, second = (op for op in read_graph(path).ops if isinstance(op, Conv))
    change(monkeypatch, second, 1.005)
    with pytest.raises(UserError, match=r"layer '.*' \(Conv\): .* lie on no rounding") as told:
        compare(cut(path))
    assert f"'{second.output.name}'" in told.value.message
    found = json.loads((tmp_path / "judged.json").read_text())
    assert found["first_wrong"] == second.output.name != first.output.name
    assert [bool(layer["unexplained"]) for layer in found["layers"]] == [False, False, True, False]
    assert "NOT on a boundary" in capsys.readouterr().out


@pytest.mark.parametrize("casts", [(), (TensorProto.INT32,), (TensorProto.INT64,)])
def test_an_index_is_compared_whatever_the_model_casts_it_to(
    tmp_path: Path, casts: tuple[int, ...]
) -> None:
    model = QdqModel((1, 5)).qdq(0.05, 3).then("ArgMax", axis=1, keepdims=0)
    for kind in casts:
        model.then("Cast", to=kind)
    found = compare(cut(model.save(tmp_path / "largest.onnx")))
    assert found["first_wrong"] is None and found["layers"][-1]["differing"] == 0


def test_a_tflite_file_is_compared_with_litert(tmp_path: Path) -> None:
    path = small_network().save(tmp_path / "small.tflite")
    record = cut(path)
    with pytest.raises(UserError, match="onnxruntime does not run"):
        compare(record)
    found = compare(record, "--model", str(path), command="layers-litert")
    assert found["by"] == "LiteRT" and found["first_wrong"] is None
    operators = [layer["operator"] for layer in found["layers"]]
    assert operators.count("CONV_2D") and "FULLY_CONNECTED" in operators


def test_a_wrong_layer_of_a_tflite_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = small_network().save(tmp_path / "small.tflite")
    conv = next(op for op in read_graph(path).ops if isinstance(op, Conv))
    change(monkeypatch, conv, 1.02)
    with pytest.raises(UserError, match=r"layer '.*' \(CONV_2D\): .* differ from LiteRT"):
        compare(cut(path), "--model", str(path), command="layers-litert")


def test_another_file_than_was_cut_is_refused(tmp_path: Path) -> None:
    """Those that are none ended in a traceback, a pipe in a wait for ever."""
    path = small_network().save(tmp_path / "small.tflite")
    record = cut(path)
    data = path.read_bytes()
    (tmp_path / "half.tflite").write_bytes(data[: len(data) // 2])
    convolutions().save(tmp_path / "other.onnx")
    os.mkfifo(tmp_path / "pipe.tflite")
    for name, why in (
        ("half.tflite", "damaged, or not the file that was cut"),
        ("other.onnx", "not a TensorFlow Lite file"),
        ("pipe.tflite", "not a file"),
        ("missing.tflite", "No such file"),
    ):
        with pytest.raises(UserError, match=f"{name}: {why}") as error:
            compare(record, "--model", str(tmp_path / name), command="layers-litert")
        assert error.value.remedy


def test_a_record_of_something_else_is_refused(tmp_path: Path) -> None:
    record = tmp_path / "layers.json"
    record.write_text('{"origin": "x"}')
    np.savez(tmp_path / "layers.npz", inputs=np.zeros(3))
    with pytest.raises(UserError, match="not what `python -m codegen layers` writes"):
        compare(record)


def test_no_inputs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--count 0: nothing to compare"):
        cut(convolutions().save(tmp_path / "two.onnx"), count=0)
