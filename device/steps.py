"""Calls of other people's tools: what they are, how they are shown, and how they are run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from support import children
from support.errors import of_system


@dataclass(frozen=True)
class Step:
    """One call of a tool.

    Attributes:
        command: program and arguments.
        environment: variables that are set for it.
        proof: what the tool prints only after success (regular expression); "" when its exit
            status is enough.
        broken: what the tool prints only after a failure, whatever its exit status says.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    proof: str = ""
    broken: str = ""

    def succeeded(self, status: int, output: str) -> bool:
        """Judge a call by its exit status and output."""
        if status != 0 or (self.broken and re.search(self.broken, output, re.MULTILINE)):
            return False
        return not self.proof or re.search(self.proof, output, re.MULTILINE) is not None


@dataclass(frozen=True)
class Server:
    """A gdb server.

    Attributes:
        step: how to start it.
        ready: what it prints when gdb may connect (regular expression); "" when it prints nothing
            and its output is the firmware's console.
        halt_at_reset: gdb commands that reset the chip and stop it before its first instruction.
    """

    step: Step
    ready: str
    halt_at_reset: tuple[str, ...]


def shown(step: Step) -> str:
    """A step as a line that a shell would take."""
    command = list(step.command)
    if sys.platform == "win32":
        return subprocess.list2cmdline(command)
    settings = [f"{key}={shlex.quote(value)}" for key, value in step.environment.items()]
    return " ".join([*settings, shlex.join(command)])


def start(
    step: Step, inherited: Sequence[int] = (), *, outlives_us: bool = False, **options: Any
) -> subprocess.Popen[bytes]:
    """Start a step with stdout and stderr in one pipe and nothing to read; it ends with us.

    Args:
        inherited: descriptors that the tool keeps open (a lock).
        outlives_us: it ends what it does when we are killed: a half-written flash helps nobody.
        options: more of `subprocess.Popen`.

    Raises:
        UserError: there is no such program.
    """
    if sys.platform != "win32":
        options["pass_fds"] = inherited
    settings = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "env": {**os.environ, **step.environment},
        **options,
    }
    try:
        if outlives_us:
            return subprocess.Popen(step.command, **settings)
        return children.start(step.command, **settings)
    except OSError as error:
        raise of_system(error, f"{step.command[0]}: cannot run it") from None


def run(step: Step, inherited: Sequence[int] = (), *, outlives_us: bool = False) -> tuple[int, str]:
    """Run a step to its end; exit status and output, which is passed on live (progress bars).

    The arguments are those of `start`.
    """
    output = bytearray()
    with start(step, inherited, outlives_us=outlives_us) as process:
        assert process.stdout is not None
        while data := os.read(process.stdout.fileno(), 65536):
            output += data
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
    return process.returncode, output.decode(errors="replace").replace("\r\n", "\n")
