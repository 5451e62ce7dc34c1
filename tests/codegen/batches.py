"""Many small networks in few programs: what their C does, and a campaign of them."""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from support.errors import UserError
from tests.codegen.kept import Report, read_report, revision, write_report
from tests.codegen.programs import CORES, Case, run_cases

BATCH = 25


@dataclass(frozen=True)
class Made:
    """A network of a campaign.

    Attributes:
        path: its file, in the batch's folder.
        case: what it is as it reads; None: it is refused.
        wrong: what is wrong before any C has run.
    """

    path: Path
    case: Case | None
    wrong: str = ""


@dataclass(frozen=True)
class Kept:
    """A report that lies in a file between runs.

    Attributes:
        path: the file; None: no report is kept.
        campaign: what the report is of.
        minutes: no batch begins later.
        revision: of the project, as it was when this run began.
    """

    path: Path | None = None
    campaign: Mapping[str, object] = field(default_factory=dict)
    minutes: float = math.inf
    revision: str = ""


NOT_KEPT = Kept()


def run_batch(cases: list[Case], board: str, folder: Path, core: str = "") -> dict[str, str]:
    """Name → what is wrong, for every network whose C does not do what the reference does.

    When they do not even build together, each is tried alone.

    Args:
        core: as of `run_cases`.
    """
    try:
        outputs = run_cases(cases, folder, board, core=core)
    except (AssertionError, UserError) as error:
        if len(cases) == 1:
            return {cases[0].name: str(error)}
        findings: dict[str, str] = {}
        for case in cases:
            findings |= run_batch([case], board, folder / f"{case.name}_alone", core)
        return findings or {cases[0].name: f"only together with others: {error}"}
    return {
        case.name: f"{np.count_nonzero(found != case.expected)} of {found.size} bytes differ"
        for case, found in zip(cases, outputs, strict=True)
        if (found != case.expected).any()
    }


def run_campaign(
    make: Callable[[int, Path], Made],
    numbers: range,
    board: str = "host",
    *,
    keep: Path | None = None,
    live: bool = False,
    core: str = "",
    kept: Kept = NOT_KEPT,
) -> Report:
    """Run networks in batches.

    Args:
        make: the network of a number, its file in a folder.
        keep: where the files of findings are copied to.
        core: as of `run_cases`.
        kept: where the report lies and how long this run may take.
    """
    report = read_report(kept.path, kept.campaign)
    start = time.monotonic() - report.seconds
    end = time.monotonic() + 60 * kept.minutes
    for first in range(numbers.start + report.networks, numbers.stop, BATCH):
        if time.monotonic() > end:
            break
        batch = range(first, min(first + BATCH, numbers.stop))
        with tempfile.TemporaryDirectory(prefix="networks-") as folder:
            made = {number: make(number, Path(folder)) for number in batch}
            report.findings |= _judge(made, (board, core), Path(folder), report, keep)
        report.seconds = time.monotonic() - start
        if kept.path:
            report.revisions[kept.revision] = report.revisions.get(kept.revision, 0) + len(batch)
            write_report(kept.path, kept.campaign, report)
        if live:
            print(
                f"{report.networks}/{len(numbers)} networks in {report.seconds:.0f} s, "
                f"{len(report.findings)} findings",
                file=sys.stderr,
            )
    return report


def _judge(
    made: dict[int, Made], where: tuple[str, str], folder: Path, report: Report, keep: Path | None
) -> dict[int, str]:
    """Number → what is wrong.

    Args:
        where: board and core.
    """
    wrong = {number: each.wrong for number, each in made.items() if each.wrong}
    cases = {each.case.name: number for number, each in made.items() if each.case}
    runnable = [each.case for each in made.values() if each.case]
    report.networks += len(made)
    report.outputs += sum(len(case.inputs) * case.graph.output_bytes for case in runnable)
    told = run_batch(runnable, where[0], folder, where[1]) if runnable else {}
    wrong |= {cases[name]: text for name, text in told.items()}
    for number in wrong if keep else ():
        assert keep
        keep.mkdir(parents=True, exist_ok=True)
        (keep / made[number].path.name).write_bytes(made[number].path.read_bytes())
    return wrong


def arguments(about: str | None) -> argparse.ArgumentParser:
    """The command line of a campaign."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="number of the first network")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--board", default="host")
    parser.add_argument(
        "--core", choices=tuple(CORES), default="", help="in the place of the board's"
    )
    parser.add_argument("--keep", type=Path, help="folder for the models of findings")
    parser.add_argument("--json", type=Path, help="write the report here")
    parser.add_argument("--kept", type=Path, help="go on with the report in this file")
    parser.add_argument("--minutes", type=float, default=math.inf, help="no batch begins later")
    return parser


def numbers_of(given: argparse.Namespace) -> range:
    """The networks that the command line asks for."""
    return range(given.first, given.first + given.networks)


def main_of(about: str | None, campaign: Callable[..., Report]) -> int:
    """The command line of a campaign that needs no more than the common arguments."""
    given = arguments(about).parse_args()
    named = {"seed": given.seed, "first": given.first, "on": given.core or given.board}
    kept = Kept(given.kept, named, given.minutes, revision())
    how = {"keep": given.keep, "live": True, "core": given.core, "kept": kept}
    return tell(campaign(given.seed, numbers_of(given), given.board, **how), given)


def tell(report: Report, given: argparse.Namespace) -> int:
    """Print what was found; returns the exit status: 1 when anything was."""
    for number, text in report.findings.items():
        print(f"network {number} of seed {given.seed}: {text}")
    print(
        f"{report.networks} networks on {given.core or given.board} in {report.seconds:.0f} s: "
        f"{report.outputs} output bytes, {len(report.findings)} findings"
    )
    if report.networks < given.networks:
        print(f"{given.networks - report.networks} to go")
    for name, count in report.revisions.items():
        print(f"{count} of them at commit {name}")
    if given.json:
        given.json.write_text(json.dumps(vars(report), indent=2, sort_keys=True) + "\n")
    return 1 if report.findings else 0
