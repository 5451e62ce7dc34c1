"""Running a programmer's steps, with one clear error when one fails."""

from __future__ import annotations

from collections.abc import Sequence

from device.programmers.base import Programmer
from device.programmers.failures import explain
from device.steps import Step, run, shown, start


def run_steps(programmer: Programmer, steps: Sequence[Step], lock: int) -> None:
    """Run `steps` in order, each only when the one before succeeded.

    Args:
        lock: descriptor of the probe lock, inherited by the tools.

    Raises:
        UserError: a step failed: by its exit status, by an error line in its output, or because
            its output lacks the line that proves success.
    """
    for step in steps:
        print(shown(step), flush=True)
        status, output = run(step, [lock], outlives_us=True)
        if not step.succeeded(status, output):
            raise explain(programmer.name, status, output, programmer.signs)


def run_quietly(programmer: Programmer, steps: Sequence[Step], lock: int) -> None:
    """The same, showing nothing: what the tools print would mix with the firmware's own console.

    Raises:
        UserError: as `run_steps` does.
    """
    for step in steps:
        with start(step, [lock]) as process:
            printed, _ = process.communicate()
        output = printed.decode(errors="replace").replace("\r\n", "\n")
        if not step.succeeded(process.returncode, output):
            raise explain(programmer.name, process.returncode, output, programmer.signs)
