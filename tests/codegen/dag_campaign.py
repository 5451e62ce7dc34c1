"""Random graphs of random operators: C against the reference, and each layer against onnxruntime.

`python -m tests.codegen.dag_campaign --networks 2000 --seed 1` is a campaign on this computer with
sanitizers; `--board mps2_an500` runs them on the emulated Cortex-M7. `--keep DIR` writes the models
of findings.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from codegen.cut.opened import open_network
from codegen.kernels.wanted import WANTED, Kernels
from codegen.reader.qdq import read_graph
from model.layer_verdict import first_wrong, judge
from model.layers import NoOracle, by_onnxruntime
from support.errors import UserError, run_cli
from tests.codegen.batches import Made, main_of, run_campaign
from tests.codegen.kept import Report
from tests.codegen.oracle import stored_inputs
from tests.codegen.programs import Case
from tests.codegen.random_dags import random_dag
from tests.codegen.random_networks import INPUTS


def dag_case(seed: int, number: int, folder: Path) -> tuple[Path, Case]:
    """Network `number` of a seed: its file, and what it is as it reads, with inputs."""
    model = random_dag(np.random.default_rng([seed, number]))
    path = model.save(folder / f"dag_{seed}_{number}.onnx")
    graph = read_graph(path)
    inputs = stored_inputs(graph, number, INPUTS)
    kernels = Kernels(WANTED[number % len(WANTED)], inputs[::2])
    return path, Case(f"dag_{number}", graph, inputs, kernels)


def unexplained(path: Path, case: Case) -> str:
    """Where a layer differs from onnxruntime without a tie; "" where none does."""
    opened = open_network(path, case.inputs)
    wrong = first_wrong(judge(by_onnxruntime(opened.cut, opened.arrays)))
    return f"{wrong.name}: {wrong.unexplained} bytes differ from onnxruntime" if wrong else ""


def campaign(seed: int, numbers: range, board: str = "host", **how: Any) -> Report:
    """Run networks of a seed in batches; a refusal is a finding: all that grows here is supported.

    Args:
        how: as of `run_campaign`.
    """

    def make(number: int, folder: Path) -> Made:
        path = folder / f"dag_{seed}_{number}.onnx"
        try:
            path, case = dag_case(seed, number, folder)
            return Made(path, case, unexplained(path, case))
        except (UserError, NoOracle) as error:
            return Made(path, None, f"{type(error).__name__}: {error}")

    return run_campaign(make, numbers, board, **how)


def main() -> int:
    """The command line; ends with 1 when there are findings."""
    return main_of(__doc__, campaign)


if __name__ == "__main__":
    run_cli("dag_campaign", main)
