"""Waiting for the cloud: a run is polled until it ends, and survives being interrupted."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.cloud.service import Service
from support.errors import UserError
from support.files import read_json, write_json

POLL_SECONDS = 2.0
# A run that was started this long ago is not waited for any more, but started anew.
_FORGOTTEN_SECONDS = 6 * 3600.0


@dataclass(frozen=True)
class Patience:
    """How to wait.

    Attributes:
        poll: seconds between questions; grows to ten times that.
        longest: seconds in one state after which it counts as hung.
    """

    poll: float = POLL_SECONDS
    longest: float = 1800.0


class RunFailed(UserError):
    """The cloud says that a run failed: waiting for it again would not help."""


def wait(service: Service, url: str, what: str, patience: Patience) -> dict[str, Any] | None:
    """Ask until the run is done; returns the last answer, or None when the cloud knows no such run.

    Raises:
        RunFailed: the cloud says so.
        UserError: the run is stuck, or the answer is no run's.
    """
    state, since, pause = "", time.monotonic(), patience.poll
    while True:
        answer = service.get(url)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise UserError(
                f"ST's cloud answers with status {answer.status} while {what} runs",
                "start the same command again: it goes on waiting for the same run",
            )
        content = answer.json()
        if not isinstance(content, dict):
            raise UserError("ST's cloud answers with something that is no run's state")
        new = str(content.get("state") or "").lower()
        if new != state:
            state, since, pause = new, time.monotonic(), patience.poll
            print(f"{what}: {state.replace('_', ' ') or 'waiting'}", file=sys.stderr, flush=True)
        if state == "error":
            raise RunFailed(f"{what} failed in ST's cloud: {_message(content)}", _REMEDY)
        if state == "done" or content.get("result") is not None:
            return content
        if time.monotonic() - since > patience.longest:
            raise UserError(
                f"{what}: '{state}' for {patience.longest / 60:.0f} minutes",
                "start the same command again later: it goes on waiting for the same run",
            )
        time.sleep(pause)
        pause = min(pause * 1.3, 10 * patience.poll)


_REMEDY = "try the same on the cloud's web page; ai=builtin and ai=bundle need no cloud"


def _message(content: dict[str, Any]) -> str:
    """What the cloud says about a failure, in one line of bearable length."""
    for key in ("message", "error", "errors", "result"):
        if content.get(key):
            return " ".join(str(content[key]).split())[:500]
    return "no reason given"


def resumable(
    record: Path, key: str, start: Callable[[], str], wait_for: Callable[[str], Any | None]
) -> Any:
    """Start a run and wait for it, or go on waiting for the one that an interrupted call started.

    Args:
        record: file that remembers the run; the caller removes it when the result is safe.
        key: identifies what is asked for; a record of something else is not used.
        start: starts a run, returns its identifier.
        wait_for: waits; None when there is no such run any more.

    Raises:
        UserError: as `wait_for`, or the cloud lost the run.
    """
    try:
        known = _recorded(record, key)
        result = wait_for(known) if known else None
        if result is None:
            run = start()
            write_json(record, {"key": key, "run": run, "started": time.time()})
            result = wait_for(run)
    except RunFailed:
        record.unlink(missing_ok=True)
        raise
    if result is None:
        raise UserError("ST's cloud has lost the run it just started", "try again")
    return result


def run_file(path: Path) -> Path:
    """The file that remembers the run which `path` is made by."""
    return path.with_suffix(".run.json")


def is_run(path: Path) -> bool:
    """Whether a file is what `resumable` remembers a run by."""
    try:
        content = read_json(path)
    except UserError:
        return False
    return isinstance(content, dict) and content.keys() == {"key", "run", "started"}


def _recorded(record: Path, key: str) -> str | None:
    with contextlib.suppress(UserError, KeyError, TypeError, ValueError):
        content = read_json(record)
        recent = time.time() - float(content["started"]) < _FORGOTTEN_SECONDS
        if content["key"] == key and recent:
            return str(content["run"])
    return None
