"""A float network of anyone's and an .npz become an int8 file; what cannot gets one line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import nn

from model import calibration, float_onnx, given_inputs, given_network, quality
from model.session import session_of
from support.errors import UserError
from tests.model.products import run_here, run_model

SHAPE = (2, 10, 10)
RIGHT = np.zeros((4, *SHAPE), np.float32)
NAN = RIGHT.copy()
NAN[2, 0, 0, 0] = np.nan


class Branched(nn.Module):
    """Normalization, a branch, and functions that onnxruntime's quantizer has no rule for."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
        self.branch = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.ELU())
        self.last = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        x = nn.functional.hardswish(x + self.branch(x))
        scores: torch.Tensor = self.last(x.mean(dim=(2, 3)))
        return scores


@dataclass(frozen=True)
class Float:
    """A float network, inputs, and the classes that it sees in them."""

    onnx: Path
    npz: Path


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Float:
    """Exported with an open batch."""
    folder = tmp_path_factory.mktemp("float")
    torch.manual_seed(3)
    made = Branched()
    inputs = torch.randn(60, *SHAPE)
    made(inputs)  # the statistics of BatchNorm are these inputs', not 0 and 1
    made.eval()
    torch.onnx.export(
        made,
        (torch.zeros(1, *SHAPE),),
        folder / "float.onnx",
        dynamo=False,
        opset_version=17,
        input_names=["x"],
        dynamic_axes={"x": {0: "batch"}},
    )
    with torch.no_grad():
        labels = made(inputs).argmax(1).numpy()
    np.savez(folder / "x.npz", inputs=inputs.numpy(), labels=labels)
    return Float(folder / "float.onnx", folder / "x.npz")


def quantize(onnx_path: Path, npz: Path, folder: Path, *more: object) -> None:
    run_here(
        "quantize",
        "--onnx",
        onnx_path,
        "--calibration",
        npz,
        *more,
        "--out",
        folder / "int8.onnx",
        "--report",
        folder / "report.json",
    )


def outputs(model: onnx.ModelProto, npz: Path) -> np.ndarray:
    """What the nodes say: fused int8 kernels saturate on processors without VNNI."""
    session = session_of(model, optimize=False)
    with np.load(npz) as stored:
        rows = [session.run(None, {"x": image[np.newaxis]})[0] for image in stored["inputs"]]
    return np.concatenate(rows)


def test_every_method_is_told_of_and_the_best_is_kept(
    network: Float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quantize(network.onnx, network.npz, tmp_path)
    shown = capsys.readouterr().out
    report = json.loads((tmp_path / "report.json").read_text())["calibration"]
    assert set(report["methods"]) == {"minmax", "percentile", "entropy"}
    assert all(method in shown.splitlines()[0] for method in report["methods"])
    best = report["methods"][report["method"]]
    assert best["right"] == max(each["right"] for each in report["methods"].values())
    assert all(name[-40:] in shown for name in best["sqnr_db"])
    # Oracle: the two files, run by onnxruntime as they are, on each fifth input: others calibrated.
    assert (report["inputs"], report["compared"]) == (48, 12)
    judging = slice(4, None, 5)
    real = outputs(onnx.load(network.onnx), network.npz)[judging].astype(np.float64)
    int8 = outputs(onnx.load(tmp_path / "int8.onnx"), network.npz)[judging].astype(np.float64)
    sqnr = 10 * np.log10(np.sum(real**2) / np.sum((real - int8) ** 2))
    output = onnx.load(network.onnx).graph.output[0].name
    assert best["sqnr_db"][output] == pytest.approx(sqnr, abs=0.5)
    assert sqnr > 25
    with np.load(network.npz) as stored:
        right = np.sum(int8.argmax(1) == stored["labels"][judging])
        assert best["right"] == pytest.approx(right, abs=1)


def test_inputs_that_judge_set_no_range(
    network: Float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wild input of theirs changes no scale; of few inputs all do both, which is told."""
    with np.load(network.npz) as stored:
        inputs, labels = stored["inputs"], stored["labels"]
    scales = []
    for name, factor in (("tame", 1), ("wild", 50)):
        folder = tmp_path / name
        folder.mkdir()
        changed = inputs.copy()
        changed[4] *= factor  # the first that judges
        np.savez(folder / "x.npz", inputs=changed, labels=labels)
        quantize(network.onnx, folder / "x.npz", folder, "--max-accuracy-drop", 100)
        report = json.loads((folder / "report.json").read_text())["calibration"]
        constants = onnx.load(folder / "int8.onnx").graph.initializer
        scales.append({t.name: t.raw_data for t in constants if t.name == "x_scale"})
        assert report["inputs"] == 48
    assert scales[0] and scales[0] == scales[1]
    capsys.readouterr()
    np.savez(tmp_path / "few.npz", inputs=inputs[:5], labels=labels[:5])
    quantize(network.onnx, tmp_path / "few.npz", tmp_path, "--max-accuracy-drop", 100)
    assert "of 5 inputs, the same that judged" in capsys.readouterr().out
    validation = ("--validation", network.npz, "--max-accuracy-drop", 100)
    quantize(network.onnx, tmp_path / "few.npz", tmp_path, *validation)
    assert "calibrated by" in (shown := capsys.readouterr().out) and "the same" not in shown


def test_nothing_between_the_ends_stays_in_float(network: Float, tmp_path: Path) -> None:
    """BatchNormalization is inside the Conv; every other node reads what was dequantized."""
    quantize(network.onnx, network.npz, tmp_path)
    model = onnx.load(tmp_path / "int8.onnx")
    onnx.checker.check_model(model, full_check=True)
    producers = {name: node for node in model.graph.node for name in node.output}
    types = {node.op_type for node in model.graph.node}
    assert {"Conv", "Gemm", "Add", "Elu"} <= types
    assert "BatchNormalization" not in types
    for node in model.graph.node:
        if node.op_type not in ("QuantizeLinear", "DequantizeLinear"):
            for name in filter(producers.get, node.input):
                assert producers[name].op_type == "DequantizeLinear", node.name
    values = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    weights = {
        node.op_type: producers[node.input[1]]
        for node in model.graph.node
        if node.op_type in ("Conv", "Gemm")
    }
    for op_type, node in weights.items():
        assert values[node.input[0]].dtype == np.int8
        assert values[node.input[1]].shape == ((4,) if op_type == "Conv" else (3,))
        assert not values[node.input[2]].any()


def test_the_same_again_gives_the_same_bytes(network: Float, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        quantize(network.onnx, network.npz, tmp_path / name)
    a, b = ((tmp_path / name / "int8.onnx").read_bytes() for name in ("a", "b"))
    assert a == b


def test_another_method_wins_where_one_wild_input_ruins_minmax(
    network: Float, tmp_path: Path
) -> None:
    with np.load(network.npz) as stored:
        wild = stored["inputs"].copy()
    wild[0, 0, 0, 0] = 1000
    np.savez(tmp_path / "wild.npz", inputs=wild)
    model = float_onnx.read(network.onnx)
    inputs = given_inputs.read(tmp_path / "wild.npz", float_onnx.inputs(model), None)
    prepared = calibration.prepare(network.onnx, model)
    models = {
        m: calibration.quantize(network.onnx, prepared, inputs, m) for m in ("minmax", "entropy")
    }
    calm = given_inputs.read(network.npz, float_onnx.inputs(model), None)
    judged, right = quality.judge(network.onnx, prepared, models, calm)
    assert right == 60
    assert judged["entropy"].rank > judged["minmax"].rank


@pytest.mark.parametrize(("right", "refused"), [(60, False), (59, False), (58, True)])
def test_a_loss_stops_the_build_but_never_for_one_input(right: int, refused: bool) -> None:
    judged = {"minmax": quality.Quality({"y": 30.0}, right, "y")}
    tried = given_network.Tried({}, judged, "minmax", 60, 60, 60)
    if not refused:
        given_network.check_loss(Path("float.onnx"), tried, 0.5)
        return
    with pytest.raises(UserError, match="points of accuracy"):
        given_network.check_loss(Path("float.onnx"), tried, 0.5)


def test_a_step_of_the_preparation_that_fails_is_left_out(
    network: Float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """onnxruntime's optimizer refuses some models that its quantizer takes."""
    asked = []

    def failing(model: Any, path: Any, **way: Any) -> None:
        asked.append(way)
        if not way.get("skip_symbolic_shape") or not way.get("skip_optimization"):
            raise AssertionError("cannot infer")
        quant_pre_process(model, path, **way)

    monkeypatch.setattr(calibration, "quant_pre_process", failing)
    prepared = calibration.prepare(network.onnx, float_onnx.read(network.onnx))
    assert len(asked) == 4
    onnx.checker.check_model(prepared, full_check=True)
    assert [value.name for value in prepared.graph.input] == ["x"]


def older(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 11


def newer(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 23


def open_width(model: onnx.ModelProto) -> None:
    dim = model.graph.input[0].type.tensor_type.shape.dim[3]
    dim.Clear()
    dim.dim_param = "width"


def batch_of_four(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4


def of_doubles(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE


def unknown_operator(model: onnx.ModelProto) -> None:
    node = helper.make_node("Magic", ["x"], ["y"], domain="of.nobody")
    model.opset_import.append(helper.make_opsetid("of.nobody", 1))
    model.graph.node.append(node)
    model.graph.output.add(name="y").type.tensor_type.elem_type = TensorProto.FLOAT


def quantized(model: onnx.ModelProto) -> None:
    values = [
        numpy_helper.from_array(np.float32(0.1), "s"),
        numpy_helper.from_array(np.int8(0), "z"),
    ]
    model.graph.initializer.extend(values)
    model.graph.node.append(
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"], name="first")
    )


@dataclass(frozen=True)
class Wrong:
    """A mistake: what is wrong with the model or the arrays, and what must be said."""

    told: str
    model: Callable[[onnx.ModelProto], object] = lambda model: None
    arrays: dict[str, np.ndarray] = field(default_factory=lambda: {"inputs": RIGHT})


WRONG = {
    "old opset": Wrong("opset 11 is too old.*convert_version", older),
    "new opset": Wrong("opset 23 is too new.*opset 17", newer),
    "open dimension": Wrong(
        "input 'x' has the open dimension 'width' at position 3.*--dim_param width", open_width
    ),
    "batch": Wrong("a batch of 4.*batch 1", batch_of_four),
    "doubles": Wrong("input 'x' is not float32", of_doubles),
    "quantized": Wrong(
        r"quantized already \(node 'first', QuantizeLinear\).*take it as it is.*calibration= out",
        quantized,
    ),
    "operator of nobody": Wrong("float.onnx: (onnxruntime cannot|not a valid)", unknown_operator),
    "no inputs": Wrong(
        r"no array 'inputs' \(found: images\).*numpy.savez", arrays={"images": RIGHT}
    ),
    "nothing": Wrong(r"found: nothing", arrays={}),
    "other shape": Wrong(
        r"shape \[4, 3, 10, 10\], input 'x' takes \[N, 2, 10, 10\]",
        arrays={"inputs": np.zeros((4, 3, 10, 10), np.float32)},
    ),
    "other order of axes": Wrong(
        "order of axes", arrays={"inputs": np.zeros((4, 10, 10, 2), np.float32)}
    ),
    "no rows": Wrong("shape", arrays={"inputs": RIGHT[:0]}),
    "a number": Wrong("shape", arrays={"inputs": np.array(1, np.float32)}),
    "NaN": Wrong("input 2 holds values that are not finite", arrays={"inputs": NAN}),
    "beyond float32": Wrong("not finite", arrays={"inputs": RIGHT.astype(np.float64) + 1e300}),
    "integers": Wrong("int64", arrays={"inputs": RIGHT.astype(np.int64)}),
    "too few labels": Wrong(
        "labels int64 .*for 4 inputs", arrays={"inputs": RIGHT, "labels": np.zeros(3, np.int64)}
    ),
    "labels of floats": Wrong("labels float64", arrays={"inputs": RIGHT, "labels": np.zeros(4)}),
    "label beyond": Wrong(
        "label 3, the network has 3 outputs", arrays={"inputs": RIGHT, "labels": np.full(4, 3)}
    ),
    "not finite inside": Wrong(
        "its output for the first input .* not finite", arrays={"inputs": RIGHT + np.float32(3e38)}
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_gets_one_line_and_writes_nothing(
    name: str, network: Float, tmp_path: Path
) -> None:
    wrong = WRONG[name]
    model = onnx.load(network.onnx)
    wrong.model(model)
    (tmp_path / "float.onnx").write_bytes(model.SerializeToString())
    arrays: dict[str, Any] = wrong.arrays
    np.savez(tmp_path / "x.npz", **arrays)
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError) as raised:
        quantize(tmp_path / "float.onnx", tmp_path / "x.npz", tmp_path / "out")
    told = f"{raised.value.message} {raised.value.remedy}"
    assert re.search(wrong.told, told), told
    assert "\n" not in raised.value.message
    assert raised.value.remedy
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"no archive at all"])
def test_a_broken_archive(content: bytes, network: Float, tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(UserError, match="not a file of NumPy's arrays"):
        quantize(network.onnx, tmp_path / "x.npz", tmp_path)
    with pytest.raises(UserError, match="no such file"):
        quantize(network.onnx, tmp_path / "none.npz", tmp_path)


def test_bytes_are_images_and_are_normalized_as_in_training(network: Float, tmp_path: Path) -> None:
    pixels = np.arange(4 * 200, dtype=np.uint8).reshape(4, 200)
    np.savez(tmp_path / "x.npz", inputs=pixels)
    expected = float_onnx.inputs(float_onnx.read(network.onnx))
    read = given_inputs.read(tmp_path / "x.npz", expected, (0.5, 0.25))
    found = read.arrays["x"]
    assert found.shape == (4, *SHAPE)
    # What is done to them is told, step by step.
    told = {name: [step.function for step in steps] for name, steps in read.normalization.items()}
    assert told == {"x": ["Div", "Sub", "Div"]}
    np.testing.assert_allclose(
        found.reshape(4, -1), (pixels / 255 - 0.5) / 0.25, rtol=1e-5, atol=1e-6
    )
    assert found.dtype == np.float32


def test_something_to_calibrate_with_is_asked_for(network: Float, tmp_path: Path) -> None:
    done = run_model(
        "quantize", "--onnx", network.onnx, "--out", tmp_path / "a", "--report", tmp_path / "b"
    )
    assert done.returncode == 2
    assert "arguments are required: --calibration" in done.stderr
