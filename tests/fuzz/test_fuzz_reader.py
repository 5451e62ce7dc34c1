"""A bounded sample of the reader's fuzzing, and proof that the campaign sees what it must see."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
import tflite

from codegen.ops import operators
from codegen.reader.qdq import read_graph
from codegen.reference import run as run_reference
from support.errors import UserError
from tests.codegen.models import QdqModel
from tests.fuzz.apart import Broke, apart
from tests.fuzz.campaign import Report, Target, run_campaign
from tests.fuzz.fuzz_reader import campaign, check_message, compare, model_of, models, read_one

SAMPLE = 750
SEED = 1


def test_sample(tmp_path: Path) -> None:
    report = campaign(SEED, range(SAMPLE), tmp_path)
    assert report.findings == {}
    assert report.cases == SAMPLE
    # Neither all refused at the door nor all harmless.
    assert report.outcomes["agrees"] > SAMPLE / 20
    assert report.outcomes["refused"] > SAMPLE / 2
    assert report.outcomes["unknown"] < SAMPLE / 50


def test_sample_of_tflite(tmp_path: Path) -> None:
    cases = range(SAMPLE // 3)
    report = campaign(SEED, cases, tmp_path, kind="tflite")
    assert report.findings == {}
    assert report.cases == len(cases)
    assert report.outcomes["agrees"] > len(cases) / 4
    assert report.outcomes["refused"] > len(cases) / 3
    assert report.outcomes["unknown"] < len(cases) / 5


def test_the_tflite_corpus_is_valid(tmp_path: Path) -> None:
    found = [read_one(data, tmp_path / "m.tflite") for data in models("tflite")]
    assert found == ["agrees"] * len(models("tflite"))


def test_damage_of_every_kind_to_tflite(tmp_path: Path) -> None:
    """Files that no longer parse, that parse otherwise, and whose tables are other ones."""
    whole = set(models("tflite"))
    damaged = [model_of(SEED, number, "tflite") for number in range(200)]
    assert damaged == [model_of(SEED, number, "tflite") for number in range(200)]
    assert not whole & set(damaged)
    parsed = [data for data in damaged if data[4:8] == b"TFL3"]
    assert len(parsed) > 150
    codes = set()
    for data in parsed:
        with contextlib.suppress(Exception):
            codes.add(tflite.Model.GetRootAs(data, 0).OperatorCodes(0).BuiltinCode())
    assert len(codes) > 20


def test_who_breaks_apart_breaks_nothing_here() -> None:
    assert apart(lambda: [1, "a"]) == [1, "a"]
    with pytest.raises(Broke, match="status -9"):
        apart(lambda: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(Broke, match="status 1"):
        apart(lambda: int("nothing"))


def test_the_corpus_is_valid(tmp_path: Path) -> None:
    assert [read_one(data, tmp_path / "m.onnx") for data in models()] == ["agrees"] * len(models())


def test_the_corpus_has_every_operator() -> None:
    known = {name for operator in operators() for name in operator.handlers}
    known |= {name for operator in operators() for name in operator.read_elsewhere}
    graphs = [onnx.ModelProto.FromString(data).graph for data in models()]
    found = {node.op_type for graph in graphs for node in graph.node}
    # Of opsets before 10, and of .tflite files: what reads them makes the nodes.
    assert known - found == {"Upsample", "Table"}


def test_a_case_is_its_seed_and_number() -> None:
    first = [model_of(SEED, number) for number in range(50)]
    assert first == [model_of(SEED, number) for number in range(50)]
    others = {hashlib.sha256(model_of(SEED + 1, number)).digest() for number in range(50)}
    assert len(others | {hashlib.sha256(data).digest() for data in first}) > 90


# --- what the campaign must see -------------------------------------------------------------------


def run(target: Target, cases: int = 5) -> Report:
    return run_campaign(target, range(10, 10 + cases), memory=1 << 28, limits=(1, 4))


def test_zero_by_zero_may_differ_and_nothing_else(tmp_path: Path) -> None:
    """Bytes that are two steps off where nothing is divided by 0 are a finding."""
    model = QdqModel((1, 4)).qdq(0.1, 0)
    read = model.value
    model.then("Div", read).qdq(0.05, 3)
    path = model.save(tmp_path / "model.onnx")
    graph, inputs = read_graph(path), np.array([[0, 1, 2, 3]], np.int8)
    outputs = run_reference(graph, inputs)
    assert outputs.tolist() == [[3, 23, 23, 23]]
    assert compare(path, graph, inputs, outputs) == "differs"
    with pytest.raises(AssertionError, match="differs from the interpreter by 2"):
        compare(path, graph, inputs[:, [1, 1, 2, 3]], outputs[:, [1, 1, 2, 3]] + np.int8(2))


def test_an_exception_is_a_finding() -> None:
    def target(number: int) -> str:
        if number == 12:
            raise IndexError("planted")
        return "fine"

    report = run(target)
    assert report.outcomes == {"fine": 4, "finding": 1}
    assert list(report.findings) == [12] and "IndexError: planted" in report.findings[12]


def test_a_hang_is_a_finding() -> None:
    def target(number: int) -> str:
        while number == 11:
            pass
        return "fine"

    report = run(target)
    assert list(report.findings) == [11] and "still running after its time" in report.findings[11]


def test_a_hang_that_heeds_no_signal_is_a_finding() -> None:
    def target(number: int) -> str:
        if number == 13:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGPROF])
            time.sleep(60)
        return "fine"

    report = run(target)
    assert list(report.findings) == [13] and "signal 9" in report.findings[13]
    assert report.outcomes["fine"] == 4


def test_too_much_memory_is_a_finding() -> None:
    def target(number: int) -> str:
        return "fine" if number != 14 else str(len(bytes(1 << 29)))

    report = run(target)
    assert list(report.findings) == [14] and "MemoryError" in report.findings[14]


def test_a_dead_process_is_a_finding() -> None:
    def target(number: int) -> str:
        if number in (10, 12):
            os.kill(os.getpid(), signal.SIGKILL)
        return "fine"

    report = run(target)
    assert report.outcomes == {"fine": 3, "finding": 2}
    assert all("signal 9" in text for text in report.findings.values())


@pytest.mark.parametrize(
    "message", ["other.onnx: bad", "m.onnx: two\nlines", "m.onnx: " + "x" * 2000, "m.onnx: \x1b[2J"]
)
def test_an_unclear_message_is_a_finding(message: str) -> None:
    with pytest.raises(AssertionError):
        check_message(UserError(message, "a remedy"), Path("m.onnx"))


def test_a_misread_model_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """onnxruntime is a judge of its own: a reader that forgets transB would not get past it."""
    from codegen.reader.context import integer

    monkeypatch.setattr(
        "codegen.ops.fully_connected.integer",
        lambda walk, node, name, default: (
            1 if name == "transB" else integer(walk, node, name, default)
        ),
    )
    square = onnx.ModelProto.FromString(_square())
    with pytest.raises(AssertionError, match="differs from the interpreter"):
        read_one(square.SerializeToString(), tmp_path / "m.onnx")


def _square() -> bytes:
    """A layer whose weights have the same shape when transposed."""
    import numpy as np

    from tests.codegen.models import QdqModel

    model = QdqModel((1, 4)).qdq(0.1, 0)
    weights = model.dequantized(np.arange(-8, 8, dtype=np.int8).reshape(4, 4), 0.02)
    square = model.then("Gemm", weights, transB=0).qdq(0.05, 0).build()
    return bytes(square.SerializeToString())


# --- what campaigns have found --------------------------------------------------------------------


def test_operator_name_that_is_not_text(tmp_path: Path) -> None:
    """Seed 3: protobuf hands out bytes for strings that are not UTF-8; looking them up raised."""
    data = models()[0].replace(b"QuantizeLinear", b"Quantize\xff\xfenear", 1)
    (tmp_path / "m.onnx").write_bytes(data)
    with pytest.raises(UserError, match="a name is not UTF-8"):
        read_graph(tmp_path / "m.onnx")


def test_multiplier_near_the_end_of_float32(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    """Seed 3, case 383: the reference warned of an overflow that its clamp makes harmless."""
    import numpy as np

    from codegen.reference import run as reference
    from tests.codegen.models import QdqModel

    model = QdqModel((1, 2)).qdq(1.0, 0).gemm(np.array([[127, 127]], np.int8), 1e37).qdq(0.1, 0)
    graph = read_graph(model.save(tmp_path / "m.onnx"))
    outputs = reference(graph, np.array([[1, 1], [-1, -1], [0, 0]], np.int8))
    assert outputs.ravel().tolist() == [127, -128, 0]
    assert not recwarn.list
