"""`ide`: files for VS Code and STM32CubeIDE, on request, in the build folder or in the user's own.

They are no targets of the build: SCons removes a target before it makes it again, and a file that a
user edited must stay. So one node stands for the run, and `python -m codegen ide` looks first.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from SCons.Script import Variables
from site_tools.embedding import PATHS as OF_HOSTS
from site_tools.embedding import SETS_TOO
from site_tools.standalone import standalone

if TYPE_CHECKING:
    from site_tools.board_firmware import Firmware
    from site_tools.network_sources import NetworkSources
    from site_tools.places import Places

data_sets = standalone("data_sets")

# How one run is shown or where it writes, not what firmware it makes.
OF_ONE_RUN = ("ide_dir", "verbose", "dry_run", "debug_flash")
PATHS = (*OF_HOSTS, "cache_dir")


def chosen_variables(env: Any) -> list[str]:
    """NAME=VALUE of the board and of every variable that is not at its default.

    Paths are relative to the folder of SConstruct, where an IDE starts scons, unless they were
    given absolute and lie elsewhere.
    """
    defaults = env.Clone().ReadSettings(Variables(None, {}))
    top = env.Dir("#").abspath
    words = [f"board={env['board']}"]
    for key, default in defaults.items():
        value = str(env[key])
        if key == "board" or key in OF_ONE_RUN or value == str(default):
            continue
        if key in PATHS and (key not in SETS_TOO or value not in data_sets.SETS):
            path = Path(env.GetLaunchDir(), value)
            if path.is_relative_to(top) or not Path(value).is_absolute():
                value = os.path.relpath(path, top)
        words.append(f"{key}={value}")
    return words


def ide_files(
    env: Any,
    places: Places,
    network: NetworkSources,
    firmware: Firmware,
    targets: Collection[str],
) -> Any:
    """Declare the target `ide`.

    Args:
        targets: names that scons can make for this board.
    """
    board, board_toml = places.board, places.board_toml
    memories, placement, elf = places.memories, places.placement, firmware.elf
    # Folders of the firmware's sources, hand-written and generated.
    sources = [env.Dir(f"{env['PROJECT_ROOT']}/firmware"), places.app, network.manifest.dir]
    given = env["ide_dir"]
    out_dir = str(Path(env.GetLaunchDir(), given)) if given else f"{board}/ide"
    debugging = env.Always(
        board.File("debugging.json"),
        "device debugging",
        ["--board", board_toml, "--out", board.File("debugging.json")],
    )
    return env.Always(
        board.File("ide.run"),
        "codegen ide",
        {
            "--debugging": debugging[0],
            "--memories": memories,
            "--placement": placement,
            "--project": env.Literal(env["PROJECT_ROOT"]),
            "--build-dir": env.Literal(str(board.dir)),
            # Named, not read: these files need not be there, or are for the IDE to read.
            "--elf": env.Literal(str(elf)),
            "--database": env.Literal(str(firmware.database)),
            "--compiler": env.Literal(env["cc"] or Path(str(env["CC"])).name),
            "--include": [env.Literal(path) for path in env["CPPPATH"]],
            "--sources": [env.Literal(str(path)) for path in sources],
            "--variable": [env.Literal(text) for text in chosen_variables(env)],
            "--target": list(targets),
            "--out-dir": env.Literal(out_dir),
        },
        also=[firmware.database],
    )


def generate(env: Any, **kw: Any) -> None:
    """Add `env.IdeFiles`."""
    env.AddMethod(ide_files, "IdeFiles")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
