"""Toy firmware, linked once per session, and clients of it."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device.boards import read_board
from device.link.client import Client
from device.link.opening import open_transport
from tests.protocol.toys import FIRMWARE, board_toml, link_fuzz, link_toy

Toy = Callable[[str], Path]


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """toy(board) -> ELF."""
    folder = tmp_path_factory.mktemp("toys")

    def make(board: str) -> Path:
        elf = folder / f"{board}.elf"
        return elf if elf.exists() else link_toy(board, elf)

    return make


@pytest.fixture(scope="session")
def fuzz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fuzzer."""
    return link_fuzz(tmp_path_factory.mktemp("fuzz") / "fuzz")


@pytest.fixture(params=["host", "mps2_an500"])
def client(request: pytest.FixtureRequest, toy: Toy) -> Iterator[Client]:
    """A client of a running toy, not connected yet; on this computer, then in QEMU."""
    board = read_board(board_toml(request.param))
    made = Client(open_transport(board, toy(request.param)))
    yield made
    made.close()


@pytest.fixture(scope="module")
def host_client(toy: Toy) -> Iterator[Client]:
    """A connected client of the toy on this computer, shared by a file's tests."""
    made = Client(open_transport(read_board(board_toml("host")), toy("host")))
    made.connect()
    yield made
    made.close()


@pytest.fixture(scope="session")
def protocol(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """firmware/app/protocol.c as a library of this process."""
    out = tmp_path_factory.mktemp("library") / "protocol.so"
    # board_console_write is never called by what the tests call.
    command = ["gcc", "-std=c11", "-O1", "-shared", "-fPIC", f"-I{FIRMWARE / 'app'}"]
    sources = [FIRMWARE / "app" / f"{stem}.c" for stem in ("protocol", "crc32")]
    subprocess.run([*command, *sources, "-o", out], check=True)
    library = ctypes.CDLL(str(out), mode=ctypes.RTLD_LOCAL | 1)
    library.protocol_unpack.restype = ctypes.c_size_t
    return library
