"""Many small cases in processes with bounded memory and time; what breaks is told by its number.

A case that raises, hangs, or kills its process is a finding; the campaign goes on after it.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any

# A case is the work of milliseconds.
CASE_SECONDS = 20
# Real time without any progress; the machine may be very busy.
PATIENCE = 300
CHUNK = 500

# A target runs one case by its number and says in a word how it ended.
Target = Callable[[int], str]


@dataclass
class Report:
    """What a campaign found.

    Attributes:
        outcomes: how many cases ended with each of the target's words.
        findings: case number → what happened, with the end of its traceback.
        slowest, slowest_case: seconds and number of the longest case.
        peak_mb: most resident memory of a worker, in MB.
    """

    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    findings: dict[int, str] = field(default_factory=dict)
    slowest: float = 0.0
    slowest_case: int = 0
    peak_mb: float = 0.0
    seconds: float = 0.0

    def to_json(self) -> str:
        """Everything, for other tools."""
        return json.dumps(vars(self), indent=2, sort_keys=True)

    def add(self, number: int, outcome: str, finding: str = "", seconds: float = 0.0) -> None:
        """Count a case."""
        self.cases += 1
        self.outcomes[outcome] += 1
        if seconds > self.slowest:
            self.slowest, self.slowest_case = seconds, number
        if finding:
            self.findings[number] = finding


class CaseTimeout(BaseException):
    """A case took longer than it may. Not an Exception: no handler may swallow it."""


def run_campaign(
    target: Target,
    cases: range,
    memory: int,
    limits: tuple[int, int] = (CASE_SECONDS, PATIENCE),
    progress: Callable[[Report], None] = lambda report: None,
) -> Report:
    """Run `target` on every number of `cases`.

    Args:
        memory: bytes of address space that a worker may add to what this process has.
        limits: seconds of processor time, and of real time, that a case may take.
    """
    report, start = Report(), time.monotonic()
    at = cases.start
    while at < cases.stop:
        chunk = range(at, min(at + CHUNK, cases.stop))
        at = _run_chunk(target, chunk, (memory, *limits), report)
        report.seconds = time.monotonic() - start
        progress(report)
    return report


def _run_chunk(target: Target, cases: range, limits: tuple[int, int, int], report: Report) -> int:
    """Run cases in a child process; returns the number to go on with."""
    memory, seconds, patience = limits
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        log = Path(folder) / "log"
        log.touch()
        child = os.fork()
        if child == 0:
            _work(target, cases, (memory, seconds), log)
        status = _wait(child, log, patience)
        *lines, rest = log.read_text().split("\n")
    at = cases.start
    for line in lines:
        entry = json.loads(line)
        report.peak_mb = max(report.peak_mb, entry.pop("peak_mb"))
        report.add(at, **entry)
        at += 1
    if at < cases.stop:
        how = f"signal {-status}" if status < 0 else f"status {status}"
        report.add(at, "finding", f"the process ended with {how} {rest}")
        at += 1
    return at


def _wait(child: int, log: Path, patience: int) -> int:
    """The child's exit status; it is killed when its log does not grow any more."""
    size, since = 0, time.monotonic()
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if log.stat().st_size != size:
            size, since = log.stat().st_size, time.monotonic()
        # A case that heeds signals and burns time has ended itself long before.
        if time.monotonic() - since > patience:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.02)


def _work(target: Target, cases: range, limits: tuple[int, int], log: Path) -> None:
    """In the child: run the cases, log each, end without clean-up of the parent's things."""
    memory, seconds = limits
    status = 1
    try:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
        signal.signal(signal.SIGPROF, _time_is_up)
        with log.open("w") as stream:
            for number in cases:
                _log(stream, _run_case(target, number, seconds))
        status = 0
    finally:
        os._exit(status)


def _run_case(target: Target, number: int, seconds: int) -> dict[str, Any]:
    start = time.monotonic()
    entry: dict[str, Any] = {}
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        entry["outcome"] = target(number)
    except (Exception, CaseTimeout):
        entry |= {"outcome": "finding", "finding": traceback.format_exc(limit=-6)}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return {**entry, "seconds": time.monotonic() - start}


def _log(stream: IO[str], entry: dict[str, Any]) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    stream.write(json.dumps({**entry, "peak_mb": peak}) + "\n")
    stream.flush()


def _time_is_up(number: int, frame: FrameType | None) -> None:
    raise CaseTimeout(f"still running after its time, in {frame.f_code.co_name if frame else '?'}")
