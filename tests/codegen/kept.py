"""A campaign's report in a file, so that the next run goes on where this one ended."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from support.errors import UserError
from support.files import read_json, write_text

ROOT = Path(__file__).resolve().parents[2]
# What campaigns go on with is committed: their next run may be in another clone.
REPORTS = ROOT / "tests" / "kept"


@dataclass
class Report:
    """What a campaign found.

    Attributes:
        networks, outputs: how many networks ran, how many output bytes were compared.
        findings: number of the network → what went wrong.
        revisions: commit, "+" behind it for edits on top → how many networks it ran.
    """

    networks: int = 0
    outputs: int = 0
    seconds: float = 0.0
    findings: dict[int, str] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)


def revision() -> str:
    """The commit that is checked out, with "+" where files differ, but for pages and reports, which
    campaigns write; "" outside of git."""
    told = []
    for words in (
        ["rev-parse", "--short=8", "HEAD"],
        ["status", "--porcelain", "-uno", "--", ".", ":!docs", f":!{REPORTS.relative_to(ROOT)}"],
    ):
        done = subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            return ""
        told.append(done.stdout.strip())
    return told[0] + ("+" if told[1] else "")


def read_report(path: Path | None, campaign: Mapping[str, object]) -> Report:
    """What `write_report` wrote for the same campaign; an empty report where there is none.

    Raises:
        UserError: the file is of another campaign.
    """
    if path is None or not path.exists():
        return Report()
    found = read_json(path)
    if found.get("campaign") != dict(campaign):
        raise UserError(f"{path}: of another campaign: {found.get('campaign')}", "remove it")
    report = Report(**found["report"])
    report.findings = {int(number): text for number, text in report.findings.items()}
    return report


def write_report(path: Path, campaign: Mapping[str, object], report: Report) -> None:
    """Keep a report."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"campaign": dict(campaign), "report": asdict(report)}
    write_text(path, json.dumps(told, indent=2, sort_keys=True) + "\n")
