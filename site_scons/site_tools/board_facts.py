"""What the graph must know of a board before anything runs: its core, and which images it has.

`python -m device memories` checks the whole board.toml and explains what is wrong with it; this
only looks.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import SCons.Errors


@dataclass(frozen=True)
class BoardFacts:
    """The few facts.

    Attributes:
        cpu: the [cpu] table.
        images: names of the memories that get a raw image of their own.
        probe: there is a tool that writes firmware to it.
        serial: its console is a serial port.
    """

    cpu: dict[str, str]
    images: tuple[str, ...]
    probe: bool
    serial: bool

    @property
    def native(self) -> bool:
        """Whether the board is the development machine itself."""
        return self.cpu["core"] == "native"


def board_facts(env: Any, board_toml: str) -> BoardFacts:
    """Read them.

    Raises:
        SCons.Errors.UserError: not TOML, or without a core.
    """
    try:
        content = tomllib.loads(Path(board_toml).read_text(encoding="utf-8"))
        cpu = {key: str(value) for key, value in content["cpu"].items()}
        memories = [m for m in content.get("memory", []) if m.get("image") is True]
        return BoardFacts(
            cpu={"core": cpu["core"], **cpu},
            images=tuple(str(memory["name"]) for memory in memories),
            probe=bool(content.get("programmers")),
            serial=content.get("console", {}).get("kind") == "serial",
        )
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SCons.Errors.UserError(f"{board_toml}: not valid TOML: {error}") from None
    except KeyError as error:
        raise SCons.Errors.UserError(f"{board_toml}: missing key {error}") from None
    except (AttributeError, TypeError):
        raise SCons.Errors.UserError(
            f"{board_toml}: [cpu] must be a table, [[memory]] too"
        ) from None


def generate(env: Any, **kw: Any) -> None:
    """Add `env.BoardFacts(board_toml)`."""
    env.AddMethod(board_facts, "BoardFacts")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
