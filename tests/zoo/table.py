"""A line for each model, and their total."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from codegen.cut.opened import open_network
from codegen.plan import plan_network
from model.layer_verdict import first_wrong
from model.layer_verdict import judge as judge_layers
from model.layers import NoOracle, by_onnxruntime
from model.litert import by_litert
from support.errors import UserError
from support.network_file import is_tflite
from tests.codegen.batches import run_batch
from tests.codegen.programs import Case
from tests.zoo.entries import Entry, Refusal, read_entry

# Networks of fewer bytes share a program.
SMALL = 16_384
BATCH = 25


@dataclass
class Row:
    """What is known of a model.

    Attributes:
        boards: board → what is wrong with its bytes, or nothing.
        by: whose layers they are compared with.
        ties: layers in which bytes differ.
        compared, differing, unexplained: bytes of all layers, with forced inputs.
        first: the first layer with a difference that nothing explains.
        skipped: why the layers could not be compared.
        fault: an error of the project's own.
    """

    path: Path
    reason: str = ""
    fault: str = ""
    boards: dict[str, str] = field(default_factory=dict)
    outputs: int = 0
    by: str = ""
    ties: list[str] = field(default_factory=list)
    compared: int = 0
    differing: int = 0
    unexplained: int = 0
    first: str = ""
    skipped: str = ""
    sizes: str = ""

    @property
    def wrong(self) -> bool:
        """Whether anything is not as it must be; a refusal in one clear line is not."""
        return bool(self.fault or self.unexplained or any(self.boards.values()))

    def line(self, shown: str) -> str:
        """All of it."""
        if self.fault:
            return f"{shown}: FAULT: {self.fault}"
        if self.reason:
            return f"{shown}: refused: {self.reason}"
        parts = [
            f"{board}: {f'WRONG: {text}' if text else f'all {self.outputs:,} bytes'}"
            for board, text in self.boards.items()
        ]
        layers = f"layers: {self.differing:,} of {self.compared:,} bytes differ from {self.by}"
        if self.differing:
            layers += f", {self.differing - self.unexplained:,} accepted: {', '.join(self.ties)}"
        if self.unexplained:
            layers += f", UNEXPLAINED {self.unexplained:,}, first in {self.first}"
        parts.append(f"layers not compared: {self.skipped}" if self.skipped else layers)
        return f"{shown}: taken; {'; '.join(parts)}; {self.sizes}"


def judge(paths: Sequence[Path], boards: Iterable[str], count: int) -> list[Row]:
    """A row for each model file, in their order.

    Args:
        boards: where their C runs.
        count: inputs of each model.
    """
    rows = {}
    entries = []
    for number, path in enumerate(paths):
        read = read_entry(path, number, count)
        rows[path] = Row(path)
        if isinstance(read, Refusal):
            rows[path].reason = "" if read.fault else read.reason
            rows[path].fault = read.reason if read.fault else ""
        else:
            entries.append(read)
    for entry in list(entries):
        try:
            _measure(entry, rows[entry.path])
            _compare(entry, rows[entry.path])
        except Exception as error:  # one model's; the others still have their turn
            rows[entry.path].fault = f"{type(error).__name__}: {error}"
            entries.remove(entry)
    for board in boards:
        _run(entries, rows, board)
    return list(rows.values())


def _measure(entry: Entry, row: Row) -> None:
    plan = plan_network(entry.graph)
    row.outputs = len(entry.inputs) * entry.graph.output_bytes
    row.sizes = (
        f"{entry.graph.macs:,} MACs, arena {plan.arena_size:,}, constants {plan.weights_size:,}"
    )


def _compare(entry: Entry, row: Row) -> None:
    try:
        opened = open_network(entry.path, entry.inputs)
        if is_tflite(entry.path):
            forced = by_litert(entry.path, opened.cut, opened.arrays)
        else:
            forced = by_onnxruntime(opened.cut, opened.arrays)
    except UserError as error:
        row.skipped = error.message
        return
    except NoOracle as error:
        row.skipped = str(error).replace("\n", " ")
        return
    judged = judge_layers(forced)
    row.by = forced.by
    row.compared = sum(each.layer.reference.size for each in judged)
    row.differing = sum(each.differing for each in judged)
    row.unexplained = sum(each.unexplained for each in judged)
    row.ties = [f"{each.differing:,} in {each.name}" for each in judged if each.differing]
    wrong = first_wrong(judged)
    row.first = wrong.name if wrong else ""


def _run(entries: Sequence[Entry], rows: dict[Path, Row], board: str) -> None:
    """Small ones together, each large one in a program of its own."""
    small = [entry for entry in entries if plan_network(entry.graph).weights_size < SMALL]
    batches = [small[at : at + BATCH] for at in range(0, len(small), BATCH)]
    batches += [[entry] for entry in entries if entry not in small]
    for batch in batches:
        cases = [Case(entry.name, entry.graph, entry.inputs) for entry in batch]
        with tempfile.TemporaryDirectory(prefix="zoo-") as folder:
            wrong = run_batch(cases, board, Path(folder))
        for entry in batch:
            rows[entry.path].boards[board] = wrong.get(entry.name, "").replace("\n", " ")


def total(rows: Sequence[Row]) -> str:
    """The last line."""
    taken = [row for row in rows if not row.reason and not row.fault]
    compared, differing, unexplained = (
        sum(getattr(row, name) for row in taken)
        for name in ("compared", "differing", "unexplained")
    )
    wrong = sum(bool(text) for row in taken for text in row.boards.values())
    return (
        f"{len(taken)} of {len(rows)} models taken, {sum(bool(row.reason) for row in rows)} "
        f"refused, {sum(bool(row.fault) for row in rows)} faults; "
        f"{wrong} programs differ from the reference; "
        f"layers: {differing:,} of {compared:,} bytes differ from the interpreters, "
        f"{unexplained:,} unexplained"
    )
