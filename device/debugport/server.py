"""`python -m device.debugport.server --board TOML --storage FILE`: a model with a debug port.

Prints one line with its ports, which are sockets, then what the firmware sends. The end of its
input switches the board off; what the board keeps without power is in FILE then.
"""

from __future__ import annotations

import argparse
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from device.boards import read_board
from device.debugport.dap import DebugPort
from device.debugport.session import REFUSED
from device.debugport.tap import Tap
from device.debugport.transactions import Transactions
from device.emulators.h750.chip import DEFECTS, FLASHING_DEFECTS
from device.emulators.h750.mt25q import PROTOCOLS
from device.emulators.h750.storage import Storage
from device.emulators.h750.target import Target
from device.emulators.h750.wiring import wiring_of
from support.errors import run_cli

# Blocks of code between two looks at the sockets, and before each read by a debugger of a running
# core: time passes while it asks.
_IDLE_BLOCKS, _READ_BLOCKS = 4000, 400
_DEFECTS = (*DEFECTS, *FLASHING_DEFECTS)


class Wire(Protocol):
    """A protocol on a connection."""

    dead: bool

    def feed(self, data: bytes) -> bytes:
        """Take what came, give what goes back."""


class PacedTarget:
    """A target whose core runs on while a debugger reads.

    Args:
        target: the board.
    """

    def __init__(self, target: Target) -> None:
        self._target, self.rom_table = target, target.rom_table

    def read_memory(self, address: int, size: int) -> int:
        """See `Memory`."""
        if self._target.runs:
            self._target.run(_READ_BLOCKS)
        return self._target.read_memory(address, size)

    def write_memory(self, address: int, size: int, value: int) -> None:
        """See `Memory`."""
        self._target.write_memory(address, size, value)


class Server:
    """The sockets of a board.

    Args:
        target: the board.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._selector = selectors.SelectSelector()  # epoll takes no file as standard input
        self._wires: dict[socket.socket, Wire] = {}
        port = DebugPort(PacedTarget(target))
        self._makers: Sequence[Callable[[], Wire]] = (
            lambda: Tap(port, target.hold_reset),
            lambda: Transactions(port, target.hold_reset),
        )
        self.ports = []
        for make in self._makers:
            listener = socket.create_server(("127.0.0.1", 0))
            self.ports.append(listener.getsockname()[1])
            self._selector.register(listener, selectors.EVENT_READ, make)
        self._selector.register(sys.stdin.fileno(), selectors.EVENT_READ, None)

    def serve(self) -> None:
        """Answer until the input ends."""
        while True:
            events = self._selector.select(0 if self._target.runs else None)
            for key, _ in events:
                if key.data is None:
                    return
                if key.data in self._makers:
                    self._accept(key)
                else:
                    self._talk(key)
            if not events:
                self._target.run(_IDLE_BLOCKS)

    def run_on(self, seconds: float) -> None:
        """Run the firmware until it is done or stops, at most so many seconds of real time."""
        end = time.monotonic() + seconds
        while self._target.runs and time.monotonic() < end:
            self._target.run(_IDLE_BLOCKS)

    def _accept(self, key: selectors.SelectorKey) -> None:
        assert isinstance(key.fileobj, socket.socket)
        connection, _ = key.fileobj.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = key.data()
        wire.dead = self._target.storage.dead
        self._wires[connection] = wire
        self._selector.register(connection, selectors.EVENT_READ, wire)

    def _talk(self, key: selectors.SelectorKey) -> None:
        connection, wire = key.fileobj, key.data
        assert isinstance(connection, socket.socket)
        try:
            data = connection.recv(65536)
            if data:
                connection.sendall(wire.feed(data))
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(connection)
            del self._wires[connection]
            connection.close()
        if self._target.storage.dead:
            for each in self._wires.values():
                each.dead = True


def main() -> int:
    """Serve a board; 0 when it is switched off, `REFUSED` when a tool had broken a rule of it."""
    parser = argparse.ArgumentParser(prog="debug port", description=__doc__)
    parser.add_argument("--board", type=Path, required=True, help="board.toml")
    parser.add_argument("--storage", type=Path, required=True, help="the board's memories")
    parser.add_argument("--revision", default="V")
    parser.add_argument("--broken", action="append", default=[], choices=_DEFECTS)
    parser.add_argument("--ignore", action="append", default=[], help="a rule that is not held")
    parser.add_argument("--flash", default="spi", choices=PROTOCOLS, help="chips' first protocol")
    parser.add_argument("--cut", type=int, help="number of the flash change that power cuts")
    parser.add_argument("--seed", type=int, default=0, help="of what that change leaves")
    parser.add_argument("--finish", type=lambda text: int(text, 0), help="where firmware is done")
    parser.add_argument("--seconds", type=float, default=60.0, help="to wait for that")
    arguments = parser.parse_args()
    storage = Storage.load(arguments.storage, wiring_of(read_board(arguments.board)))
    storage.cut, storage.seed = arguments.cut, arguments.seed
    target = Target(
        storage,
        arguments.revision,
        console=lambda byte: _put(bytes((byte,))),
        say=lambda line: _put(f"model: {line}\n".encode()),
        broken=arguments.broken,
        ignored=arguments.ignore,
        finish=arguments.finish,
        protocol=arguments.flash,
    )
    server = Server(target)
    failed = threading.Event()
    # Only noted: the input ends then, and this may come in the middle of the emulator.
    signal.signal(signal.SIGTERM, lambda number, frame: failed.set())
    _put(f"ports {server.ports[0]} {server.ports[1]}\n".encode())
    try:
        server.serve()
        if arguments.finish is not None and not storage.dead and not failed.is_set():
            server.run_on(arguments.seconds)
    finally:
        storage.save(arguments.storage)
        _put(f"model: {storage.changes} changes of flash\n".encode())
    return REFUSED if target.refuses else 0


def _put(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    run_cli("model", main)
