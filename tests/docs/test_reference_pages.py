"""docs/python.md and docs/options.md are made of docstrings and of the program's own options.

After a change: `UPDATE_DOCS=1 .venv/bin/python -m pytest tests/docs/test_reference_pages.py`.
"""

from __future__ import annotations

import argparse
import inspect
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import nn2flash
from codegen.analysis.analysis import Analysis, CoreFigures, LayerFigures
from codegen.analysis.peak import Peak, Tensor
from codegen.analysis.placement import Placement
from nn2flash.binding import Network, Result
from nn2flash.cli import COMMANDS, build_parser
from tests.docs.pages import ROOT

MARKED = re.compile(r"(?<=<!-- made: begin -->\n).*?(?=<!-- made: end -->)", re.DOTALL)
CLASSES = (Network, Result, Analysis, LayerFigures, CoreFigures, Peak, Tensor, Placement)
_SECTION = re.compile(r"^(Args|Returns|Raises|Attributes):\n((?:    .*\n?)+)", re.MULTILINE)


def markdown(thing: object) -> str:
    """A docstring: its sections become lists."""
    return _SECTION.sub(lambda m: _listed(m[1], m[2]), inspect.getdoc(thing) or "").strip()


def _listed(name: str, body: str) -> str:
    """A section: entries are indented by four, what continues them by more."""
    entries = re.sub(r"\n {5,}", " ", body).splitlines()
    lines = [re.sub(r"^([\w, ]+):", r"`\1`:", entry.strip()) for entry in entries]
    return f"*{name}*\n\n" + "".join(f"- {line}\n" for line in lines)


def signature(name: str, thing: Callable[..., object]) -> str:
    """As one would call it, without `self` and without quotes around types."""
    found = str(inspect.signature(thing)).replace("(self, ", "(").replace("(self)", "()")
    return name + re.sub(r"(: |-> )'([^']*)'", r"\1\2", found)


def python_page() -> str:
    """Everything that `nn2flash` offers, in the order of use."""
    load = signature("nn2flash.load", nn2flash.load)
    text = f"\n## load\n\n```python\n{load}\n```\n\n{markdown(nn2flash.load)}\n"
    for each in CLASSES:
        text += f"\n## {each.__name__}\n\n{markdown(each)}\n"
        for name, member in vars(each).items():
            if name.startswith("_") or not inspect.getdoc(member):
                continue
            if isinstance(member, property):
                text += f"\n### {each.__name__}.{name}\n\n{markdown(member)}\n"
            elif inspect.isfunction(member):
                told = signature(name, member)
                text += f"\n### {each.__name__}.{name}\n\n```python\n{told}\n```\n\n"
                text += f"{markdown(member)}\n"
    return text + "\n"


def verb_parser(verb: str) -> argparse.ArgumentParser:
    """The parser of one verb."""
    (found,) = (
        action
        for action in build_parser(verb)._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    parser = found.choices[verb]
    assert isinstance(parser, argparse.ArgumentParser)
    return parser


def options_page() -> str:
    """The options of each verb, as its parser has them."""
    text = ""
    for verb in COMMANDS:
        parser = verb_parser(verb)
        about = re.sub(r"\s+", " ", parser.description or "").strip()
        text += f"\n## nn2flash {verb}\n\n{about}\n"
        actions = [each for each in parser._actions if not isinstance(each, argparse._HelpAction)]
        if actions:
            text += "\n| option | is | default |\n|---|---|---|\n"
        for action in actions:
            value = "" if action.nargs == 0 else _value(action)
            flags = [f"`{flag}{f' {value}' if value else ''}`" for flag in action.option_strings]
            name = ", ".join(flags) or f"`{value}`"
            about = re.sub(r"\s+", " ", (action.help or "") % {"default": action.default})
            default = action.default if action.option_strings and action.nargs != 0 else None
            shown = f"`{default}`" if default not in (None, argparse.SUPPRESS, [], "") else ""
            text += f"| {name} | {about.replace('|', chr(92) + '|')} | {shown} |\n"
    return text + "\n"


def _value(action: argparse.Action) -> str:
    if action.choices:
        return " or ".join(map(str, action.choices))
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    return f"{metavar} …" if action.nargs in ("*", "+") else metavar


@pytest.mark.parametrize(
    ("name", "made"), [("python.md", python_page), ("options.md", options_page)]
)
def test_the_page_is_todays(name: str, made: Callable[[], str]) -> None:
    path: Path = ROOT / "docs" / name
    text = path.read_text(encoding="utf-8")
    wanted = MARKED.sub(lambda _: made(), text)
    if os.environ.get("UPDATE_DOCS"):
        path.write_text(wanted, encoding="utf-8")
    assert wanted == path.read_text(encoding="utf-8"), "UPDATE_DOCS=1 writes it"


def test_all_that_is_offered_is_told() -> None:
    page = python_page()
    assert {"load", *(each.__name__ for each in CLASSES)} >= {*nn2flash.__all__}
    for name in ("run", "reference", "analyze"):
        assert f"### Network.{name}\n" in page
    assert "`bytes`: int8 [N, bytes of all outputs]" in page


def test_each_option_has_a_text() -> None:
    page = options_page()
    rows = re.findall(r"^\| (`.*?) \| (.*?) \| .*\|$", page, re.MULTILINE)
    assert len(rows) > 25
    assert not [name for name, about in rows if not about.strip()]
