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
    assert f"Compared with build {keys[0]} of" in told and "an other's" in told
    project.build("report", "subset_size=1", against=keys[0])
    assert f"Compared with build {keys[0]}</h2>" in page.read_text(encoding="utf-8")
    before = kept.read_bytes()
    # What is no build says so, and costs nothing of what is remembered.
    for wrong, message in (
        (str(kept), "is this build's own"),
        ("nowhere", "no report.json, and no key of a build"),
        ("0" * 12, "no build that is remembered"),
    ):
        run = project.scons("report", "subset_size=1", against=wrong)
        assert run.status != 0 and message in run.output, run.output
        assert "Traceback" not in run.output and kept.read_bytes() == before
    project.build("-c", "report")
    assert not kept.exists() and not page.exists() and other.exists()
