"""The examples at work: what each network is worth and costs, as the build itself measures."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
BOARD = "mps2_an500"
VALIDATED = 1000
"""Test inputs that go through the firmware, or as many as there are."""

HEAD = (
    "| example | float | int8 | test inputs | training, s | weights, bytes | kernels, bytes |"
    " activations, bytes | instructions, emulated |\n|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Row:
    """An example's figures.

    Attributes:
        float_score, int8_score: on the whole test part, in words.
        seconds: from `scons train` to its end, PyTorch's start included.
        weights, kernels, activations: bytes linked.
        instructions: mean of an inference, counted by the emulator.
    """

    name: str
    float_score: str
    int8_score: str
    inputs: int
    seconds: float
    weights: int
    kernels: int
    activations: int
    instructions: float

    def line(self) -> str:
        """The row of the table."""
        cells = (
            f"`examples/{self.name}`",
            self.float_score,
            self.int8_score,
            f"{self.inputs:,}",
            f"{self.seconds:.0f}",
            f"{self.weights:,}",
            f"{self.kernels:,}",
            f"{self.activations:,}",
            f"{self.instructions:,.0f}",
        )
        return f"| {' | '.join(cells)} |"


def _score(scores: dict[str, float]) -> str:
    """The first figure, in words."""
    if "accuracy" in scores:
        return f"{100 * scores['accuracy']:.2f} %"
    return f"RMSE {scores['rmse']:.3g}"


def _scons(build: Path, target: str, *words: str) -> None:
    """Run SCons on an example.

    Raises:
        UserError: it ended with another status than 0.
    """
    command = [sys.executable, "-m", "SCons", "-Q", target, f"build_dir={build}", *words]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise UserError(f"scons {target} {' '.join(words)} failed", "see the lines above")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def measure(name: str, build: Path, words: tuple[str, ...] = ()) -> Row:
    """Train, evaluate and validate one example.

    Args:
        words: further variables, such as `epochs=1`.
    """
    module = (f"model=examples/{name}/{name}.py", f"board={BOARD}", *words)
    begun = time.monotonic()
    _scons(build, "train", *module)
    seconds = time.monotonic() - begun
    _scons(build, "evaluate", *module)
    evaluation = _read(build / "model" / name / "evaluation.json")
    _scons(build, "validate", *module, f"count={min(VALIDATED, evaluation['inputs'])}")
    board = build / f"{BOARD}-{name}-validate"
    objects = _read(board / "memory.json")["placement"]
    weights, kernels, activations = (
        sum(int(row["linked"]) for key, row in objects.items() if key.startswith(stem))
        for stem in ("weights", "kernels", "activations")
    )
    return Row(
        name,
        float_score=_score(evaluation["float"]),
        int8_score=_score(evaluation["int8"]),
        inputs=int(evaluation["inputs"]),
        seconds=seconds,
        weights=weights,
        kernels=kernels,
        activations=activations,
        instructions=float(_read(board / "validation.json")["cost"]["mean"]),
    )


def write(page: Path, rows: list[Row]) -> None:
    """Put the table between the page's markers.

    Raises:
        UserError: the page has none.
    """
    from support.files import write_text

    begin, end = "<!-- examples: begin -->\n", "<!-- examples: end -->"
    text = page.read_text(encoding="utf-8")
    if begin not in text or end not in text:
        raise UserError(
            f"{page}: has no place for the table", f"put {begin.strip()} and {end} there"
        )
    before, after = text.partition(begin)[0], text.partition(end)[2]
    table = "\n".join([HEAD, *(row.line() for row in rows)])
    write_text(page, f"{before}{begin}{table}\n{end}{after}")
