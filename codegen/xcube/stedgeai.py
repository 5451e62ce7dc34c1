"""Run ST's tool on the quantized network, and believe its files and its log, not its status."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from codegen.xcube.bundle import Request, import_bundle
from codegen.xcube.discover import HEADERS, SOURCES
from codegen.xcube.tool import Tool, runtime_folders
from support.children import start
from support.errors import UserError
from support.files import write_bytes
from support.options import option_words

LOG = "_stedgeai.log"
# The tool's own word for each processor whose library it has.
_TARGETS = {"cortex-m7": "stm32h7"}
_COLORS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# With this the tool gives up: "E010(InvalidModelError): …", "TOOL ERROR", "INTERNAL ERROR". It may
# follow a progress bar that did not end its line.
_ERROR = re.compile(
    r"(?<!\S)(?:E\d{3,4}\s*\(\w+\)|(?:TOOL|INTERNAL|FATAL)\s+ERROR\b|NOT IMPLEMENTED\b"
    r"|Traceback \(most recent call last\))"
)
_SHOWN_LINES = 12
_LARGEST_LOG = 64 << 20


@dataclass(frozen=True)
class Run:
    """How to run it.

    Attributes:
        memory_pool: file for the tool's --memory-pool, or None.
        options: further words for its command line; they come last.
        seconds: after which it counts as hung.
    """

    tool: Tool
    model: Path
    memory_pool: Path | None = None
    options: tuple[str, ...] = ()
    seconds: float = 1800.0


def generate(run: Run, request: Request) -> dict[str, Any]:
    """Generate with the tool and import what it made; returns the manifest.

    Args:
        request: what to import; its bundle is not looked at.

    Raises:
        UserError: the tool failed, in whatever way, or made what cannot be imported. Its whole
            output lies in `<name>_stedgeai.log`.
    """
    target = _TARGETS.get(request.core)
    if target is None:
        raise UserError(
            f"ST's runtime library here is for a Cortex-M7, this board has {request.core}",
            "choose another board, or ai=builtin",
        )
    log = request.out / f"{request.name}{LOG}"
    with tempfile.TemporaryDirectory(prefix="nn2flash-stedgeai-") as folder:
        work = Path(folder)
        output = work / "output"
        command = [
            str(run.tool.path),
            "generate",
            *option_words(
                {
                    "--model": str(run.model.resolve()),
                    "--target": target,
                    "--name": request.name,
                    "--c-api": request.api,
                    "--input-data-type": "int8",
                    "--output-data-type": "int8",
                    "--memory-pool": str(run.memory_pool.resolve()) if run.memory_pool else None,
                    "--workspace": str(work / "workspace"),
                    "--output": str(output),
                }
            ),
            *run.options,
        ]
        status, text = _execute(command, work, run.seconds)
        write_bytes(log, text.encode("utf-8"))
        _judge(status, text, _missing(output, request), log)
        roots = (*request.runtimes, *runtime_folders(run.tool.path))
        return import_bundle(replace(request, bundle=output, runtimes=roots, how="stedgeai"))


def _missing(output: Path, request: Request) -> list[str]:
    """Files that the tool should have written and did not, or left empty."""
    suffixes = (*SOURCES[request.api], *HEADERS[request.api])
    paths = [output / f"{request.name}{suffix}" for suffix in suffixes]
    return [path.name for path in paths if not path.is_file() or path.stat().st_size == 0]


def _execute(command: Sequence[str], work: Path, seconds: float) -> tuple[int, str]:
    """Run to the end; returns (exit status, all it printed, without colours).

    Raises:
        UserError: it cannot be started, or does not end. Whatever it started ends with it.
    """
    raw = work / "log"
    with raw.open("wb") as stream:
        try:
            process = start(
                list(command),
                cwd=work,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise UserError(
                f"{command[0]}: cannot be started ({error.strerror})", "install it again"
            ) from None
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise UserError(
                f"{command[0]}: did not end in {seconds:.0f} s",
                "run it by hand on the model to see what it waits for",
            ) from None
        finally:
            _end(process)
    with raw.open("rb") as stream:
        text = stream.read(_LARGEST_LOG).decode("utf-8", errors="replace")
    return status, _COLORS.sub("", text.replace("\r", "\n"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the tool's process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _judge(status: int, text: str, missing: Sequence[str], log: Path) -> None:
    """Raise unless the tool did its work.

    Raises:
        UserError: with what the tool said.
    """
    error = _ERROR.search(text)
    if not missing and not error:
        # Its status says nothing either way: all files are there and it complained of nothing.
        return
    said = text[error.start() :] if error else text
    lines = [line.rstrip() for line in said.splitlines() if line.strip()]
    shown = lines[:_SHOWN_LINES] if error else lines[-_SHOWN_LINES:]
    what = f"it did not write {', '.join(missing)}" if missing else "it reported an error"
    quoted = "".join(f"\n    {line[:200]}" for line in shown)
    raise UserError(
        f"stedgeai failed (exit status {status}): {what}{quoted}",
        f"see {log}; unsupported layers and shapes are named there",
    )
