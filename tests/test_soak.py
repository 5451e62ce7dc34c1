"""`scons soak`: its page, what a finding does, and Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.errors import UserError
from support.files import read_json
from tests import soak
from tests.codegen.kept import REPORTS, Report, write_report
from tests.mutation import telling
from tests.mutation.judged import Record
from tests.soak import CAMPAIGNS, ROOT, Campaign

# Programs that end with and without a finding, and say something.
GOOD = Campaign("Nothing, timed", ("timeit", "-n", "{count}", "-r", "1", "pass"), 5, ("A thing.",))
BAD = Campaign("A file that is none", ("json.tool", "{data}/none.json"), 7)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page of its own, with two campaigns."""
    monkeypatch.setattr(soak, "PAGE", tmp_path / "soak.md")
    monkeypatch.setattr(soak, "CAMPAIGNS", {"bad": BAD, "good": GOOD})
    return tmp_path / "soak.md"


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["soak", "--data", "/dev/null", *words])
    return soak.main()


def test_sections_say_what_ran(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "--only", "good") == 0
    text = page.read_text()
    assert "\n## good\n- Nothing, timed: 5, nothing found\n- 20" in text
    assert "- `python -m timeit -n 5 -r 1 pass`\n- Found before: A thing.\n\n```\n5 loops" in text


def test_a_finding_fails_and_the_others_still_run(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="found something: bad"):
        run(monkeypatch)
    text = page.read_text()
    assert "A file that is none: 7, **FAILED**" in text and "nothing found" in text
    assert text.index("## bad") < text.index("## good")
    assert "/dev/null" not in text


def test_one_section_anew_keeps_the_others(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError):
        run(monkeypatch, "--only", "bad")
    before = page.read_text()
    run(monkeypatch, "--only", "good")
    assert page.read_text().startswith(before)


def test_a_part_leaves_the_page(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, "--only", "good", "--divide", "5")
    assert not page.exists()


def test_one_that_goes_on_says_how_far_it_is(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Campaign("Kept", ("json.tool", "{kept}"), 50)
    monkeypatch.setattr(soak, "CAMPAIGNS", {"kept": kept})
    for networks, told in ((25, "25 of 50 so far"), (50, "50")):
        report = Report(networks, seconds=600.0)
        write_report(tmp_path / "kept-3.json", {"seed": 3}, report)
        assert run(monkeypatch, "--seed", "3", "--kept", str(tmp_path)) == 0
        assert f"- Kept: {told}, nothing found\n" in page.read_text()
        assert ", 10.0 minutes, " in page.read_text()
    assert str(tmp_path) not in page.read_text()


def test_reports_that_are_gone_on_with_are_those_of_the_page() -> None:
    """Both are committed: neither may be of another run."""
    sections = soak.read_sections()
    kept = {path.stem.rpartition("-")[0]: path for path in REPORTS.glob("*-1.json")}
    assert kept and kept.keys() <= CAMPAIGNS.keys()
    for name, path in kept.items():
        report = read_json(path)["report"]
        assert f": {report['networks']:,}" in sections[name].splitlines()[0]
        assert sum(report["revisions"].values()) == report["networks"]
        for revision, count in report["revisions"].items():
            assert f"\n{count} of them at commit {revision}\n" in sections[name]


def test_interrupt_ends_it_in_a_line() -> None:
    """As Ctrl-C does: the signal comes to all processes at once."""
    words = ["--data", "none", "--only", "reader", "--divide", "20"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.soak", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout and process.stdout.readline().startswith("soak: reader: ")
    assert process.stderr and "cases in" in process.stderr.readline()
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "soak: interrupted" in errors and "Traceback" not in errors


def test_every_campaign_takes_its_words() -> None:
    """A word that a program does not know would end a night's run at once."""
    options: dict[str, set[str]] = {}
    for campaign in CAMPAIGNS.values():
        module, *words = campaign.words
        options.setdefault(module, set()).update(w for w in words if w.startswith("--"))
    for module, taken in options.items():
        done = subprocess.run(
            [sys.executable, "-m", module, "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, module
        assert all(f"{option} " in done.stdout for option in taken), module


def test_the_page_has_the_figures_of_the_judged_mutants() -> None:
    said = telling.section(Record().found).strip()
    assert soak.read_sections()["mutation"].strip() == said, "python -m tests.mutation.telling"
