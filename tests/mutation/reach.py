"""A plug-in of pytest that notes which probes (`probes.py`) each test sets, and its time.

`pytest -p tests.mutation.reach` appends a line for each test to `$NN2FLASH_REACH`; the probes'
bytes are those of `$NN2FLASH_PROBES`. What a fixture sets counts for every test that uses it.
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

OUT, PROBES = "NN2FLASH_REACH", "NN2FLASH_PROBES"


class Reach:
    """What has been set since the last test began, and in each fixture."""

    def __init__(self, out: Path, probes: Path) -> None:
        self._out = out
        with probes.open("r+b") as stream:
            self._bytes = mmap.mmap(stream.fileno(), 0)
        # id of a fixture's definition → its probes and its processor time.
        self._fixtures: dict[int, tuple[set[int], float]] = {}
        # Those that the present test had to wait for.
        self._made: set[int] = set()
        self._failed = False

    def _take(self) -> set[int]:
        """The probes that are set; none is afterwards."""
        found = {number for number, byte in enumerate(self._bytes[:]) if byte}
        self._bytes[:] = bytes(len(self._bytes))
        return found

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, Any]:
        """A fixture is made."""
        outer, before = self._take(), _used()
        try:
            return (yield)
        finally:
            own = self._take()
            self._fixtures[id(fixturedef)] = own, _used() - before
            self._made.add(id(fixturedef))
            for number in outer | own:
                self._bytes[number] = 1

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test has ended."""
        self._failed |= report.failed or report.skipped

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """A test is run with its fixtures."""
        self._take()
        self._made.clear()
        self._failed, before = False, _used()
        try:
            return (yield)
        finally:
            reached, seconds, shared = self._take(), _used() - before, 0.0
            definitions = getattr(item, "_fixtureinfo").name2fixturedefs  # noqa: B009
            for each in {id(each) for group in definitions.values() for each in group}:
                own, took = self._fixtures.get(each, (set(), 0.0))
                reached |= own
                if each not in self._made:
                    shared += took
            entry = {
                "test": item.nodeid,
                # Of it alone, with what it shares with others.
                "seconds": round(seconds + shared, 3),
                "shared": round(shared, 3),
                "passed": not self._failed,
                "reached": sorted(reached),
            }
            with self._out.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(entry) + "\n")


def _used() -> float:
    """Processor seconds of this process and those that it has waited for."""
    return sum(os.times()[:4])


def pytest_configure(config: pytest.Config) -> None:
    """Begin to note."""
    reach = Reach(Path(os.environ[OUT]), Path(os.environ[PROBES]))
    config.pluginmanager.register(reach)
