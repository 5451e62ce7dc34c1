"""A process that has imported what tests need, and forks for each run of pytest.

`python tests/mutation/server.py`, in the folder of a copy of the project, of which it imports
nothing: a run finds the files as they are then. A line of JSON asks for a run ("words": pytest's
arguments, "seconds": the longest time or null), a line answers ("status": pytest's, null when it
took longer, "test": the first that failed, "seconds": of processor time, "took": the time). It ends
with its input.

The time of a run is the processor's, and that in which all its processes sleep: a busy machine
takes nobody's time.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import math
import os
import select
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# What takes long to import, of others.
OTHERS = (
    "pytest",
    "hypothesis",
    "numpy",
    "onnx",
    "onnx.numpy_helper",
    "onnxruntime",
    "jinja2",
    "elftools.elf.elffile",
    "unicorn",
    "torch",
    "xdist",
)
# Seconds between two looks at a run.
_STEP = 0.25
# linux/prctl.h
_PR_SET_PDEATHSIG = 1


class First:
    """Notes the first test that fails, or the first file that cannot be read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def _failed(self, report: Any) -> None:
        if report.failed and not self._path.stat().st_size:
            self._path.write_text(report.nodeid, encoding="utf-8")

    pytest_runtest_logreport = pytest_collectreport = _failed


class Order:
    """Runs tests in the order in which they were asked for, those of a file together.

    What a file's tests share is made once so.
    """

    def __init__(self, words: list[str]) -> None:
        self._places: dict[str, int] = {}
        for place, word in enumerate(words):
            self._places.setdefault(word.partition("::")[0], place)
            self._places.setdefault(word, place)

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Called by pytest; `conftest.py` may have sorted them before, or sorts them later."""
        items.sort(key=self._place)

    def _place(self, item: Any) -> tuple[int, int]:
        last = len(self._places)
        file = self._places.get(item.nodeid.partition("::")[0], last)
        return file, self._places.get(item.nodeid, last)


def run(words: list[str], seconds: float | None, prctl: Any) -> dict[str, Any]:
    """One run of pytest in a process of its own; whatever it leaves is killed."""
    with tempfile.NamedTemporaryFile() as note:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
            _become_pytest(words, Path(note.name))
        ended, took = _watch(child, math.inf if seconds is None else seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        _, status, used = os.wait4(child, 0)
        seconds = used.ru_utime + used.ru_stime
        return {
            "status": os.waitstatus_to_exitcode(status) if ended else None,
            "test": note.read().decode(),
            "seconds": round(seconds, 2),
            "took": round(max(took, seconds), 2),
        }


def _watch(child: int, most: float) -> tuple[bool, float]:
    """Wait for a process; whether it has ended in so much of its time, and its time."""
    handle = os.pidfd_open(child)
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    idle, used, start = 0.0, 0.0, time.monotonic()
    while not (ended := bool(poll.poll(1000 * _STEP))):
        every = list(_below(child))
        used = max(used, sum(seconds for _, seconds in every))
        now = time.monotonic()
        idle += now - start if all(state != "R" for state, _ in every) else 0.0
        start = now
        if used + idle > most:
            break
    os.close(handle)
    return ended, used + idle


def _below(process: int) -> Iterator[tuple[str, float]]:
    """State and processor seconds, ended children's too, of a process and all below (proc(5))."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        place = Path(f"/proc/{process}")
        fields = (place / "stat").read_text().rpartition(")")[2].split()
        yield fields[0], sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        for task in (place / "task").iterdir():
            for each in (task / "children").read_text().split():
                yield from _below(int(each))


def _become_pytest(words: list[str], note: Path) -> None:
    """In the child: a session and process group of its own, nothing to read, nothing said."""
    status = 3
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(null, stream)
        import pytest

        sys.argv = ["pytest", *words]
        sys.path.insert(0, str(Path.cwd()))
        status = int(pytest.main(words, plugins=[First(note), Order(words)]))
    finally:
        os._exit(status)


def _leave(number: int, frame: Any) -> None:
    """End with what is left to clean up."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(1)


def main() -> None:
    """Serve until the input ends."""
    sys.path.pop(0)  # this file's folder
    for name in OTHERS:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    signal.signal(signal.SIGTERM, _leave)
    with tempfile.TemporaryDirectory(prefix="nn2flash-objects-") as objects:
        # Named by what they are made of (tests/codegen/shared_objects.py): no run compiles what
        # another has compiled.
        os.environ["NN2FLASH_TEST_OBJECTS"] = objects
        for line in sys.stdin:
            asked = json.loads(line)
            print(json.dumps(run(asked["words"], asked["seconds"], prctl)), flush=True)


if __name__ == "__main__":
    main()
