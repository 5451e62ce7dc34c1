"""Places: where an operation finds what it reads and writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Input:
    """Bytes of the network's input `index`, from `offset` on."""

    index: int
    offset: int = 0
    kind: ClassVar[str] = "input"


@dataclass(frozen=True)
class Output:
    """Bytes of the network's output `index`, from `offset` on."""

    index: int
    offset: int = 0
    kind: ClassVar[str] = "output"


@dataclass(frozen=True)
class Arena:
    """Bytes of the activations array."""

    offset: int
    kind: ClassVar[str] = "arena"


@dataclass(frozen=True)
class Weights:
    """Bytes of a block of the network's constants."""

    block: int
    offset: int
    kind: ClassVar[str] = "weights"


Place = Input | Output | Arena
