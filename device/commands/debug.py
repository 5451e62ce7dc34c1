"""`debug` and `gdbserver`: gdb on a running board, or on its emulator, without flashing."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from device.boards import Board, read_board
from device.commands.connection import Connection, add_probe_options, connection
from device.commands.ports import tcp_port
from device.commands.probe import built_image, choose_for_show
from device.emulators import emulator
from device.gdb import find_gdb, free_port, run_gdb, running, session
from device.programmers import Programmer, choose
from device.programmers.failures import explain
from device.programmers.runner import run_steps
from device.steps import Server, run, shown
from device.vendor import refuse_on_emulator
from support.errors import UserError

_PORT = 3333


def register(commands: Any) -> None:
    """Add the parsers of `debug` and `gdbserver`."""
    debug = commands.add_parser(
        "debug", help="gdb on the board's firmware, stopped at main; nothing is written"
    )
    debug.add_argument("--flash", action="store_true", help="write the firmware first")
    debug.add_argument(
        "--ex", action="append", default=[], metavar="COMMAND", help="gdb command to run then"
    )
    debug.add_argument("--batch", action="store_true", help="end gdb after the commands")
    debug.set_defaults(run=_debug)
    server = commands.add_parser("gdbserver", help="a gdb server for an IDE or another terminal")
    server.add_argument("--port", type=tcp_port, default=_PORT, help=f"default: {_PORT}")
    server.set_defaults(run=_gdbserver)
    for parser in (debug, server):
        add_probe_options(parser)
        parser.add_argument("--elf", type=Path, required=True, help="firmware with its symbols")
        parser.add_argument(
            "--attach", action="store_true", help="join the running firmware, do not reset it"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="print the command lines, run nothing"
        )


def _debug(arguments: argparse.Namespace) -> int:
    board = read_board(arguments.board)
    if board.cpu.native:
        return _debug_native(arguments)
    port = free_port()
    if arguments.dry_run:
        server, _ = _server(board, arguments, port, for_show=True)
        print(shown(server.step))
        print(" ".join(_gdb(arguments, server, port)))
        return 0
    with _probe(board, arguments) as probe:
        server, failed = _server(board, arguments, port)
        gdb = _gdb(arguments, server, port)
        lock = []
        if probe is not None:
            server, lock = probe.server(server), [probe.lock]
            if arguments.flash:
                image = built_image(board, arguments.elf)
                model = arguments.model is not None
                tool = choose(board, arguments.programmer, image.memories, model=model)
                run_steps(tool, probe.steps(tool.flash(image, arguments.serial)), probe.lock)
        with running(server, port, lock, failed):
            return run_gdb(gdb)


def _gdbserver(arguments: argparse.Namespace) -> None:
    board = read_board(arguments.board)
    if board.cpu.native:
        raise UserError(f"board {board.name} needs no gdb server", "use `debug`")
    server, failed = _server(board, arguments, arguments.port, for_show=arguments.dry_run)
    print(shown(server.step), flush=True)
    if arguments.dry_run:
        return
    with _probe(board, arguments) as probe:
        print(f"connect with: target extended-remote localhost:{arguments.port}", flush=True)
        if probe is not None:
            server = probe.server(server)
        status, output = run(server.step, [probe.lock] if probe else [])
    if status != 0:
        raise failed(status, output)


def _debug_native(arguments: argparse.Namespace) -> int:
    commands = ["break main", "run", *arguments.ex]
    script = [part for command in commands for part in ("-ex", command)]
    batch = ["-batch"] if arguments.batch else []
    gdb = [find_gdb(native=True), "-q", *batch, *script, str(arguments.elf)]
    if arguments.dry_run:
        print(" ".join(gdb))
        return 0
    return run_gdb(gdb)


def _gdb(arguments: argparse.Namespace, server: Server, port: int) -> list[str]:
    return session(
        arguments.elf,
        port,
        server,
        attach=arguments.attach,
        extra=arguments.ex,
        batch=arguments.batch,
    )


def _server(
    board: Board, arguments: argparse.Namespace, port: int, *, for_show: bool = False
) -> tuple[Server, Callable[[int, str], UserError]]:
    """The board's gdb server, and what explains its failure."""
    from device.board_mark import require_board
    from device.elf import Elf

    # Refuses what is no firmware, or not this board's, before anything is started.
    require_board(Elf(arguments.elf), board)
    if board.programmers:
        pick = choose_for_show if for_show else choose
        model = arguments.model is not None
        tool: Programmer = pick(board, arguments.programmer, gdb=True, model=model)
        server = tool.gdb_server(port, arguments.serial, attach=arguments.attach)
        return server, lambda status, output: explain(tool.name, status, output, tool.signs)
    refuse_on_emulator(arguments.elf)
    chosen: Any = emulator(board.emulator)
    if not hasattr(chosen, "gdb_server"):
        raise UserError(f"the emulator of board {board.name} has no gdb server")

    def failed(status: int, output: str) -> UserError:
        return explain("the emulator", status, output, ())

    return chosen.gdb_server(board, arguments.elf, port), failed


@contextlib.contextmanager
def _probe(board: Board, arguments: argparse.Namespace) -> Iterator[Connection | None]:
    """The probe of boards that have one; emulators run side by side."""
    if not board.programmers:
        yield None
        return
    with connection(arguments, board) as probe:
        yield probe
