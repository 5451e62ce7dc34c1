"""`python -m tests.kernels.random_chains`: random networks' chains against the reference.

Each case has a seed of its own, so a finding runs again alone: `--seed S --first N --cases 1`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from codegen.kernels.fully_connected.chain.operation import STEM
from support.errors import UserError, run_cli
from support.files import write_json
from support.progress import Progress
from tests.kernels.emulated import Planned, differences, machine_with, plan_all
from tests.kernels.networks import Network, random_network

# Networks in one program.
PORTION = 25
ROWS = 16


def networks(seed: int, first: int, count: int, most_macs: int) -> list[Network]:
    """Cases `first` to `first + count - 1` of a seed."""
    return [
        random_network(np.random.default_rng([seed, case]), ROWS, most_macs)
        for case in range(first, first + count)
    ]


def kinds(planned: Sequence[Planned]) -> Counter[str]:
    """How many layers got which kernel, and why some are portable."""
    found: Counter[str] = Counter()
    for each in planned:
        for step in each.plan.steps:
            for layer in step.lowered.layers:
                how = "float32" if "float32" in layer.why else "integers"
                found[f"{layer.kernel}, {how}" if step.lowered.stem == STEM else layer.why] += 1
    return found


def main() -> int:
    """Run cases in portions; every finding is printed with what runs it again."""
    parser = argparse.ArgumentParser(prog="python -m tests.kernels.random_chains")
    parser.add_argument("--cases", type=int, default=5_000, help="how many networks (5,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first case (0)")
    parser.add_argument("--macs", type=int, default=400_000, help="at most, of a network (400,000)")
    parser.add_argument("--json", type=Path, help="file for what was found")
    arguments = parser.parse_args()
    progress = Progress("random chains", arguments.cases)
    counts: Counter[str] = Counter()
    findings = []
    with tempfile.TemporaryDirectory(prefix="chains-") as name:
        folder = Path(name)
        for first in range(arguments.first, arguments.first + arguments.cases, PORTION):
            count = min(PORTION, arguments.first + arguments.cases - first)
            planned = plan_all(networks(arguments.seed, first, count, arguments.macs))
            counts += kinds(planned)
            machine = machine_with(planned, folder, folder)
            for case, each in enumerate(planned, first):
                findings += [f"--first {case}: {text}" for text in differences(machine, each)]
            progress.advance(count)
    progress.finish()
    if arguments.json:
        write_json(
            arguments.json,
            {
                "cases": arguments.cases,
                "seed": arguments.seed,
                "layers": dict(counts.most_common()),
                "findings": findings,
            },
        )
    print(f"{arguments.cases:,} networks, {sum(counts.values()):,} layers:")
    print("\n".join(f"  {count:6,} {kind}" for kind, count in counts.most_common()))
    if findings:
        print("\n".join(findings))
        raise UserError(
            f"{len(findings)} findings", f"again: --seed {arguments.seed} --cases 1 --first N"
        )
    return 0


if __name__ == "__main__":
    run_cli("random_chains", main)
