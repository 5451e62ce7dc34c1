"""docs/operators.md is what the operators say now."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from codegen.ops import handlers, operators
from codegen.reader.tflite.read import READERS as TFLITE
from codegen.report.operators import support_page
from tests.codegen.programs import ROOT

PAGE = ROOT / "docs" / "operators.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == support_page(), "python -m codegen operators writes it"


def test_the_command_writes_it(tmp_path: Path) -> None:
    out = tmp_path / "page.md"
    command = [sys.executable, "-m", "codegen", "operators", "--out", str(out)]
    subprocess.run(command, cwd=ROOT, check=True)
    assert out.read_text() == PAGE.read_text()


def test_every_operator_that_is_read_is_on_it() -> None:
    rows = set(re.findall(r"^\| (\w+) \|", PAGE.read_text(), re.MULTILINE))
    assert set(handlers()) <= rows


def test_the_arithmetic_of_each_is_stated() -> None:
    words = set(re.findall(r"\w+", (ROOT / "docs" / "numerics.md").read_text()))
    read_elsewhere = {name for operator in operators() for name in operator.read_elsewhere}
    assert {*handlers(), *read_elsewhere, *TFLITE} - words == set()
    assert set(TFLITE) - set(re.findall(r"\w+", PAGE.read_text())) == set()


def test_every_operator_says_what_it_takes() -> None:
    silent = [each.stem for each in operators() if each.handlers and not each.limits]
    assert silent == [], "an operator without limits: codegen/operator.py"
