"""The way to a board: its debug probe, or the debug port of its model."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from device.boards import Board
from device.probe_lock import probe_lock
from device.steps import Server, Step
from support.errors import UserError
from support.files import resolved

_WAIT = 120.0


@dataclass(frozen=True)
class Connection:
    """A probe that is ours while a block runs.

    Attributes:
        lock: descriptor that tools inherit.
        environment: what leads tools to a model.
    """

    lock: int
    environment: Mapping[str, str]

    def steps(self, steps: list[Step]) -> list[Step]:
        """The steps, led there."""
        return [self._led(step) for step in steps]

    def server(self, server: Server) -> Server:
        """The gdb server, led there."""
        return replace(server, step=self._led(server.step))

    def _led(self, step: Step) -> Step:
        return replace(step, environment={**step.environment, **self.environment})


def add_probe_options(parser: argparse.ArgumentParser) -> None:
    """Options of every command that uses the debug probe."""
    parser.add_argument("--board", type=Path, required=True, help="board.toml")
    parser.add_argument("--programmer", help="tool to use (default: the first that fits)")
    parser.add_argument("--serial", help="serial number of the debug probe, when there are several")
    parser.add_argument(
        "--wait",
        type=float,
        default=_WAIT,
        metavar="S",
        help=f"seconds to wait for a probe in use (default: {_WAIT:g})",
    )
    parser.add_argument(
        "--model",
        type=Path,
        metavar="FILE",
        help="use the board's model, whose flash is kept in FILE, and not a probe",
    )
    parser.add_argument(
        "--model-option",
        action="append",
        default=[],
        metavar="WORD",
        help="argument of `python -m device.debugport.server`",
    )


@contextlib.contextmanager
def connection(
    arguments: argparse.Namespace, board: Board, finish: int | None = None
) -> Iterator[Connection]:
    """Hold the probe, or switch the model on, while the block runs.

    Args:
        finish: address of board_finish, to which a model goes on after the block.

    Raises:
        UserError: the probe is not free in time, or the board has no such model.
    """
    if arguments.model is None:
        with probe_lock(arguments.command, arguments.wait) as lock:
            yield Connection(lock, {})
        return
    from device.debugport.session import model_board

    if board.emulator != "h750":
        raise UserError(f"the emulator of board {board.name} has no debug port")
    arguments.model.parent.mkdir(parents=True, exist_ok=True)
    file = arguments.model.with_suffix(".lock")
    options = arguments.model_option
    with (
        probe_lock(arguments.command, arguments.wait, file) as lock,
        model_board(
            resolved(arguments.board), resolved(arguments.model), options, finish=finish
        ) as environment,
    ):
        yield Connection(lock, environment)
