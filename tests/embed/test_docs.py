"""docs/embedding.md shows the very lines that the other tests here build.

After changing an example: `UPDATE_DOCS=1 .venv/bin/python -m pytest tests/embed/test_docs.py`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.embed.hosts import EXAMPLES
from tests.graph.project import REPOSITORY

PAGE = REPOSITORY / "docs" / "embedding.md"
SHOWN = re.compile(
    r"<!-- (?P<file>\S+)(?: (?P<part>\S+))? -->\n```(?P<kind>\w+)\n(.*?)```\n", re.DOTALL
)


def example(file: str, part: str | None) -> str:
    """The lines of an example between its markers "docs: PART" and "docs: end"."""
    text = (EXAMPLES / file).read_text(encoding="utf-8")
    begin = rf"^[^\w\n]*docs: {part or 'begin'}\b[^\n]*\n"
    found = re.search(rf"{begin}(.*?)^[^\w\n]*docs: end\b", text, re.DOTALL | re.MULTILINE)
    assert found, f"{file} has no part {part or 'begin'}"
    assert found[1].strip(), f"{file}: part {part or 'begin'} is empty"
    return found[1]


def test_page_shows_the_examples() -> None:
    page = PAGE.read_text(encoding="utf-8")

    def current(match: re.Match[str]) -> str:
        head = match[0].partition("```")[0]
        return f"{head}```{match['kind']}\n{example(match['file'], match['part'])}```\n"

    shown = {match["file"] for match in SHOWN.finditer(page)}
    files = {
        str(path.relative_to(EXAMPLES))
        for name in ("SConstruct", "CMakeLists.txt", "Makefile")
        for path in EXAMPLES.rglob(name)
    }
    zephyr = {"../hosts/zephyr/CMakeLists.txt", "../hosts/zephyr/prj.conf"}
    programs = {"product/main.c", "../runtime/programs/sampled.c"}
    assert shown == files | programs | zephyr
    fresh = SHOWN.sub(current, page)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(fresh, encoding="utf-8")
    else:
        assert fresh == page


def test_what_is_no_command_is_built_here() -> None:
    """Each block of the page comes from a file of these tests, but for lines that one types."""
    page = SHOWN.sub("", PAGE.read_text(encoding="utf-8"))
    blocks = re.findall(r"^ *```(\w*)\n(.*?)^ *```$", page, re.DOTALL | re.MULTILINE)
    assert blocks
    for kind, text in blocks:
        assert not kind and re.match(r"\S+ +\S", text), text


def test_examples_are_short() -> None:
    """A host takes two networks in with ten lines at most."""
    for name in ("CMakeLists.txt", "Makefile"):
        for path in EXAMPLES.rglob(name):
            lines = example(str(path.relative_to(EXAMPLES)), None).splitlines()
            assert len(lines) <= 10, path


@pytest.mark.parametrize(
    "file",
    [
        *(f"cmake/{way}/CMakeLists.txt" for way in ("live", "subdirectory", "find")),
        *(f"make/{way}/Makefile" for way in ("live", "package")),
        "scons/SConstruct",
        "scons_package/SConstruct",
        "../hosts/cubemx_cmake/CMakeLists.txt",
        "../hosts/pico/CMakeLists.txt",
        "../hosts/cubemx_make/Makefile",
        "../hosts/libopencm3/Makefile",
    ],
)
def test_two_lines_take_a_network_in(file: str) -> None:
    """All lines that an example without networks would not have, but those of the second one."""
    text = (EXAMPLES / file).read_text(encoding="utf-8")
    if file.endswith("SConstruct"):
        # Statements of Python, in however many lines.
        assert len(re.findall(r'SConscript\(|\["attach"\]', text)) == 2
        return
    added = [
        line
        for line in text.splitlines()
        if re.search(r"digits|nn2flash", line)
        and not ("gearbox" in line and "digits" not in line)
        and not line.startswith("#")
    ]
    assert len(added) == 2, added


def test_zephyr_takes_two_lines() -> None:
    zephyr = EXAMPLES.parent / "hosts" / "zephyr"
    text = "".join((zephyr / name).read_text() for name in ("CMakeLists.txt", "prj.conf"))
    assert len(re.findall("(?i)digits", text)) == 2


def test_page_names_files_that_exist() -> None:
    page = re.sub(r"```.*?```", "", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([\w./-]+)\)", page):
        assert Path(PAGE.parent, target).exists(), target
