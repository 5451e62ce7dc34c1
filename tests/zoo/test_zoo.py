"""The zoo on networks of the project's own, on those of a shared folder, and what it must see."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from codegen.cut.opened import FORCED, open_network
from codegen.reader.qdq import read_graph
from model.exact import accepted
from model.layers import Forced, by_onnxruntime
from support.errors import UserError
from tests.codegen.graphs import GRAPHS
from tests.codegen.models import QdqModel, two_layers
from tests.codegen.oracle import stored_inputs
from tests.codegen.programs import Case
from tests.fuzz.corpus import added
from tests.zoo import __main__ as command
from tests.zoo import table
from tests.zoo.entries import Entry, model_files, shared_models
from tests.zoo.table import judge, total

SHARED = shared_models()

OWN: dict[str, Callable[[], QdqModel]] = {
    **GRAPHS,
    "softmax": lambda: two_layers(tail="Softmax"),
    "unsigned": added,
}


def halves() -> QdqModel:
    """Means of two elements of an unchanged scale: half of all sums are ties."""
    model = QdqModel((1, 2, 4, 8)).qdq(0.1, 3)
    return model.then("AveragePool", kernel_shape=[1, 2], strides=[1, 2]).qdq(0.1, 3)


def save(folder: Path, models: dict[str, Callable[[], QdqModel]]) -> Path:
    for name, build in models.items():
        build().save(folder / f"{name}.onnx")
    return folder


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["zoo", *words])
    return command.main()


def test_own_networks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path, OWN)
    np.savez(tmp_path / "diamond.npz", inputs=np.full((9, 12), 0.4, np.float32))
    assert run(monkeypatch, "--models", str(tmp_path), "--count", "6") == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert [line.partition(".onnx: taken; ")[0] for line in lines] == sorted(OWN)
    assert all("; mps2_an500: all " in line and " MACs, arena " in line for line in lines)
    (diamond,) = (line for line in lines if line.startswith("diamond.onnx"))
    assert "host: all 24 bytes" in diamond  # six inputs of the file's nine
    assert last.startswith(f"{len(OWN)} of {len(OWN)} models taken, 0 refused, 0 faults; 0 prog")
    assert last.endswith(", 0 unexplained")


@pytest.mark.skipif(SHARED is None, reason="no shared/models beside the project")
def test_networks_of_others() -> None:
    assert SHARED
    rows = judge(model_files(SHARED), ["host"], 2)
    assert not [row.line(row.path.name) for row in rows if row.wrong]
    taken = {row.path.name for row in rows if not row.reason}
    assert {path.name for path in SHARED.glob("*.onnx")} <= taken
    assert sum(row.compared for row in rows) > 1_000_000


def test_a_refusal_is_a_line_and_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = QdqModel((1, 4)).qdq(0.1, 0)
    save(tmp_path, {"trigonometric": lambda: model.then("Cos").qdq(0.1, 0)})
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "broken.onnx").write_bytes(b"no model")
    assert run(monkeypatch, "--models", str(tmp_path), "--board", "host") == 0
    broken, other, last = capsys.readouterr().out.splitlines()
    assert broken.startswith("inner/broken.onnx: refused: not an ONNX file")
    assert other.startswith("trigonometric.onnx: refused: node 'cos_2' (Cos): unsupported op")
    assert "0 of 2 models taken, 2 refused" in last


def test_a_folder_without_models_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no model"):
        model_files(tmp_path)
    with pytest.raises(UserError, match="no such folder"):
        model_files(tmp_path / "none")


# --- what it must see -----------------------------------------------------------------------------


def forced(model: QdqModel, folder: Path, count: int = 64) -> Forced:
    path = model.save(folder / "model.onnx")
    opened = open_network(path, stored_inputs(read_graph(path), count=count))
    return by_onnxruntime(opened.cut, opened.arrays)


def test_ties_are_accepted_and_nothing_else(tmp_path: Path) -> None:
    """Each byte of the pool planted one off: right at odd sums, on the tie's other side."""
    found = forced(halves(), tmp_path)
    layer = found.layers[-1]
    assert layer.operator == "AveragePool"
    pairs = (
        found.feeds[found.layers[0].tensor.name + FORCED]
        .astype(int)
        .reshape(*layer.reference.shape, 2)
        - 3
    )
    sums = pairs.sum(axis=-1)
    for step in (1, -1):
        other = layer.reference.astype(int) + step
        # Both neighbours of a half: twice the byte is the sum, one up or one down.
        ties = (sums % 2 == 1) & (np.abs(2 * (other - 3) - sums) == 1)
        ties &= np.abs(other) < 127
        planted = np.where(np.abs(other) < 127, other, layer.reference).astype(np.int8)
        assert np.array_equal(accepted(found, replace(layer, oracle=planted)), ties)
        assert ties.sum() > ties.size / 8
    assert not accepted(found, replace(layer, oracle=layer.reference ^ 2)).any()


def test_layers_are_judged_from_forced_inputs(tmp_path: Path) -> None:
    """Every quantized tensor is a layer, with the shape and bytes of the model's own order."""
    found = forced(GRAPHS["image"](), tmp_path)
    operators = [layer.operator for layer in found.layers]
    assert operators.count("Conv") == 2 and {"Concat", "ConvTranspose", "Gemm"} <= {*operators}
    for layer in found.layers:
        assert not (layer.differing & ~accepted(found, layer)).any(), layer.tensor.name


def test_a_layer_that_computes_something_else_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reference that is one step off in one layer, and follows itself from there."""
    from codegen.ops.average_pool import AveragePoolOperator

    true = AveragePoolOperator.reference
    monkeypatch.setattr(
        AveragePoolOperator,
        "reference",
        lambda self, op, *inputs: np.clip(true(self, op, *inputs), -128, 126) + np.int8(1),
    )
    save(tmp_path, {"image": GRAPHS["image"]})
    (row,) = judge(model_files(tmp_path), [], 4)
    assert row.wrong and "(AveragePool)" in row.first
    pooled = 4 * 4 * 4 * 3  # inputs, channels, rows, columns; saturated ones stay
    assert pooled / 2 < row.unexplained <= pooled
    assert f"UNEXPLAINED {row.unexplained}, first in 'quantizelinear_" in row.line("image")


def test_a_program_that_gives_other_bytes_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Doubted(Case):
        """A network of which one byte is believed to be another."""

        @property
        def expected(self) -> np.ndarray:
            believed = super().expected.copy()
            believed[1, 0] ^= 1
            return believed

    monkeypatch.setattr(table, "Case", Doubted)
    save(tmp_path, {"two": two_layers})
    rows = judge(model_files(tmp_path), ["host"], 3)
    assert rows[0].line("two").startswith("two: taken; host: WRONG: 1 of 9 bytes differ; layers: ")
    assert "1 programs differ" in total(rows) and rows[0].wrong


def test_an_exception_is_a_fault_of_one_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, {"one": two_layers, "other": added})
    measure = table._measure

    def planted(entry: Entry, row: table.Row) -> None:
        if row.path.stem == "one":
            raise IndexError("planted")
        measure(entry, row)

    monkeypatch.setattr(table, "_measure", planted)
    one, other = judge(model_files(tmp_path), [], 2)
    assert one.wrong and one.line("one") == "one: FAULT: IndexError: planted"
    assert not other.wrong and other.compared
