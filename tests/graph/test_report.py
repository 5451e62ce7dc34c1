"""`scons report` remembers builds, and compares with any of them or another folder's."""

from __future__ import annotations

import html
import shutil

from support.files import read_json
from tests.graph.project import Project


def test_builds_are_compared_by_key_and_by_path(project: Project) -> None:
    project.build("report")
    (kept,) = project.path("build").rglob("report.json")
    page = kept.with_suffix(".html")
    other = project.path("an other's") / "report.json"
    other.parent.mkdir()
    shutil.copy(kept, other)
    project.build("report", "subset_size=1", against=str(other.parent))
    keys = [each["key"] for each in read_json(kept)["builds"]]
    assert len(keys) == 2
    told = html.unescape(page.read_text(encoding="utf-8"))
    assert f"Compared with build 1 ({keys[0]}) of" in told and "an other's" in told
    project.build("report", "subset_size=1", against=keys[0])
    assert f"Compared with build 1 ({keys[0]})</h2>" in page.read_text(encoding="utf-8")
    # Any two, printed each time that it is asked for; the page has the same.
    title = f"Build 1 ({keys[0]}) compared with build 2 ({keys[1]})"
    for _ in range(2):
        run = project.build("report", "subset_size=1", of="1", against="this")
        assert title in run.output and "ram: used (bytes)" in run.output
        assert f"{title}</h2>" in page.read_text(encoding="utf-8")
    run = project.build("report", "subset_size=1")
    assert title not in run.output and "Since the previous build" in page.read_text()
    before = kept.read_bytes()
    # What is no build says so, and costs nothing of what is remembered.
    for wrong, message in (
        (str(kept), "is this build's own"),
        ("nowhere", "no report.json, and no build of the history"),
        ("0" * 12, "no build that is remembered"),
    ):
        run = project.scons("report", "subset_size=1", against=wrong)
        assert run.status != 0 and message in run.output, run.output
        assert "Traceback" not in run.output and kept.read_bytes() == before
    run = project.scons("report", "subset_size=1", of="7", against="1")
    assert run.status != 0 and "of=7: no file, and no build" in run.output, run.output
    project.build("-c", "report")
    assert not kept.exists() and not page.exists() and other.exists()
    assert not kept.with_suffix(".txt").exists()
