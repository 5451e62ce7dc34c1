"""Fuzz the readers: mutated .onnx or .tflite files are refused in one line, or read and right.

What is read is planned, computed by the reference and compared with onnxruntime or LiteRT; one
model in some is written as C sources, too.

`python -m tests.fuzz.fuzz_reader --cases 100000 --seed 1 --json out.json` is a full campaign;
`--kind tflite` is one of .tflite files; `--case N` runs one case here and now and keeps its model.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from codegen.generate import generate
from codegen.ir.graph import Graph, Op, Value
from codegen.ir.types import Array
from codegen.ops.elementwise import Elementwise
from codegen.plan import plan_network
from codegen.reader.qdq import read_graph
from codegen.reference import all_values
from codegen.reference import run as run_reference
from codegen.weighted_sum import WeightedSum
from model.litert import litert_outputs
from support.errors import UserError, run_cli
from support.network_file import is_tflite
from tests.codegen.oracle import Int8Array, onnxruntime_outputs, stored_inputs
from tests.fuzz.apart import apart
from tests.fuzz.campaign import Report, run_campaign
from tests.fuzz.corpus import corpus, tflite_corpus
from tests.fuzz.mutate import mutate
from tests.fuzz.mutate_tflite import mutate as mutate_tflite

# Address space of a worker beyond what it starts with.
MEMORY = 1 << 30
# Writing all sources takes a hundred times as long as reading: one model in so many.
GENERATE_ONE_IN = 200
LONGEST_MESSAGE = 1000


@dataclass(frozen=True)
class Kind:
    """Files of one kind.

    Attributes:
        corpus: valid ones, as bytes.
        mutate: damages one of a corpus, the same way for the same key.
    """

    corpus: Callable[[], list[bytes]]
    mutate: Callable[[Sequence[bytes], str], bytes]


KINDS = {
    "onnx": Kind(corpus, mutate),
    "tflite": Kind(tflite_corpus, mutate_tflite),
}


@cache
def models(kind: str = "onnx") -> list[bytes]:
    """The corpus, built once."""
    return KINDS[kind].corpus()


def model_of(seed: int, number: int, kind: str = "onnx") -> bytes:
    """The model of a case."""
    return KINDS[kind].mutate(models(kind), f"{seed}/{number}")


def read_one(data: bytes, path: Path, write: bool = False) -> str:
    """Read a model as the command line would.

    Returns:
        `refused`, `agrees` (with the interpreter, to within one step), `differs` (where it may)
        or `unknown` (the interpreter does not take the model).

    Args:
        write: also write all its sources.

    Raises:
        Exception: anything but a clear message is a finding.
    """
    path.write_bytes(data)
    try:
        graph = read_graph(path)
    except UserError as error:
        check_message(error, path)
        return "refused"
    plan = plan_network(graph)
    assert plan.weights_size % 4 == 0 and plan.arena_size >= 4
    inputs = stored_inputs(graph, count=4)
    outputs = run_reference(graph, inputs)
    assert outputs.dtype == np.int8 and outputs.shape == (4, graph.output_bytes)
    if write:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            generate(graph, "network", Path(folder))
    return compare(path, graph, inputs, outputs)


def compare(path: Path, graph: Graph, inputs: Int8Array, outputs: Int8Array) -> str:
    """Hold what the reader understood against what onnxruntime or LiteRT understands."""
    try:
        if is_tflite(path):
            # A damaged file may end LiteRT's process.
            expected = apart(lambda: litert_outputs(path.read_bytes(), inputs))
        else:
            expected = onnxruntime_outputs(path, graph, inputs)
    except Exception:
        return "unknown"
    difference = np.abs(outputs.astype(int) - expected)
    if difference.max() <= 1:
        return "agrees"
    # A tie that falls the other way in one layer may be several steps behind a steep one.
    later = len(graph.ops) > 1 and np.count_nonzero(difference > 1) <= max(1, outputs.size // 8)
    may_differ = later or any(coarse(op) for op in graph.ops) or divides_zero(graph, inputs)
    may_differ |= is_tflite(path) and extreme(graph)
    if not may_differ:
        raise AssertionError(f"differs from the interpreter by {difference.max()}")
    return "differs"


def coarse(node: Op) -> bool:
    """Whether a step of the accumulator is a large part of one of the output.

    Then the bias, rounded to the accumulator's steps, may move a byte, and layers behind may
    multiply that.
    """
    return isinstance(node, WeightedSum) and float(node.multipliers.max()) > 0.1


def extreme(graph: Graph) -> bool:
    """Whether a scale leaves what LiteRT's multipliers of 32 bits with a shift can say, or sums may
    leave int32, where they wrap around."""
    sums = [op for op in graph.ops if isinstance(op, WeightedSum)]
    if any(np.abs(op.bias.astype(np.int64)).max(initial=0) > 2**30 for op in sums):
        return True
    found = [op.output.type.quantization for op in graph.ops]
    return any(q is not None and not 2.0**-40 < float(q.scale) < 2.0**40 for q in found)


def divides_zero(graph: Graph, inputs: Int8Array) -> bool:
    """Whether 0 is divided by 0: then we give the byte of 0, onnxruntime one of no meaning."""
    known = all_values(graph, inputs)

    def real(value: Value) -> Array:
        quantization = value.type.quantization
        return quantization.dequantize(known[value]) if quantization else known[value]

    for op in graph.ops:
        if isinstance(op, Elementwise) and op.function == "div":
            operands = [real(value) for value in op.inputs]
            operands += [] if op.constant is None else [op.constant]
            if np.logical_and(*(each == 0 for each in operands)).any():
                return True
    return False


def check_message(error: UserError, path: Path) -> None:
    """One line that begins with the file, and a remedy of one line."""
    assert error.message.startswith(f"{path}: "), error.message
    assert error.message.isprintable() and error.remedy.isprintable(), repr(error)
    assert error.remedy and len(error.message) < len(str(path)) + LONGEST_MESSAGE, error


def campaign(
    seed: int, cases: range, folder: Path, live: bool = False, kind: str = "onnx"
) -> Report:
    """Run cases of a seed; models are written below `folder`."""

    def target(number: int) -> str:
        write = number % GENERATE_ONE_IN == 0
        return read_one(model_of(seed, number, kind), folder / f"fuzzed.{kind}", write)

    def progress(report: Report) -> None:
        if live:
            print(
                f"{report.cases}/{len(cases)} cases in {report.seconds:.0f} s, "
                f"{len(report.findings)} findings",
                file=sys.stderr,
            )

    models(kind)
    return run_campaign(target, cases, MEMORY, progress=progress)


def main() -> int:
    """The command line; ends with 1 when there are findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS, default="onnx", help="of the files")
    parser.add_argument("--cases", type=int, default=1500)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the report here")
    parser.add_argument("--case", type=int, help="run this case alone, in this process")
    parser.add_argument("--keep", type=Path, help="file for --case")
    arguments = parser.parse_args()
    if arguments.case is not None:
        data = model_of(arguments.seed, arguments.case, arguments.kind)
        kept = arguments.keep or Path(f"fuzzed.{arguments.kind}")
        print(read_one(data, kept, write=True))
        return 0
    cases = range(arguments.first, arguments.first + arguments.cases)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        report = campaign(arguments.seed, cases, Path(folder), live=True, kind=arguments.kind)
    for number, text in report.findings.items():
        digest = hashlib.sha256(model_of(arguments.seed, number, arguments.kind)).hexdigest()[:12]
        print(f"case {number} of seed {arguments.seed} ({digest}):\n{text}")
    print(
        f"{report.cases} cases in {report.seconds:.0f} s: {dict(report.outcomes)}, "
        f"slowest {report.slowest:.2f} s (case {report.slowest_case}), peak {report.peak_mb:.0f} MB"
    )
    if arguments.json:
        arguments.json.write_text(report.to_json() + "\n")
    return 1 if report.findings else 0


if __name__ == "__main__":
    run_cli("fuzz_reader", main)
