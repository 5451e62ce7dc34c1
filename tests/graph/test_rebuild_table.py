"""Each edit makes again exactly what depends on it: nothing missing, nothing extra.

The table in docs/architecture.md is generated from the same rows, after changing them:
`UPDATE_DOCS=1 .venv/bin/python -m pytest tests/graph/test_rebuild_table.py -k show_the_table`.
"""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.graph.conftest import Built
from tests.graph.edits import EDITS, Edit
from tests.graph.project import REPOSITORY, copy_tree


def short(command: str, board: str) -> str:
    """A command without the build folder and the board's folder."""
    label, path = command.split(" ", 1)
    path = path.removeprefix("build/")
    for folder in (f"{board}-other/", f"{board}-gearbox/", f"{board}/"):
        path = path.removeprefix(folder)
    return f"{label} {path}"


def choose(commands: frozenset[str], patterns: tuple[str, ...]) -> set[str]:
    """The commands that match a pattern; each pattern must match one."""
    for pattern in patterns:
        assert any(fnmatchcase(c, pattern) for c in commands), f"no command matches '{pattern}'"
    return {c for c in commands if any(fnmatchcase(c, pattern) for pattern in patterns)}


@pytest.mark.sample(9, each=lambda edit: (edit.network, edit.elsewhere))
@pytest.mark.parametrize("edit", EDITS, ids=[edit.what for edit in EDITS])
def test_edit_rebuilds_exactly(edit: Edit, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    built: Built = request.getfixturevalue(edit.network)
    project = built.project.clone(tmp_path / "project")
    edit.change(project)
    run = project.build(**edit.variables)
    board = edit.variables.get("board", "mps2_an500")
    clean = built.clean
    if edit.elsewhere:
        fresh = copy_tree(tmp_path / "fresh", **built.project.variables)
        (fresh.root / "tiny.onnx").write_bytes(project.path("tiny.onnx").read_bytes())
        clean = fresh.build(**edit.variables).commands
    patterns = edit.rebuilt
    if edit.depending:
        command, name = edit.depending
        folder = f"{board}-gearbox" if edit.network == "of_module" else board
        before, now = (p.path(f"build/{folder}/{name}") for p in (built.project, project))
        patterns += (command,) if now.read_bytes() != before.read_bytes() else ()
    expected = choose(frozenset(short(c, board) for c in clean), patterns)
    assert {short(c, board) for c in run.commands} == expected
    again = project.build(**edit.variables)
    assert not again.commands, "the run after it was not up to date"


def table() -> str:
    """The rows in Markdown."""
    lines = ["| edit | runs again | and stops there, because |", "|---|---|---|"]
    for edit in EDITS:
        rebuilt = ", ".join(f"`{pattern}`" for pattern in edit.rebuilt) or "nothing"
        if edit.depending:
            rebuilt += ", and `{}` if `{}` has changed".format(*edit.depending)
        lines.append(f"| {edit.what} | {rebuilt} | {edit.stops} |")
    return "\n".join(lines)


def test_docs_show_the_table() -> None:
    path = REPOSITORY / "docs" / "architecture.md"
    before, begin, rest = path.read_text(encoding="utf-8").partition("<!-- edits: begin -->\n")
    shown, end, after = rest.partition("\n<!-- edits: end -->")
    assert begin
    assert end
    if os.environ.get("UPDATE_DOCS"):
        path.write_text(before + begin + table() + end + after, encoding="utf-8")
    else:
        assert shown == table()
