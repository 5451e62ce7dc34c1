"""The examples at work: what each network is worth and costs, as the build itself measures."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
BOARD = "mps2_an500"
VALIDATED = 1000
"""Test inputs that go through the firmware, or as many as there are."""

GUIDE = "guide"
"""The network of the guide, plain `scons` without a module: the examples stand beside it."""

HEAD = (
    "| example | float | int8 | test inputs | training, s | flash, bytes | of them weights |"
    " RAM, bytes | instructions, emulated |\n|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Row:
    """An example's figures.

    Attributes:
        float_score, int8_score: on the whole test part, in words.
        seconds: from `scons train` to its end, PyTorch's start included.
        weights, kernels, activations: bytes linked; the first two are in flash, the last in RAM.
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

    @property
    def title(self) -> str:
        """What stands first in the row."""
        return "the guide's network" if self.name == GUIDE else f"`examples/{self.name}`"

    def line(self) -> str:
        """The row of the table."""
        cells = (
            self.title,
            self.float_score,
            self.int8_score,
            f"{self.inputs:,}",
            f"{self.seconds:.0f}",
            f"{self.weights + self.kernels:,}",
            f"{self.weights:,}",
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


def trained(build: Path, name: str, history: Path, train: Callable[[], None]) -> float:
    """Train, and return the seconds that it took; of what is trained already, those of then.

    Raises:
        UserError: it is trained already, and not by this command.
    """
    kept, before, begun = build / f"{name}-seconds.json", _state(history), time.monotonic()
    train()
    if _state(history) != before:
        kept.write_text(json.dumps({"seconds": time.monotonic() - begun}), encoding="utf-8")
    elif not kept.is_file():
        raise UserError(f"{history}: trained before, nobody knows in which time", "remove it")
    return float(_read(kept)["seconds"])


def _state(path: Path) -> tuple[int, int] | None:
    """Which file it is, and when it was written; None when there is none."""
    if not path.exists():
        return None
    found = path.stat()
    return found.st_ino, found.st_mtime_ns


def measure(name: str, build: Path, words: tuple[str, ...] = ()) -> Row:
    """Train, evaluate and validate one example.

    Args:
        name: of a folder of `examples/`, or `GUIDE`.
        words: further variables, such as `epochs=1`.
    """
    model, suffix = build / "model", ""
    module = (f"board={BOARD}", *words)
    if name != GUIDE:
        model, suffix = model / name, f"-{name}"
        module = (f"model=examples/{name}/{name}.py", *module)
    history = model / "training.json"
    seconds = trained(build, name, history, lambda: _scons(build, "train", *module))
    _scons(build, "evaluate", *module)
    evaluation = _read(model / "evaluation.json")
    inputs = int(evaluation["inputs"])
    _scons(build, "validate", *module, f"count={min(VALIDATED, inputs)}")
    board = build / f"{BOARD}{suffix}-validate"
    objects = _read(board / "memory.json")["placement"]
    weights, kernels, activations = (
        sum(int(row["linked"]) for key, row in objects.items() if key.startswith(stem))
        for stem in ("weights", "kernels", "activations")
    )
    return Row(
        name,
        float_score=_score(evaluation["float"]),
        int8_score=_score(evaluation["int8"]),
        inputs=inputs,
        seconds=seconds,
        weights=weights,
        kernels=kernels,
        activations=activations,
        instructions=float(_read(board / "validation.json")["cost"]["mean"]),
    )


BEGIN, END = "<!-- examples: begin -->", "<!-- examples: end -->"
BESIDE = ("`examples/mnist_cnn`", "the guide's network")
"""Titles of the rows that the README shows beside each other."""


def write(page: Path, rows: list[Row]) -> None:
    """Put the table between the page's markers; rows of others that stand there stay.

    Raises:
        UserError: the page has none.
    """
    lines = lines_of(page) | {row.title: row.line() for row in rows}
    table = "\n".join([HEAD, *(lines[title] for title in sorted(lines))])
    _put(page, f"\n{table}\n")


def lines_of(page: Path) -> dict[str, str]:
    """The rows that a page has, by what stands first in them."""
    between = page.read_text(encoding="utf-8").partition(f"{BEGIN}\n")[2].partition(END)[0]
    found = between.removeprefix(f"{HEAD}\n") if between.startswith(HEAD) else ""
    return {line.removeprefix("| ").split(" | ")[0]: line for line in found.splitlines()}


def write_sentence(readme: Path, lines: dict[str, str]) -> None:
    """Put the rows of `BESIDE` into the README, in words.

    Args:
        lines: from `lines_of`; without both, nothing is written.

    Raises:
        UserError: the README has no place for them.
    """
    if all(title in lines for title in BESIDE):
        _put(readme, "; ".join(map(_in_words, (lines[title] for title in BESIDE))))


def _in_words(line: str) -> str:
    cells = line.strip("| ").split(" | ")
    title, _, int8, inputs, seconds, flash, _, ram, instructions = cells
    return (
        f"{title} {int8} int8 over {inputs} images, {seconds} s of training, {flash} bytes of"
        f" flash, {ram} of RAM, {instructions} instructions, emulated"
    )


def _put(page: Path, text: str) -> None:
    """Between a page's markers."""
    from support.files import write_text

    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise UserError(f"{page}: has no place for the examples", f"put {BEGIN} and {END} there")
    write_text(page, f"{before}{begin}{text}{end}{after}")
