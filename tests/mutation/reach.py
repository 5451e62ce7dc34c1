"""A plug-in of pytest that notes which functions of ours and which templates each test runs.

`pytest -p tests.mutation.reach` appends a line for each test to `$NN2FLASH_REACH-<worker>.jsonl`.
What a fixture runs counts for every test that uses it. What runs in other processes is not seen.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

VARIABLE = "NN2FLASH_REACH"
ROOT = f"{Path.cwd().resolve()}/"
PACKAGES = tuple(
    f"{ROOT}{package}/" for package in ("codegen", "device", "site_scons", "templates")
)


class Reach:
    """What has run since the last test began, and in each fixture."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._now: set[str] = set()
        self._fixtures: dict[int, set[str]] = {}
        self._failed = False
        # id of a code object → its name, None when it is not ours; kept, so that ids stay theirs.
        self._names: dict[int, str | None] = {}
        self._kept: list[CodeType] = []

    def _trace(self, frame: FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if id(code) not in self._names:
            ours = code.co_filename.startswith(PACKAGES)
            named = f"{code.co_filename.removeprefix(ROOT)}:{code.co_qualname}"
            self._names[id(code)] = named if ours else None
            self._kept.append(code)
        if name := self._names[id(code)]:
            self._now.add(name)

    def _begin(self) -> None:
        sys.settrace(self._trace)
        threading.settrace(self._trace)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, Any]:
        """A fixture is made."""
        outer, self._now = self._now, set()
        self._begin()
        try:
            return (yield)
        finally:
            self._fixtures[id(fixturedef)] = self._now
            self._now = outer | self._now

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A part of a test has ended."""
        self._failed |= report.failed

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """A test is run with its fixtures."""
        self._now, self._failed, before = set(), False, sum(os.times()[:4])
        self._begin()
        try:
            return (yield)
        finally:
            sys.settrace(None)
            definitions = getattr(item, "_fixtureinfo").name2fixturedefs  # noqa: B009
            for each in (each for group in definitions.values() for each in group):
                self._now |= self._fixtures.get(id(each), set())
            entry = {
                "test": item.nodeid,
                "seconds": round(sum(os.times()[:4]) - before, 3),
                "failed": self._failed,
                "reached": sorted(self._now),
            }
            with self._out.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(entry) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to note."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    config.pluginmanager.register(Reach(Path(f"{os.environ[VARIABLE]}-{worker}.jsonl")))
