"""`python -m tests.program.estimates [MODEL …]`: what `analyze` tells, and what is linked.

A table of flash, RAM and instructions of each network for a Cortex-M7; without names, of all in
NN2FLASH_MODELS, or ../shared/models beside the repository. Status 1: a difference beyond its bound.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from codegen.analysis.analysis import analyze
from codegen.ir.graph import Graph
from codegen.kernels.wanted import WANTED, Kernels
from codegen.reader.qdq import read_graph
from support.errors import UserError, run_cli
from tests.program.linked import CORES, linked, target

ROOT = Path(__file__).resolve().parents[2]
MODELS = Path(os.environ.get("NN2FLASH_MODELS", ROOT.parent / "shared" / "models"))
# Figure → how far from the truth it may be.
BOUNDS = {"flash": 0.05, "RAM": 0.05, "instructions": 0.15}


@dataclass(frozen=True)
class Estimate:
    """One figure of a network: as it is told, as it is."""

    what: str
    told: int
    found: int

    @property
    def difference(self) -> float:
        """Of what is told, as a share of what is."""
        return self.told / self.found - 1

    @property
    def holds(self) -> bool:
        """Whether it is near enough."""
        return abs(self.difference) <= BOUNDS[self.what]

    def __str__(self) -> str:
        return f"{self.told:,} for {self.found:,}, {self.difference:+.1%}"


def estimates(graph: Graph, kernels: Kernels, core: str, folder: Path) -> list[Estimate]:
    """The estimates of a network beside the linked network's figures, in the order of `BOUNDS`."""
    told = analyze(graph, kernels, target(core), None)
    found = linked(graph, kernels, core, folder)
    return [
        Estimate("flash", told.flash_bytes, found.flash),
        Estimate("RAM", told.ram_bytes, found.ram),
        Estimate("instructions", told.instructions, found.instructions),
    ]


def models() -> list[Path]:
    """Networks of others; none where there is no such folder."""
    return sorted((*MODELS.glob("*.onnx"), *MODELS.glob("*.tflite")))


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.program.estimates", description=__doc__)
    parser.add_argument("model", nargs="*", type=Path, help="networks")
    parser.add_argument("--core", choices=CORES, default="cortex-m7")
    parser.add_argument("--kernels", choices=WANTED, default="auto")
    arguments = parser.parse_args()
    paths = arguments.model or models()
    if not paths:
        raise UserError(f"{MODELS} has no networks", "name some, or set NN2FLASH_MODELS")
    width = max(len(path.name) for path in paths)
    beyond = []
    for path in paths:
        with tempfile.TemporaryDirectory(prefix="nn2flash-") as folder:
            graph = read_graph(path)
            found = estimates(graph, Kernels(arguments.kernels), arguments.core, Path(folder))
        print(f"{path.name:<{width}}  " + "; ".join(f"{e.what} {e}" for e in found), flush=True)
        beyond += [f"{path.name}: {each.what}" for each in found if not each.holds]
    if beyond:
        print(f"beyond the bounds: {', '.join(beyond)}")
    return 1 if beyond else 0


if __name__ == "__main__":
    run_cli("estimates", main)
