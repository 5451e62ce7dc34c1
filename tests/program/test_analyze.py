"""`nn2flash analyze`: what it tells of networks, of boards too small, of what is unsupported."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.analysis import analysis
from codegen.generate import generate
from codegen.kernels.wanted import Kernels
from codegen.layer_sizes import largest
from codegen.outputs import MANIFEST
from codegen.plan import plan_network
from codegen.reader.qdq import read_graph
from nn2flash.cli import main
from support.errors import UserError
from support.files import read_json
from tests.codegen import graphs
from tests.codegen.models import QdqModel, two_layers
from tests.codegen.shapes import Shaped, shaped
from tests.program.conftest import FIXTURES, REPOSITORY, from_sources
from tests.tflite.models import TfliteModel

GUIDE = FIXTURES / "guide_int8.onnx"
BOARD = REPOSITORY / "firmware" / "boards" / "netduinoplus2" / "board.toml"


def told(capsys: pytest.CaptureFixture[str], *words: str | Path, status: int = 0) -> Any:
    """What `analyze … --json` prints."""
    assert (main(["analyze", *map(str, words), "--json"]) or 0) == status
    return json.loads(capsys.readouterr().out)


def test_figures_are_those_of_what_is_generated(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    found = told(capsys, GUIDE)
    generate(read_graph(GUIDE), "network", tmp_path, kernels=Kernels("auto"))
    manifest = json.loads((tmp_path / "network_manifest.json").read_text())
    assert found["sha256"] == manifest["model_sha256"]
    assert found["macs"] == manifest["macs"] == 784 * 128 + 128 * 64 + 64 * 10
    assert found["weights_bytes"] == manifest["weights_bytes"]
    assert found["activations_bytes"] == manifest["activations_bytes"]
    assert found["operators"] == {"fully_connected": 3}
    keys = ("name", "op", "kernel", "why", "macs", "constants_bytes")
    assert [[layer[key] for key in keys] for layer in found["layers"]] == [
        [layer[key] for key in keys] for layer in manifest["layers"]
    ]
    assert sum(layer["instructions"] for layer in found["layers"]) < found["instructions"]


def test_the_peak_names_its_tensors(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    model = graphs.convolved(QdqModel((1, 1, 8, 8)).qdq(0.05, 0), rng, (2, 1, 3, 3))
    graphs.convolved(model, rng, (9, 2, 1, 1))
    path = graphs.convolved(model, rng, (2, 9, 3, 3)).save(tmp_path / "wide.onnx")
    # Kernels without scratch, each layer by itself.
    peak = told(capsys, path, "--kernels", "portable")["peak"]
    # What the second convolution reads and writes: its input ends behind its output, and when the
    # last of 36 pixels of 9 bytes is written, the last of 2 bytes is still read.
    behind = 36 * 9 - 35 * 2
    assert peak["bytes"] == -(-behind // 4) * 4 + 36 * 2
    assert len(peak["tensors"]) == 2 and peak["tensors"][0]["bytes"] == 9 * 36
    layout = plan_network(read_graph(path)).layout
    assert peak["bytes"] == layout.packing.bound.bytes
    # They share bytes at this moment: together they are more than the need.
    assert all(tensor["shares"] for tensor in peak["tensors"])
    assert sum(tensor["bytes"] for tensor in peak["tensors"]) > peak["bytes"]
    names = {value.name for value in layout.lives.names}
    assert {tensor["name"] for tensor in peak["tensors"]} <= names
    assert peak["layer"] in {op.name for op in layout.graph.ops}


def test_what_more_memory_would_buy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    shaped("LeNet-5", tmp_path)
    (path,) = tmp_path.glob("*.onnx")
    memory = told(capsys, path)["memory"]
    now, most = memory["needed"], memory["others"][-1]
    assert most["bytes"] > now["bytes"] and most["slower_percent"] == 0
    faster = 100 - 100 * 100 / (100 + now["slower_percent"])
    assert main(["analyze", str(path)]) == 0
    line = f"{most['bytes']:,} would take {faster:.1f} % fewer cycles, "
    assert line in capsys.readouterr().out


def test_kernels_are_those_of_the_processor(capsys: pytest.CaptureFixture[str]) -> None:
    fast, slow = told(capsys, GUIDE), told(capsys, GUIDE, "--core", "cortex-m3", "--no-fpu")
    assert {layer["kernel"] for layer in fast["layers"]} == {"dense"}
    assert all("cortex-m3 has no DSP extension" in layer["why"] for layer in slow["layers"])
    assert slow["instructions"] > 5 * fast["instructions"]
    cores = {core["core"]: core for core in fast["cores"]}
    assert cores == {core["core"]: core for core in slow["cores"]}
    assert cores["cortex-m7"]["instructions"] == fast["instructions"]
    assert cores["cortex-m3"]["layers"] == [layer["instructions"] for layer in slow["layers"]]
    assert slow["target"] == {"core": "cortex-m3", "isa": "scalar", "fpu": False, "tcm": None}


@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m0plus", "cortex-m3", "cortex-m23"])
def test_no_core_gets_an_fpu_that_arm_makes_it_without(
    core: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, GUIDE, "--core", core)["target"]["fpu"] is False


def test_a_board_that_it_fits_shows_where_everything_lies(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = told(capsys, GUIDE, "--board", "stm32h750b_dk")
    assert found["board"]["name"] == "stm32h750b_dk" and found["placement"]["fits"]
    objects = found["placement"]["objects"]
    assert objects["activations"]["bytes"] == found["activations_bytes"]
    stored = sum(row["bytes"] for name, row in objects.items() if name.startswith("weights"))
    assert stored == found["weights_bytes"]
    assert main(["analyze", str(GUIDE), "--board", "stm32h750b_dk"]) == 0
    shown = [line for line in capsys.readouterr().out.splitlines() if " in " in line]
    reserved = {line.split()[1] for line in shown if "reserved" in line}
    assert reserved == {"code", "data", "stack", "kernels"}, "these are no sizes of the network"


def test_a_board_that_is_too_small_is_told_by_how_much(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = BOARD.read_text()
    assert "length = 0x00020000" in text
    (tmp_path / "board.toml").write_text(text.replace("length = 0x00020000", "length = 0x00002000"))
    path = graphs.image().save(tmp_path / "image.onnx")
    assert main(["analyze", str(path), "--board", str(tmp_path)]) == 0
    capsys.readouterr()
    rng = np.random.default_rng(0)
    large = QdqModel((1, 3, 32, 32)).qdq(0.05, 0)
    path = graphs.convolved(large, rng, (8, 3, 3, 3)).save(tmp_path / "large.onnx")
    found = told(capsys, path, "--board", tmp_path, status=4)
    placement = found["placement"]
    free = 0x2000 - 4096 - 2048  # without stack and data, as board.toml and placement keep them
    lacks = found["activations_bytes"] - free
    assert not placement["fits"] and f"sram lacks {lacks:,} B" in placement["why"]
    assert largest(json.loads(json.dumps(_manifest(path))))["activations"] in placement["why"]
    assert f"at most {free:,} bytes of activations would fit" in placement["remedy"]
    assert main(["analyze", str(path), "--board", str(tmp_path)]) == 4
    shown = capsys.readouterr().out
    assert f"  does not fit  {placement['why']}\n" in shown and placement["remedy"] in shown


def _manifest(path: Path) -> dict[str, Any]:
    from codegen.generate import manifest

    return manifest(plan_network(read_graph(path), Kernels("auto")), "network")


def test_the_text_shows_every_layer(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = graphs.image().save(tmp_path / "image.onnx")
    found = told(capsys, path, "--board", "mps2_an500")
    assert not main(["analyze", str(path), "--board", "mps2_an500"])
    lines = capsys.readouterr().out.splitlines()
    table = lines[lines.index("") + 2 :]
    assert [line.split()[0] for line in table] == [layer["name"] for layer in found["layers"]]
    for line, layer in zip(table, found["layers"], strict=True):
        assert f"{layer['instructions']:,}" in line and layer["why"] in line
    assert any(line.startswith("  fits  ") for line in lines)
    assert f"{found['flash_bytes']:,} bytes" in next(line for line in lines if "flash" in line)


def test_tables_are_told_as_text_and_on_the_page(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What there are, and what more would buy; the same options have `codegen generate`."""
    path = Shaped(8, 12, 12).conv(8).conv(16).save(tmp_path / "tables.onnx")
    page = tmp_path / "page.html"
    assert not main(["analyze", str(path), "--table-memory", "2304", "--html", str(page)])
    shown = capsys.readouterr().out
    assert " 2,304 tables," in shown
    assert "  table memory  2,304 bytes taken; fewer cycles, estimated, with 6,912 " in shown
    text = " ".join(page.read_text(encoding="utf-8").split())
    assert ", 2,304 tables</dd>" in text and "have 2,304 bytes." in text
    assert re.search(r"6,912 an inference takes \d+\.\d % fewer cycles, estimated\.", text)
    assert not main(["analyze", str(path), "--kernels", "portable", "--html", str(page)])
    assert "ables of expanded weights" not in page.read_text(encoding="utf-8")


def test_the_page_has_the_graph(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = graphs.image().save(tmp_path / "image.onnx")
    page = tmp_path / "page.html"
    assert not main(["analyze", str(path), "--board", "mps2_an500", "--html", str(page)])
    capsys.readouterr()
    layers = told(capsys, path)["layers"]
    text = page.read_text(encoding="utf-8")
    assert text.count('class="box"') == len(layers) + 1
    assert all(f"<code>{layer['name']}</code>" in text for layer in layers)
    assert "src=" not in text and "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_saboteur_a_page_over_the_model(tmp_path: Path) -> None:
    path = two_layers().save(tmp_path / "net.onnx")
    (tmp_path / "page.html").symlink_to(path)
    before = path.read_bytes()
    with pytest.raises(UserError, match="is what is to be read"):
        main(["analyze", str(path), "--html", str(tmp_path / "page.html")])
    assert path.read_bytes() == before and (tmp_path / "page.html").is_symlink()


def unsupported(nodes: int) -> QdqModel:
    """`nodes` branches with an operator that is not read, another one behind the first."""
    model = QdqModel((1, 6)).qdq(0.05, 0)
    start = model.value
    for index in range(nodes):
        model.at(start).then("Softplus" if index == 1 else "IsNaN").qdq(0.05, 0)
        if index == 0:
            model.then("Relu").qdq(0.05, 0)
        model.output()
    return model


def test_nodes_are_grouped_by_what_is_wrong_with_them(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = unsupported(1000).save(tmp_path / "many.onnx", check=False)
    found = told(capsys, path, status=3)
    (group,) = found["unsupported"]
    assert group["operator"] == "IsNaN" and len(group["nodes"]) == 999
    assert group["reason"] == "unsupported operator" and "operators" in group["remedy"]
    # Of each branch a QuantizeLinear and what follows it.
    assert found["not_judged"] == 999 * 2 + 3
    assert main(["analyze", str(path)]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5 and lines[0].endswith("many.onnx: 999 nodes are not supported")
    assert lines[1] == "  IsNaN, 999 nodes: unsupported operator"
    assert lines[2].endswith(" and 996 more")


def test_nodes_behind_others_are_judged_by_their_operator(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    model = QdqModel((1, 6)).qdq(0.05, 0)
    for op in ("IsNaN", "Relu", "IsInf", "Floor", "IsNaN"):
        model.then(op).qdq(0.05, 0)
    path = model.output().save(tmp_path / "behind.onnx", check=False)
    found = told(capsys, path, status=3)
    counts = {group["operator"]: len(group["nodes"]) for group in found["unsupported"]}
    assert counts == {"IsNaN": 2, "IsInf": 1}  # Floor is read where it computes a constant
    assert found["not_judged"] == 2 + 5 * 2


def test_reasons_of_one_operator_stand_apart(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    model = QdqModel((1, 6)).qdq(0.05, 0)
    start = model.value
    for op, attributes in (("LSTM", {"hidden_size": 3}), ("Relu", {}), ("IsInf", {})):
        model.at(start).then(op, **attributes).qdq(0.05, 0).output()
    path = model.save(tmp_path / "mixed.onnx", check=False)
    found = told(capsys, path, status=3)["unsupported"]
    assert {group["operator"] for group in found} == {"LSTM", "IsInf"}


def test_an_operator_of_tflite_is_told_as_its_file_has_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    model = TfliteModel().input((1, 4)).then("UNIDIRECTIONAL_SEQUENCE_LSTM", [], (1, 4), 0.1)
    path = model.then("TANH", [], (1, 4), 1 / 128).save(tmp_path / "recurrent.tflite")
    found = told(capsys, path, status=3)
    (group,) = found["unsupported"]
    assert group["operator"] == "UNIDIRECTIONAL_SEQUENCE_LSTM" and len(group["nodes"]) == 1
    assert found["not_judged"] == 1


def test_nothing_that_trains_builds_or_compiles_is_needed(tmp_path: Path) -> None:
    """Not in this process, whose tests have loaded everything; and with no program on the path."""
    program = (
        f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); from nn2flash.cli import main\n"
        f"assert not main(['analyze', {str(GUIDE)!r}, '--board', 'mps2_an500'])\n"
        "heavy = {'torch', 'onnxruntime', 'SCons', 'unicorn', 'elftools', 'serial', 'model'}\n"
        "print(heavy & sys.modules.keys(), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "set()\n")
    assert list(tmp_path.iterdir()) == []


def test_notes_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model = two_layers()
    model.inputs[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    path = model.save(tmp_path / "open.onnx", check=False)
    assert told(capsys, path)["notes"] == ["input 'input': its batch is open, and is taken as 1"]
    assert not main(["analyze", str(path)])
    assert "  note          input 'input': its batch is open" in capsys.readouterr().out
    assert from_sources("analyze", path, where=tmp_path).stderr == ""


def test_code_that_kernels_have_the_network_define_counts(tmp_path: Path) -> None:
    """The room that a board's memories keep for it is what a build will keep."""
    graph = shaped("LeNet-5", tmp_path)
    plan = generate(graph, "network", tmp_path, kernels=Kernels("auto"))
    assert plan.own_code_bytes > 0
    assert analysis._code(plan) == read_json(tmp_path / f"network{MANIFEST}")["code"]
