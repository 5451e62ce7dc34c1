"""Random stacks of convolutions: fast kernels against the reference.

`python -m tests.codegen.stack_campaign --networks 5000 --seed 1` runs them on this computer with
sanitizers, `--board mps2_an500` on an emulated Cortex-M7, or one of `--core cortex-m4` and
`cortex-m33`.
`--kept FILE` goes on where a run ended; `--keep DIR` writes the models of findings.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from codegen.kernels.wanted import Kernels
from codegen.reader.qdq import read_graph
from codegen.target import CORTEX_M7, Target, named_target
from support.errors import UserError, run_cli
from tests.codegen.batches import Made, main_of, run_campaign
from tests.codegen.kept import Report
from tests.codegen.oracle import stored_inputs
from tests.codegen.programs import Case
from tests.codegen.random_stacks import random_stack

INPUTS = 12


def stack_case(
    seed: int, number: int, folder: Path, target: Target = CORTEX_M7
) -> tuple[Path, Case]:
    """Stack `number` of a seed: its file, and what it is as it reads, with harsh inputs."""
    model = random_stack(np.random.default_rng([seed, number]))
    path = model.save(folder / f"stack_{seed}_{number}.onnx")
    graph = read_graph(path)
    inputs = stored_inputs(graph, number, INPUTS)
    # Bytes at both ends only, too: sums as large as they get.
    inputs[INPUTS // 2 :] = np.where(inputs[INPUTS // 2 :] < 0, -128, 127)
    return path, Case(
        f"stack_{number}",
        graph,
        inputs,
        Kernels("auto", table_memory=1 << 20 if number % 2 else 0),
        target=target,
    )


def campaign(seed: int, numbers: range, board: str = "host", **how: Any) -> Report:
    """Run stacks of a seed in batches; a refusal is a finding.

    Args:
        how: as of `run_campaign`.
    """
    core = how.get("core")
    target = named_target(core, fpu=True) if core else CORTEX_M7

    def make(number: int, folder: Path) -> Made:
        path = folder / f"stack_{seed}_{number}.onnx"
        try:
            return Made(*stack_case(seed, number, folder, target))
        except UserError as error:
            return Made(path, None, str(error))

    return run_campaign(make, numbers, board, **how)


def main() -> int:
    """The command line; ends with 1 when there are findings."""
    return main_of(__doc__, campaign)


if __name__ == "__main__":
    run_cli("stack_campaign", main)
