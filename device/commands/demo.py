"""`demo`: a page on this computer that asks the firmware about inputs of yours."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path
from typing import Any

from device.boards import read_board
from device.commands.ports import tcp_port
from support.errors import UserError
from support.files import read_json

_PREFERRED = 8750


def register(commands: Any) -> None:
    """Add the parser of `demo`."""
    parser = commands.add_parser("demo", help="give it inputs on a page, the firmware answers")
    parser.add_argument("--board", type=Path, required=True, help="board.toml")
    parser.add_argument("--elf", type=Path, help="firmware for the emulator (app=validate)")
    parser.add_argument("--port", help="serial port of a real board; auto finds it")
    parser.add_argument("--manifest", type=Path, required=True, help="the build's manifest")
    parser.add_argument("--build", type=Path, help="build.json: refuse firmware of another build")
    parser.add_argument("--page", type=Path, required=True, help="the rendered page")
    parser.add_argument("--reference", type=Path, help="reference.npz: test inputs to choose from")
    parser.add_argument("--training", help="training.json: how inputs are normalized")
    parser.add_argument("--normalize", metavar="MEAN,STD", help="the same, given by hand")
    parser.add_argument(
        "--listen", type=tcp_port, metavar="PORT", help=f"of the page ({_PREFERRED}, or a free one)"
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from device.demo.network import Network, network_of
    from device.demo.reader import Reader
    from device.demo.server import ADDRESS, application, listen, serve
    from device.demo.training import Training, parse_normalization, read_training
    from device.link.messages import Info
    from device.link.opening import open_transport
    from device.validation.identity import check_identity
    from device.validation.reference import read_expected, read_reference

    board = read_board(arguments.board)
    expected = read_expected(arguments.manifest, arguments.build)
    page = _read_page(arguments.page)
    manifest: Any = read_json(arguments.manifest)
    training = Training()
    if arguments.normalize:
        training = parse_normalization(arguments.normalize)
    elif arguments.training:
        training = read_training(arguments.training)
    tests = read_reference(arguments.reference, None, layers=False) if arguments.reference else None

    def describe(info: Info) -> Network:
        check_identity(info, board.name, expected)
        return network_of(info, manifest, training, tests)

    reader = Reader(lambda: open_transport(board, arguments.elf, arguments.port), describe)
    try:
        info, network = reader.start()
        listener = listen(arguments.listen, _PREFERRED)
        number = int(listener.getsockname()[1])
        where = arguments.port or f"{board.title} (emulated)"
        print(f"network '{info.network}', model {info.model[:12]}, on {where}")
        print(f"ask it at http://{ADDRESS}:{number}/  (Ctrl-C ends)", flush=True)
        if arguments.open:
            webbrowser.open(f"http://{ADDRESS}:{number}/")
        serve(application(page, reader, network, number), network, listener)
    finally:
        reader.close()


def _read_page(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", "build it first: scons demo") from None
