"""The float ONNX file: what it computes, its shape, and that nothing of its making is in it."""

from __future__ import annotations

import getpass
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from model import inference, onnx_file
from model.guide.mnist import SimpleNN
from model.module import weights
from model.module.normalization import BYTES, steps_of
from support.errors import UserError
from support.normalization import unpacked
from tests.model.products import MODULE, REPOSITORY, Products, run_model


def shape(value: onnx.ValueInfoProto) -> list[int]:
    return [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]


def test_interface_and_versions(products: Products) -> None:
    model = onnx.load(products.onnx)
    onnx.checker.check_model(model, full_check=True)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 17)]
    assert model.ir_version == 8
    assert [(v.name, shape(v)) for v in model.graph.input] == [("input", [1, 1, 28, 28])]
    assert [(v.name, shape(v)) for v in model.graph.output] == [("output", [1, 10])]


def test_it_computes_what_the_network_computes(products: Products) -> None:
    images = np.random.default_rng(0).uniform(-1, 1, (50, 1, 28, 28)).astype(np.float32)
    network = SimpleNN().eval()
    weights.load(products.weights, network, "mnist.py")
    with torch.no_grad():
        expected = network(torch.from_numpy(images))
    scores = inference.run(onnx.load(products.onnx), images, optimize=False)
    np.testing.assert_allclose(scores, expected.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("which", ["onnx", "int8"])
def test_nothing_of_its_making_is_in_the_file(products: Products, which: str) -> None:
    path: Path = getattr(products, which)
    model = onnx.load(path, load_external_data=False)
    items = (model, model.graph, *model.graph.node, *model.graph.initializer)
    assert not any(item.doc_string for item in items)
    # One entry of this project's: how pixels become the input.
    (entry,) = [entry for item in items for entry in item.metadata_props]
    assert unpacked(entry.value) == {"input": (BYTES, *steps_of([0.5], [0.5]))}
    content = path.read_bytes().lower()
    for word in (b"torch", b"onnxruntime", b"site-packages", b".py", str(REPOSITORY).encode()):
        assert word not in content
    assert f"/home/{getpass.getuser()}".encode() not in content


def test_same_weights_same_bytes(products: Products, tmp_path: Path) -> None:
    # Another process, another name, another folder.
    words = ("--weights", products.weights, "--out", tmp_path / "x.onnx")
    result = run_model("export", *MODULE, *words)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "x.onnx").read_bytes() == products.onnx.read_bytes()
    # Whoever gives no inputs knows that nothing was compared.
    told = "export: not compared with the module's own outputs: name inputs, --calibration NPZ\n"
    assert result.stdout == told
    more = ("--calibration", products.part("calibration"))
    assert run_model("export", *MODULE, *words, *more).stdout == ""


def test_a_broken_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    with pytest.raises(UserError, match=f"{path}: no such file"):
        onnx_file.read(path)
    for content in (b"", b"not onnx at all"):
        path.write_bytes(content)
        with pytest.raises(UserError, match=f"{path}: not a valid ONNX file"):
            onnx_file.read(path)
