"""docs/targets.md: the table of variables is what `scons help` says, the targets are all there.

After a change: `UPDATE_DOCS=1 .venv/bin/python -m pytest tests/docs/test_targets.py`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "targets.md"
MARKED = re.compile(r"(?<=<!-- variables: begin -->\n).*?(?=<!-- variables: end -->)", re.DOTALL)


def _help() -> str:
    words = [shutil.which("scons") or "scons", "-h"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def _table(text: str) -> str:
    """The variables as a table: a name, then what is indented below it."""
    entries = re.findall(r"^([a-z_]+) {2,}(\S.*(?:\n {19}\S.*)*)$", text, re.MULTILINE)
    start = next(i for i, (name, _) in enumerate(entries) if name == "board")
    rows = []
    for name, told in entries[start:]:
        plain = re.sub(r"\s*\n\s*", " ", told).replace("|", "\\|")
        default = re.search(r" ?\[([^\]]*)\]$", plain)
        about = plain[: default.start()] if default else plain
        value = f"`{default[1]}`" if default else ""
        rows.append(f"| `{name}=` | {about} | {value} |\n")
    return "| variable | is | default |\n|---|---|---|\n" + "".join(rows)


def test_the_page_has_todays_variables() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = _table(_help())
    assert table.count("\n") > 50
    made = MARKED.sub(lambda _: table, text)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(made, encoding="utf-8")
    assert made == PAGE.read_text(encoding="utf-8"), "UPDATE_DOCS=1 writes it"


def test_the_page_names_every_target() -> None:
    menu = (ROOT / "SConstruct").read_text(encoding="utf-8")
    rows = re.findall(r'^    \(\s*"[^"]*",\s*"([\w, -]+)",\s*"', menu, re.MULTILINE)
    names = [name for row in rows for name in row.split(", ")]
    assert len(names) > 35
    named = re.findall(r"[\w-]+", PAGE.read_text(encoding="utf-8"))
    assert {*names} <= {*named}
