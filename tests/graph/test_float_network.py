"""From a float network and an .npz all the way to an emulator; either alone gets one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.graph.conftest import Built
from tests.graph.project import Project


def write_float(folder: Path) -> None:
    """`float.onnx`, 8-6-4 with a ReLU, and `x.npz`: 40 inputs with the classes that it gives."""
    random = np.random.default_rng(5)
    w0, w1 = (random.normal(size=size).astype(np.float32) for size in ((6, 8), (4, 6)))
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["x", "w0"], ["a"], name="fc0", transB=1),
            helper.make_node("Relu", ["a"], ["b"]),
            helper.make_node("Gemm", ["b", "w1"], ["y"], name="fc1", transB=1),
        ],
        "float",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 4])],
        [numpy_helper.from_array(w0, "w0"), numpy_helper.from_array(w1, "w1")],
    )
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), folder / "f.onnx")
    inputs = random.normal(size=(40, 8)).astype(np.float32)
    labels = (np.maximum(inputs @ w0.T, 0) @ w1.T).argmax(1)
    np.savez(folder / "x.npz", inputs=inputs, labels=labels)


def test_from_float_to_the_emulator(given: Built, tmp_path: Path) -> None:
    project = given.project.clone(tmp_path / "project")
    write_float(project.root)
    run = project.build("sim", network="f.onnx", calibration="x.npz", subset_size="10")
    assert "QUANTIZE build/model/network_int8.onnx" in run.commands
    assert "signal to quantization noise" in run.output
    assert "40/40 output bytes identical to the reference" in run.output
    again = project.build("elf", network="f.onnx", calibration="x.npz", subset_size="10")
    assert not again.commands
    # Of 40 inputs, fewer than subset_size=100, the firmware gets all.
    fewer = project.build("subset", network="f.onnx", calibration="x.npz")
    assert "subset: all 40 test inputs, fewer than subset_size=100" in fewer.output
    # Where inputs set the ranges, they choose kernels, too, and those that it is tried with do not.
    np.savez(project.path("tests.npz"), inputs=np.ones((20, 8), np.float32))
    tried = {"network": "f.onnx", "calibration": "x.npz", "inputs": "tests.npz"}
    whole = project.scons("-n", "--tree=all", "build/network/network.c", **tried).output
    assert "-x.npz" in whole and "-tests.npz" not in whole
    project.build("elf", **tried, subset_size="10")
    # A float network by itself, and a quantized one with calibration=.
    for told, variables in (
        ("f.onnx: a float network, nothing in it is quantized", {"network": "f.onnx"}),
        ("tiny.onnx: is quantized already", {"network": "tiny.onnx", "calibration": "x.npz"}),
        ("network= is empty", {"network": "", "calibration": "x.npz"}),
        ("calibration=none.npz: no such file", {"network": "f.onnx", "calibration": "none.npz"}),
    ):
        wrong = project.scons("sim", **variables)
        assert wrong.status != 0
        assert wrong.output.count("error: ") == 1, wrong.output
        assert told in wrong.output
        assert "Traceback" not in wrong.output
    assert "calibration=x.npz" in project.scons("sim", network="f.onnx").output
    alone = Project(project.root, {"board": "mps2_an500"})
    assert "x.npz: is for a float network" in alone.scons("sim", calibration="x.npz").output
    refused = project.scons("quantize", network="tiny.onnx")
    assert "'quantize' cannot be made: it quantizes a float network=" in refused.output
