"""`nn2flash.load`: C on this computer and the reference, byte for byte, every layer too."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn2flash
from codegen.generate import generate
from codegen.reference import quantize_inputs, run
from nn2flash.cli import main
from nn2flash.host_library import RUNTIME, library_source
from support.errors import UserError
from tests.codegen import graphs
from tests.codegen.shapes import Shaped
from tests.program.conftest import FIXTURES
from tests.tflite.networks import small_network

pytestmark = pytest.mark.usefixtures("runtime_cache")
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> nn2flash.Network:
    """Convolutions of every kind, pools, a residual."""
    return nn2flash.load(graphs.image().save(tmp_path_factory.mktemp("model") / "image.onnx"))


def test_every_layer_has_the_references_bytes(image: nn2flash.Network) -> None:
    x = RNG.normal(0, 4, (7, 2, 8, 6)).astype(np.float32)
    made, wanted = image.run(x), image.reference(x)
    assert np.array_equal(made.bytes, wanted.bytes)
    assert np.array_equal(made.bytes, run(image.graph, quantize_inputs(x, image.graph)))
    assert made.bytes.shape == (7, 3) and made.bytes.dtype == np.int8
    # All that is computed, and what the passes added.
    assert wanted.layers.keys() <= made.layers.keys() and len(wanted.layers) > 9
    for name, tensor in wanted.layers.items():
        assert np.array_equal(made.layers[name], tensor), name
        assert made.layers[name].shape == tensor.shape


@pytest.mark.parametrize("compiler", [("gcc", "-std=c11"), ("g++", "-x", "c++", "-std=c++17")])
def test_its_c_has_no_warnings(
    compiler: tuple[str, ...], image: nn2flash.Network, tmp_path: Path
) -> None:
    plan = generate(image.graph, "network", tmp_path)
    (tmp_path / "library.c").write_text(library_source(plan, "network"))
    strict = ["-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror", "-fsyntax-only"]
    words = [*compiler, *strict, f"-I{RUNTIME}", f"-I{tmp_path}", str(tmp_path / "library.c")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_outputs_are_real_numbers_too(image: nn2flash.Network) -> None:
    x = RNG.normal(0, 4, (3, 2, 8, 6)).astype(np.float32)
    found = image.run(x)
    quantization = image.graph.output.quantization
    real = (found.bytes.astype(np.float32) - quantization.zero_point) * quantization.scale
    assert np.array_equal(found.output, real)
    assert found.output.dtype == np.float32 and list(found.outputs) == [image.graph.output.name]


def test_one_input_needs_no_batch_and_bytes_are_taken_as_they_are(image: nn2flash.Network) -> None:
    x = RNG.normal(0, 4, (2, 8, 6)).astype(np.float32)
    rows = quantize_inputs(x[np.newaxis], image.graph)
    assert np.array_equal(image.run(x).bytes, image.run(rows).bytes)
    assert len(image.run(rows).bytes) == 1


def test_several_inputs_and_outputs_have_names(tmp_path: Path) -> None:
    network = nn2flash.load(graphs.two_in_two_out().save(tmp_path / "two.onnx"))
    values = network.graph.inputs
    given = {v.name: RNG.normal(0, 2, (4, *v.shape[1:])).astype(np.float32) for v in values}
    made, wanted = network.run(given), network.reference(given)
    assert list(made.outputs) == [value.name for value in network.graph.outputs]
    assert np.array_equal(made.bytes, wanted.bytes)
    for name, output in wanted.outputs.items():
        assert np.array_equal(made.outputs[name], output)
    with pytest.raises(UserError, match="several outputs"):
        _ = made.output
    with pytest.raises(UserError, match="inputs are called"):
        network.run({"nothing": given[values[0].name]})
    uneven = {**given, values[0].name: given[values[0].name][:2]}
    with pytest.raises(UserError, match="different numbers of rows"):
        network.run(uneven)


def test_fast_kernels_give_the_same_bytes() -> None:
    x = RNG.uniform(-1, 1, (5, 1, 28, 28)).astype(np.float32)
    fast = nn2flash.load(FIXTURES / "guide_int8.onnx", "auto")
    made, wanted = fast.run(x), fast.reference(x)
    assert np.array_equal(made.bytes, wanted.bytes)
    assert len(made.layers) == 1 and len(wanted.layers) == 3  # one routine computes all three


def test_tables_are_had_where_there_is_ram(tmp_path: Path) -> None:
    """Fast kernels run with as many as fit; what is analyzed counts them; plain C has none."""
    path = Shaped(8, 12, 12).conv(8).conv(16).save(tmp_path / "tables.onnx")
    x = RNG.normal(0, 2, (3, 8, 12, 12)).astype(np.float32)
    for kernels, allowed, size in (("auto", 2304, 2304), ("auto", 1 << 20, 6912), (None, 2304, 0)):
        network = nn2flash.load(path, kernels, table_memory=allowed)
        made, wanted = network.run(x), network.reference(x)
        assert np.array_equal(made.bytes, wanted.bytes)
        assert network._library.plan.tables_size == size
        assert network.analyze().tables_bytes == min(allowed, 6912)
    for wrong in (-1, 4608.0, "48K", True):
        with pytest.raises(UserError, match="no number of bytes"):
            nn2flash.load(path, table_memory=wrong)  # type: ignore[arg-type]


def test_tflite_has_the_order_of_its_file(tmp_path: Path) -> None:
    network = nn2flash.load(small_network().save(tmp_path / "small.tflite"))
    x = RNG.normal(0, 1, (2, *network.graph.input.shape[1:])).astype(np.float32)
    assert np.array_equal(network.run(x).bytes, network.reference(x).bytes)


@pytest.mark.parametrize("board", [None, "netduinoplus2"])
@pytest.mark.parametrize("kernels", [None, "portable"])
def test_the_analysis_is_the_programs(
    capsys: pytest.CaptureFixture[str], kernels: str | None, board: str | None
) -> None:
    model = FIXTURES / "guide_int8.onnx"
    words = ["--board", board] if board else []
    words += ["--kernels", kernels] if kernels else []
    assert not main(["analyze", str(model), *words, "--json"])
    found = nn2flash.load(model, *([kernels] if kernels else [])).analyze(board)
    assert json.loads(json.dumps(found.to_json())) == json.loads(capsys.readouterr().out)
    assert (found.board["name"] if found.board else None) == board


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize(
    "shape",
    [(3, 8, 6, 2), (8, 6, 2), (6, 48), (3, 2, 48), (1, 6, 8, 6), (96,), (5,), (), (0, 2, 8, 6)],
)
def test_arrays_of_another_shape_are_refused(
    image: nn2flash.Network, shape: tuple[int, ...], dtype: str
) -> None:
    """Most have as many values as whole inputs; both shapes are named."""
    (name,) = (value.name for value in image.graph.inputs)
    x = np.zeros(shape, dtype)
    for given in (x, {name: x}):
        with pytest.raises(UserError) as caught:
            image.reference(given)
        told = f"has the shape {list(shape)}, the network takes [N, 2, 8, 6]"
        assert told in caught.value.message
        assert "[2, 8, 6] for one, or flat [N, 96]" in caught.value.remedy


@pytest.mark.parametrize(
    "x",
    [
        np.zeros((1, 2, 8, 6), bool),
        np.zeros((1, 2, 8, 6), complex),
        np.zeros((1, 2, 8, 6), "datetime64[s]"),
        np.zeros((1, 2, 8, 6), object),
        [[1.0], [1.0, 2.0]],
        "x",
        None,
    ],
    ids=["bool", "complex", "datetime64", "object", "ragged", "text", "None"],
)
def test_what_is_no_array_of_numbers_is_refused(image: nn2flash.Network, x: Any) -> None:
    (name,) = (value.name for value in image.graph.inputs)
    for given in (x, {name: x}):
        with pytest.raises(UserError, match=f"input '{name}' is no array of numbers"):
            image.reference(given)


def test_int8_is_quantized_already_whatever_its_shape(image: nn2flash.Network) -> None:
    x = RNG.normal(0, 4, (3, 2, 8, 6)).astype(np.float32)
    rows = quantize_inputs(x, image.graph)
    (value,) = image.graph.inputs
    shaped = value.quantization.quantize(x)
    assert not np.array_equal(shaped.reshape(3, -1), rows)  # channels last in memory
    wanted = image.run(x).bytes
    for given in (rows, shaped, {value.name: rows}, {value.name: shaped}, x.reshape(3, -1)):
        assert np.array_equal(image.run(given).bytes, wanted)
    assert np.array_equal(image.run(shaped[0]).bytes, wanted[:1])


def test_int8_of_several_inputs(tmp_path: Path) -> None:
    network = nn2flash.load(graphs.two_in_two_out().save(tmp_path / "two.onnx"))
    one, other = network.graph.inputs
    real = {v: RNG.normal(0, 2, (4, *v.shape[1:])).astype(np.float32) for v in (one, other)}
    flat = np.concatenate([real[v].reshape(4, -1) for v in real], axis=1)
    stored = {v: v.quantization.quantize(real[v]) for v in real}
    wanted = network.reference({v.name: real[v] for v in real}).bytes
    mixed = {one.name: stored[one], other.name: real[other]}
    rows = quantize_inputs(flat, network.graph)
    for given in ({v.name: stored[v] for v in stored}, mixed, flat, rows):
        assert np.array_equal(network.reference(given).bytes, wanted)
    for shape in ((4, 3), (2, 2, 19), (19,), (0, 19)):
        with pytest.raises(UserError, match=r"the network takes \[N, 19\]") as caught:
            network.reference(np.zeros(shape))
        assert f"'{other.name}' [N, 3, 3]" in caught.value.remedy


@pytest.mark.parametrize("kernels", ["zzz", "", "Auto", ["auto"]])
def test_no_such_kernels(kernels: Any) -> None:
    with pytest.raises(UserError, match="no such kernels") as caught:
        nn2flash.load(FIXTURES / "guide_int8.onnx", kernels)
    assert "'small'" in caught.value.remedy


def test_a_computer_without_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = nn2flash.load(graphs.diamond().save(tmp_path / "diamond.onnx"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(UserError, match="needs a C compiler") as caught:
        network.run(np.zeros((1, network.graph.input_size), np.float32))
    assert "nn2flash doctor" in caught.value.remedy
    monkeypatch.setenv("CC", str(tmp_path / "cc"))
    with pytest.raises(UserError, match="cc: No such file"):
        network.run(np.zeros((1, network.graph.input_size), np.float32))


def test_saboteur_another_compiler_has_a_runtime_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version under the same name; the same one compiles the runtime once."""
    real = shutil.which("cc") or "gcc"
    script = tmp_path / "my cc"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CC", str(script))
    kept = []
    for version in (1, 1, 2):
        text = f'#!/bin/sh\ncase $1 in --version) echo {version};; *) exec {real} "$@";; esac\n'
        script.write_text(text)
        script.chmod(0o755)
        nn2flash.load(FIXTURES / "guide_int8.onnx").run(np.zeros((1, 784), np.float32))
        kept.append(sorted((tmp_path / "nn2flash").iterdir()))
    assert [len(files) for files in kept] == [1, 1, 2]


def test_saboteur_a_damaged_runtime_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut short, or with another byte in it that a linker takes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    network = FIXTURES / "guide_int8.onnx"
    nn2flash.load(network).run(np.zeros((1, 784), np.float32))
    (kept,) = (tmp_path / "nn2flash").iterdir()
    whole = kept.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], whole[:-1] + bytes([whole[-1] ^ 1])):
        kept.write_bytes(damaged)
        nn2flash.load(network).run(np.zeros((1, 784), np.float32))
        assert kept.read_bytes() == whole


@pytest.mark.sample(1)
@pytest.mark.parametrize("place", ["a file", "below a file", "a file for its folder"])
def test_where_nothing_can_be_kept_it_runs_all_the_same(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    cache = tmp_path / "file" / "cache" if place == "below a file" else tmp_path / "file"
    if place == "a file for its folder":
        cache = tmp_path
        (tmp_path / "nn2flash").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    made = nn2flash.load(FIXTURES / "guide_int8.onnx").run(np.zeros((1, 784), np.float32))
    assert len(made.bytes) == 1
