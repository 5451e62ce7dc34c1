"""A model board as a process beside a tool, and what leads the tool to it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from device.boards import read_board
from device.emulators.h750.storage import Storage
from device.emulators.h750.wiring import wiring_of
from device.pump import Pump
from support.errors import UserError

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_SECONDS_TO_END = 120.0
REFUSED = 3  # status of a model that a tool asked for what no chip can do


@contextlib.contextmanager
def model_board(
    board: Path, storage: Path, options: Sequence[str] = (), *, finish: int | None = None
) -> Iterator[Mapping[str, str]]:
    """Keep a board switched on during the block; yields the environment that leads tools to it.

    What the board says is printed: while the block runs when there is no finish, after it else.

    Args:
        board: its board.toml.
        storage: file that keeps what the board keeps without power.
        options: more arguments of `server.py`.
        finish: address of board_finish: after the block, unless it failed, the firmware goes on
            until it is there.

    Raises:
        UserError: the file is not a model board's, the model does not start, or the tool broke a
            rule of its hardware, which the model then names.
    """
    # Here, so that a wrong file ends in one message.
    Storage.load(storage, wiring_of(read_board(board)))
    words = ["--board", str(board), "--storage", str(storage), *options]
    if finish is not None:
        words += ["--finish", hex(finish)]
    process = subprocess.Popen(
        [sys.executable, "-m", f"{__package__}.server", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,  # the line that is waited for takes nothing of what is said behind it
        cwd=_ROOT,
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None
    head = [""]
    while head[:1] != ["ports"]:
        line = process.stdout.readline()
        if not line:
            raise UserError(f"the board's model did not start (status {process.wait()})")
        head = line.decode().split()
    said = _Said(process, live=finish is None)
    try:
        yield _environment(head[1], head[2])
    except BaseException:
        process.terminate()
        raise
    finally:
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
        said.show()
        if process.returncode == REFUSED:
            raise UserError(
                "the tool set the board's clocks to what its hardware does not allow",
                "see the model's line that names the rule; correct the board's script for the tool",
            ) from None


def _environment(jtag: str, port: str) -> dict[str, str]:
    """What OpenOCD (a script found before its own) and pyOCD (a package with a probe) need."""
    return {
        "NN2FLASH_MODEL_JTAG": jtag,
        "NN2FLASH_MODEL_PORT": port,
        "OPENOCD_SCRIPTS": str(_HERE / "openocd"),
        "PYTHONPATH": f"{_ROOT}:{_HERE / 'pyocd'}",
    }


class _Said:
    """What the board prints."""

    def __init__(self, process: subprocess.Popen[bytes], *, live: bool) -> None:
        assert process.stdout is not None
        self._live = live
        self._data = bytearray()
        self._pump = Pump(process.stdout, self._take)

    def _take(self, data: bytes) -> None:
        if self._live:
            self._print(data)
        else:
            self._data += data

    @staticmethod
    def _print(data: bytes) -> None:
        sys.stdout.write(data.decode(errors="replace").replace("\r", ""))
        sys.stdout.flush()

    def show(self) -> None:
        """Print what was kept, at the end of the process."""
        self._pump.wait(None)
        self._print(bytes(self._data))
