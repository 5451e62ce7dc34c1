"""`validate`: run the test inputs on the firmware, on a board or an emulator, and compare."""

from __future__ import annotations

import argparse
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.boards import Board, read_board
from support.errors import UserError
from support.files import write_json, write_text

if TYPE_CHECKING:
    from device.link.client import Client
    from device.link.messages import Info, Report
    from device.validation.measure import Measurement
    from device.validation.verdict import Verdict


def register(commands: Any) -> None:
    """Add the parser of `validate`."""
    parser = commands.add_parser("validate", help="run the test inputs on the firmware, compare")
    parser.add_argument("--board", type=Path, required=True, help="board.toml")
    parser.add_argument("--elf", type=Path, help="firmware for the emulator (app=validate)")
    parser.add_argument("--port", help="serial port of a real board; auto finds it")
    parser.add_argument("--reference", type=Path, required=True, help="reference.npz")
    parser.add_argument("--manifest", type=Path, required=True, help="the build's manifest")
    parser.add_argument("--build", type=Path, help="build.json: refuse firmware of another build")
    parser.add_argument("--count", type=int, help="only the first inputs (default: all)")
    parser.add_argument("--layers", action="store_true", help="compare every layer's bytes")
    parser.add_argument(
        "--wait", type=float, default=15.0, metavar="S", help="seconds until it must answer (15)"
    )
    parser.add_argument("--json", type=Path, help="write what was measured here")
    parser.add_argument("--junit", type=Path, help="write JUnit XML here")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from device.validation.measure import INTERRUPTED
    from device.validation.telling import as_junit_refused

    # Ended from outside, as by Ctrl-C: the results are written, the emulator does not stay behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    board = read_board(arguments.board)
    try:
        measured, verdict = _validate(arguments, board)
    except UserError as error:
        # The JSON of an earlier run stays; CI must not take that run for this one.
        if arguments.junit:
            write_text(arguments.junit, as_junit_refused(str(error), board.name))
        raise
    if measured.stopped == INTERRUPTED:
        raise KeyboardInterrupt
    if measured.stopped:
        raise UserError(measured.stopped, measured.remedy)
    if not verdict.passed:
        raise UserError("the firmware computes other bytes than the reference")
    return 0


def _validate(arguments: argparse.Namespace, board: Board) -> tuple[Measurement, Verdict]:
    """Measure, tell and write what was measured.

    Raises:
        UserError: nothing could be measured.
    """
    from device.link.client import Client
    from device.link.opening import open_transport
    from device.validation.identity import check_identity
    from device.validation.measure import check_fits, measure
    from device.validation.reference import read_expected, read_reference
    from device.validation.telling import as_json, as_junit, as_text
    from device.validation.verdict import judge
    from support.progress import Progress

    expected = read_expected(arguments.manifest, arguments.build)
    reference = read_reference(arguments.reference, arguments.count, layers=arguments.layers)
    transport = open_transport(board, arguments.elf, arguments.port)
    client = Client(transport)
    try:
        info = client.connect(arguments.wait)
        print(_introduce(transport.name, info), flush=True)
        check_identity(info, board.name, expected)
        check_fits(client, reference)
        progress = Progress("validate", len(reference.inputs))
        measured = measure(client, reference, progress)
        progress.finish()
        report = None if measured.stopped else _report(client)
    finally:
        client.close()
    verdict = judge(measured, reference, info, expected.layers, emulated=transport.emulated)
    print(as_text(verdict), flush=True)
    if client.retries:
        print(f"{client.retries} requests had to be sent again: a bad cable or a busy computer")
    if arguments.json:
        write_json(arguments.json, as_json(verdict, info, report, board.name, expected.kernels))
    if arguments.junit:
        write_text(arguments.junit, as_junit(verdict, board.name))
    return measured, verdict


def _introduce(name: str, info: Info) -> str:
    clock = f", {info.clock_hz / 1e6:g} MHz" if info.clock_hz else ""
    return (
        f"target: {name}{clock}; network '{info.network}' from {info.origin}, "
        f"model {info.model[:12]}, {info.nodes} layers, {info.generator}"
    )


def _report(client: Client) -> Report | None:
    from device.link.transport import LinkError

    try:
        return client.report()
    except LinkError:
        return None
