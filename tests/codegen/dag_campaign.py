"""Random graphs of random operators: C against the reference, and each layer against onnxruntime.

`python -m tests.codegen.dag_campaign --networks 2000 --seed 1` is a campaign on this computer with
sanitizers; `--board mps2_an500` runs them on the emulated Cortex-M7. `--keep DIR` writes the models
of findings.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from codegen.cut.opened import open_network
from codegen.kernels.wanted import WANTED, Kernels
from codegen.reader.qdq import read_graph
from model.layer_verdict import first_wrong, judge
from model.layers import NoOracle, by_onnxruntime
from support.errors import UserError, run_cli
from tests.codegen.oracle import stored_inputs
from tests.codegen.programs import Case
from tests.codegen.random_dags import random_dag
from tests.codegen.random_networks import BATCH, INPUTS, Report, run_batch


def dag_case(seed: int, number: int, folder: Path) -> tuple[Path, Case]:
    """Network `number` of a seed: its file, and what it is as it reads, with inputs."""
    model = random_dag(np.random.default_rng([seed, number]))
    path = model.save(folder / f"dag_{number}.onnx")
    graph = read_graph(path)
    inputs = stored_inputs(graph, number, INPUTS)
    kernels = Kernels(WANTED[number % len(WANTED)], inputs[::2])
    return path, Case(f"dag_{number}", graph, inputs, kernels)


def unexplained(path: Path, case: Case) -> str:
    """Where a layer differs from onnxruntime without a tie; "" where none does."""
    opened = open_network(path, case.inputs)
    wrong = first_wrong(judge(by_onnxruntime(opened.cut, opened.arrays)))
    return f"{wrong.name}: {wrong.unexplained} bytes differ from onnxruntime" if wrong else ""


def campaign(
    seed: int, numbers: range, board: str = "host", keep: Path | None = None, live: bool = False
) -> Report:
    """Run networks of a seed in batches.

    Args:
        keep: where the models of findings are copied to.
    """
    report, start = Report(), time.monotonic()
    for first in range(numbers.start, numbers.stop, BATCH):
        with tempfile.TemporaryDirectory(prefix="dags-") as folder:
            batch = range(first, min(first + BATCH, numbers.stop))
            wrong = _batch(seed, batch, board, Path(folder), report)
            for number in wrong if keep else ():
                assert keep
                keep.mkdir(parents=True, exist_ok=True)
                data = (Path(folder) / f"dag_{number}.onnx").read_bytes()
                (keep / f"dag_{seed}_{number}.onnx").write_bytes(data)
        report.findings |= wrong
        report.seconds = time.monotonic() - start
        if live:
            print(
                f"{report.networks}/{len(numbers)} networks in {report.seconds:.0f} s, "
                f"{len(report.findings)} findings",
                file=sys.stderr,
            )
    return report


def _batch(seed: int, numbers: range, board: str, folder: Path, report: Report) -> dict[int, str]:
    """Number → what is wrong; a refusal is: all that grows here is supported."""
    wrong: dict[int, str] = {}
    cases = []
    for number in numbers:
        report.networks += 1
        try:
            path, case = dag_case(seed, number, folder)
            said = unexplained(path, case)
        except (UserError, NoOracle) as error:
            wrong[number] = f"{type(error).__name__}: {error}"
            continue
        if said:
            wrong[number] = said
        cases.append(case)
        report.outputs += len(case.inputs) * case.graph.output_bytes
    if cases:
        told = run_batch(cases, board, folder)
        wrong |= {int(name.split("_")[1]): text for name, text in told.items()}
    return wrong


def main() -> int:
    """The command line; ends with 1 when there are findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="number of the first network")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--board", default="host")
    parser.add_argument("--keep", type=Path, help="folder for the models of findings")
    given = parser.parse_args()
    numbers = range(given.first, given.first + given.networks)
    report = campaign(given.seed, numbers, given.board, given.keep, live=True)
    for number, text in report.findings.items():
        print(f"network {number} of seed {given.seed}: {text}")
    print(
        f"{report.networks} networks on {given.board} in {report.seconds:.0f} s: "
        f"{report.outputs} output bytes, {len(report.findings)} findings"
    )
    return 1 if report.findings else 0


if __name__ == "__main__":
    run_cli("dag_campaign", main)
