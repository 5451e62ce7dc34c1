"""What pages link to exists, and what they tell to type can be typed."""

from __future__ import annotations

import argparse
import json
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from nn2flash.cli import COMMANDS, build_parser, main
from tests.docs.pages import PAGES, ROOT, anchors, code, links, prose

GOLDENS = ROOT / "tests" / "goldens"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.is_file() and target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_the_site_has_every_page_once() -> None:
    def named(entry: object) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        values = entry.values() if isinstance(entry, dict) else entry
        assert not isinstance(values, str) and hasattr(values, "__iter__")
        return [name for value in values for name in named(value)]

    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert sorted(named(config["nav"])) == sorted(p.name for p in (ROOT / "docs").glob("*.md"))
    assert config["strict"] is True


def test_the_readme_is_one_screen_that_leads_on() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    wanted = {"tutorial", "your-model", "your-network", "add-a-board", "embedding", "ci"}
    wanted |= {"from-x-cube-ai", "from-tflm", "troubleshooting", "targets", "program", "index"}
    assert {f"docs/{name}.md" for name in wanted} <= {*links(ROOT / "README.md")}


@cache
def _build_knows() -> tuple[set[str], set[str]]:
    """Targets and variables, as SConstruct and settings.py have them."""
    menu = (ROOT / "SConstruct").read_text(encoding="utf-8")
    rows = re.findall(r'^    \(\s*"[^"]*",\s*"([\w, -]+)",\s*"', menu, re.MULTILINE)
    targets = {name for row in rows for name in row.split(", ")}
    targets |= {"run", "all", "help", "list", "clean", "generate", "firmware"}
    settings = (ROOT / "site_scons" / "site_tools" / "settings.py").read_text(encoding="utf-8")
    return targets, {*re.findall(r'^ {4,8}\(?\s*"([a-z_]+)",', settings, re.MULTILINE)}


def _spoken(page: Path) -> list[str]:
    """Lines of code, and code between words."""
    lines = [line for block in code(page) for line in block.splitlines()]
    return [*lines, *re.findall(r"`([^`\n]+)`", prose(page))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_told_to_scons_exists(page: Path) -> None:
    targets, variables = _build_knows()
    assert len(targets) > 40 and len(variables) > 45
    for line in _spoken(page):
        for said in re.findall(r"(?:^|(?<!python) |/)scons ((?:[^#|&…]|\|(?=\w))*)", line):
            for word in said.split():
                if re.fullmatch(r"[a-z_]+=\S*", word):
                    assert word.partition("=")[0] in variables, line
                elif re.fullmatch(r"[a-z][a-z-]+[a-z]", word):
                    assert word in targets or not said.startswith(word), line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_told_to_the_program_exists(page: Path) -> None:
    for line in _spoken(page):
        for verb, rest in re.findall(r"(?:^|[ (])nn2flash ([a-z]+)((?: [^#|&)]*)?)", line):
            if verb not in COMMANDS:
                assert re.match(r"nn2flash [a-z]+", line) is None, line
                continue
            (subparsers,) = (
                action
                for action in build_parser(verb)._actions
                if isinstance(action, argparse._SubParsersAction)
            )
            known = subparsers.choices[verb]._option_string_actions
            for option in re.findall(r"(?<!\S)--[a-z][a-z-]*", rest):
                assert option in known, line


def test_the_keys_of_analyze_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Those that it prints, all of them and no others."""
    assert main(["analyze", str(ROOT / "tests/fixtures/guide_int8.onnx"), "--json"]) in (0, None)
    printed = {*json.loads(capsys.readouterr().out)}
    text = (ROOT / "docs" / "program.md").read_text(encoding="utf-8")
    _, _, table = text.partition("| key | is |")
    rows = [row.split("|")[1] for row in table.partition("\n\n")[0].splitlines()[2:]]
    named = [key for row in rows for key in re.findall("`([a-z0-9_]+)`", row)]
    assert sorted(named) == sorted(printed)


@pytest.mark.parametrize("name", ["from-x-cube-ai", "from-tflm"])
def test_functions_of_the_tables_are_in_generated_headers(name: str) -> None:
    """The goldens' network is called tiny."""
    headers = [*(GOLDENS / "network").glob("*.h"), *(GOLDENS / "network_stai").glob("*.h")]
    declared = "\n".join(path.read_text(encoding="utf-8") for path in headers)
    text = prose(ROOT / "docs" / f"{name}.md")
    names = re.findall(r"`((?:s?t?ai_)?(?:network|digits)_[a-z_]+)", text)
    names += re.findall(r"`((?:AI_)(?:NETWORK|DIGITS)_[A-Z_0-9]+)", text)
    names = [each for each in names if not each.endswith(("_manifest", "_io"))]
    assert len(names) > 4
    for each in names:
        tiny = re.sub("network|digits", "tiny", re.sub("NETWORK|DIGITS", "TINY", each))
        assert re.search(rf"\b{tiny}\b", declared), each


def test_the_feature_table_proves_each_cell() -> None:
    """A cell about another tool is a link, or says that its pages say nothing."""
    text = (ROOT / "docs" / "feature-table.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    head, _, *body = rows
    assert len(head) == 8 and len(body) >= 15
    assert all("https://" in title for title in head[1:])
    for row in body:
        assert len(row) == 9, row
        assert "](" in row[1] or "gap" in row[1] or row[1] == "no", row[1]
        for cell in row[2:]:
            assert cell == "–" or "https://" in cell, cell
    assert text.count("**gap**") >= 8
