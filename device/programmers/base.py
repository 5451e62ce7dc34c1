"""What a programmer is: a tool that talks to a board's debug probe, as command lines.

Nothing here runs anything: `device.programmers.runner` does, and `--dry-run` only prints.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import ClassVar

from device.boards import Board, Memory
from device.steps import Server, Step


class Problem(Enum):
    """What can go wrong between computer and chip; `failures.REMEDIES` tells what to do."""

    NO_PROBE = auto()
    WRONG_SERIAL = auto()
    NO_PERMISSION = auto()
    PROBE_BUSY = auto()
    NO_TARGET = auto()
    WRONG_CHIP = auto()
    PROTECTED = auto()
    NOT_WRITTEN = auto()
    NOT_VERIFIED = auto()
    NO_LOADER = auto()
    PORT_TAKEN = auto()


@dataclass(frozen=True)
class Sign:
    """Text in a tool's output (a regular expression, case ignored) that means a problem."""

    problem: Problem
    pattern: str

    def found_in(self, output: str) -> bool:
        """Whether the output has it."""
        return re.search(self.pattern, output, re.IGNORECASE | re.MULTILINE) is not None


@dataclass(frozen=True)
class Image:
    """What is to be written.

    Attributes:
        hex: all stored bytes as Intel HEX.
        raw: memory name -> raw image, for each memory that stores something.
        memories: the flash memories that store something.
    """

    hex: Path
    raw: Mapping[str, Path]
    memories: tuple[Memory, ...]

    @property
    def external(self) -> tuple[Memory, ...]:
        """The memories among them that need an external loader."""
        return tuple(memory for memory in self.memories if memory.external)


class Programmer(ABC):
    """A tool, found on this computer, for one board.

    Class attributes:
        name: as users write it, and the table of board.toml.
        program: the executable's name.
        external: whether the tool can write external flash at all.
        required, optional: keys of its table in board.toml.
        reaches_model: whether it can be led to the debug port of a board's model.
        install: how to get it.
        signs: what its output means, the most telling first.
    """

    name: ClassVar[str]
    program: ClassVar[str]
    external: ClassVar[bool] = False
    required: ClassVar[frozenset[str]] = frozenset()
    optional: ClassVar[frozenset[str]] = frozenset()
    reaches_model: ClassVar[bool] = False
    install: ClassVar[str]
    signs: ClassVar[Sequence[Sign]]

    def __init__(self, board: Board, path: Path | None) -> None:
        self.board = board
        self.settings = board.programmers[self.name]
        self.path = path

    @classmethod
    @abstractmethod
    def find(cls) -> Path | None:
        """The executable on this computer, or None."""

    @property
    def executable(self) -> str:
        """What command lines begin with: the bare name when the tool is not installed."""
        return str(self.path) if self.path else self.program

    def can_write(self, memory: Memory) -> bool:
        """Whether the tool, with this board's settings, can write that memory."""
        return self.external or not memory.external

    def missing_gdb_server(self) -> str:
        """Why the tool cannot serve gdb on this computer; "" when it can."""
        return ""

    @abstractmethod
    def flash(self, image: Image, serial: str | None) -> list[Step]:
        """Write, verify, and start the firmware."""

    @abstractmethod
    def erase(self, serial: str | None) -> list[Step]:
        """Erase the chip's own flash."""

    @abstractmethod
    def reset(self, serial: str | None) -> list[Step]:
        """Start the firmware again."""

    @abstractmethod
    def gdb_server(self, port: int, serial: str | None, *, attach: bool) -> Server:
        """A gdb server on localhost; with `attach`, the running firmware is not reset."""
