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

# Cores for which codegen/target.py comes to the kernels of the Cortex-M7, given an FPU. One that
# is missing here gets sources of its own, which then are the same; none may be here wrongly
# (tests/graph/test_targets.py).
LIKE_CORTEX_M7 = ("cortex-m4", "cortex-m7", "cortex-m33")


@dataclass(frozen=True)
class BoardFacts:
    """The few facts.

    Attributes:
        name: the board's, and its folder's in the build.
        cpu: the [cpu] table.
        images: names of the memories that get a raw image of their own.
        external: it has a flash outside the chip.
        probe: there is a tool that writes firmware to it.
        serial: its console is a serial port.
        chips: folders of firmware/chips/ with the code that the board's chip shares with others.
    """

    name: str
    cpu: dict[str, str]
    images: tuple[str, ...]
    external: bool
    probe: bool
    serial: bool
    chips: tuple[str, ...]

    @property
    def native(self) -> bool:
        """Whether the board is the development machine itself."""
        return self.cpu["core"] == "native"

    @property
    def fpu(self) -> bool:
        """Whether float32 is computed in hardware."""
        return self.cpu.get("fpu", "none") != "none" and self.cpu.get("float_abi", "soft") != "soft"

    @property
    def target(self) -> str:
        """The kind of processor that kernels are chosen for; empty for the Cortex-M7's choice,
        which the development machine shares. Boards of a kind share a network's sources.
        """
        core = self.cpu["core"]
        if self.native or (self.fpu and core in LIKE_CORTEX_M7):
            return ""
        return core if self.fpu else f"{core}-soft"


def _chips(env: Any, board_toml: str, family: str) -> tuple[str, ...]:
    """What all families of a maker share (`stm32`), then the family's own (`stm32h7`)."""
    folders = [p for p in Path(env["PROJECT_ROOT"], "firmware/chips").iterdir() if p.is_dir()]
    known = [folder.name for folder in folders if (folder / "family.toml").exists()]
    if family not in known:
        raise SCons.Errors.UserError(
            f"{board_toml}: [chip] family = '{family}': {env.Nearest(family, known)}"
        )
    return tuple(sorted((p.name for p in folders if family.startswith(p.name)), key=len))


def board_facts(env: Any, board_toml: str) -> BoardFacts:
    """Read them.

    Raises:
        SCons.Errors.UserError: not TOML, without a name or a core, or of an unknown family.
    """
    try:
        content = tomllib.loads(Path(board_toml).read_text(encoding="utf-8"))
        cpu = {key: str(value) for key, value in content["cpu"].items()}
        memories = [m for m in content.get("memory", []) if m.get("kind") == "flash"]
        family = str(content.get("chip", {}).get("family", ""))
        return BoardFacts(
            name=str(content["board"]["name"]),
            cpu={"core": cpu["core"], **cpu},
            images=tuple(str(m["name"]) for m in memories if m.get("image") is True),
            external=any(memory.get("external") is True for memory in memories),
            probe=bool(content.get("programmers")),
            serial=content.get("console", {}).get("kind") == "serial",
            chips=_chips(env, board_toml, family) if family else (),
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
