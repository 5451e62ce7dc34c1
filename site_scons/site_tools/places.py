"""Where what is built lies: each way to come by a network has its folders, so that switching back
and forth makes no work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from site_tools.own_folder import mark_given

if TYPE_CHECKING:
    from site_tools.board_facts import BoardFacts


@dataclass(frozen=True)
class Places:
    """Folders of one firmware, as nodes, and what the names of others end with.

    Attributes:
        out: the build folder.
        board: what is made for this board, network and application.
        network: the network's sources.
        app: the test images, and code that only the network decides.
        facts: the board's.
        board_toml: the file that they are read from.
        name_suffix: of a network that is not called `network`.
        code_suffix: of code that ST made, with the board where its memories matter; of another C
            interface than the legacy one.
        kind_suffix: of code for a kind of processor that needs other kernels than a Cortex-M7.
        network_suffix: the name's and the code's.
    """

    out: Any
    board: Any
    network: Any
    app: Any
    facts: BoardFacts
    board_toml: Any
    name_suffix: str
    code_suffix: str
    kind_suffix: str
    network_suffix: str

    @property
    def memories(self) -> Any:
        """The board's memories.json."""
        return self.board.File("memories.json")

    @property
    def placement(self) -> Any:
        """What lies in which memory."""
        return self.board.File("placement.json")

    def made(self, path: str) -> Any:
        """A file of the build folder."""
        return self.out.File(path)


def places(env: Any, out: Any) -> Places:
    """Settle where everything lies, by the settings and the board.

    Args:
        out: node of the build folder.

    Raises:
        SCons.Errors.UserError: the board's board.toml cannot be read.
    """
    board_toml = env.BoardToml(env["board"])
    facts = env.BoardFacts(str(board_toml))
    env["BOARD_CORE"] = facts.cpu["core"]
    api = env["C_API"] = env.CInterface()  # as asked for, or found
    ai, name = env["ai"], env["name"]
    origin = {"builtin": "", "bundle": "-bundle"}.get(ai, f"-{ai}-{facts.name}")
    name_suffix = "" if name == "network" else f"-{name}"
    code_suffix = origin + ("" if api == "legacy" else f"-{api}")
    kind_suffix = f"-{facts.target}" if ai == "builtin" and facts.target else ""
    network_suffix = name_suffix + code_suffix
    app_suffix = "" if env["app"] == "main" else f"-{env['app']}"
    return Places(
        out=out,
        board=out.Dir(f"{facts.name}{name_suffix}{app_suffix}"),
        network=out.Dir(f"network{network_suffix}{kind_suffix}"),
        app=out.Dir(f"app{network_suffix}"),
        facts=facts,
        board_toml=env.File(str(board_toml)),
        name_suffix=name_suffix,
        code_suffix=code_suffix,
        kind_suffix=kind_suffix,
        network_suffix=network_suffix,
    )


def given(env: Any, path: str) -> Any:
    """A file that the user named, seen from the folder that the user stood in; no command may make
    it."""
    node = env.WithData(env.File(str(Path(env.GetLaunchDir(), path))))
    return mark_given(env, node, path)


def generate(env: Any, **kw: Any) -> None:
    """Add `env.Places(out)` and `env.Given(path)`."""
    env.AddMethod(places, "Places")
    env.AddMethod(given, "Given")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
