"""Objects and the link: what becomes of C sources once a compiler is chosen."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from SCons.Script import Action
from site_tools.program import Program
from site_tools.standalone import standalone

option_words = standalone("options").option_words
system_errors = standalone("system_errors")


def _optimize(kernels: bool) -> str:
    """Kernels are compiled for speed, the rest for size."""
    return "-O2" if kernels else "-Os"


def objects(env: Any, folder: Any, root: str, paths: Sequence[Path]) -> list[Any]:
    """Objects of hand-written sources, in the shape of the source tree below `root`."""
    made = []
    for path in paths:
        name = path.relative_to(root).with_suffix(".o")
        made += env.Object(
            folder.File(str(name)),
            env.File(str(path)),
            OPTIMIZE=_optimize(path.parent.name == "kernels"),
        )
    return made


def generated_objects(env: Any, folder: Any, sources: Sequence[Any]) -> list[Any]:
    """Objects of generated sources; one stem may have C and assembly."""
    made = []
    for source in sources:
        # What follows the network's name, which is the user's own: it may be "mykernels".
        kernels = source.name.removeprefix(env["name"]).startswith("_kernels.")
        made += env.Object(folder.File(f"{source.name}.o"), source, OPTIMIZE=_optimize(kernels))
    return made


def _without_folder(target: Sequence[Any], source: Sequence[Any], env: Any) -> int:
    """The map of a build folder elsewhere names objects as one in the project does."""
    path = Path(target[1].get_abspath())
    temporary = path.with_name(f".tmp-{path.name}")
    try:
        text = path.read_text(encoding="utf-8").replace(f"{env['BUILD_FOLDER']}/", "build/")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        sys.stderr.write(f"scons: error: {system_errors.line(error, path)}\n")
        return 1
    return 0


def firmware(
    env: Any,
    elf: Any,
    link_map: Any,
    parts: Sequence[Any],
    script: Any,
    *,
    libraries: Sequence[Any] = (),
    memories: Any = None,
    placement: Any = None,
) -> Any:
    """Link objects to an ELF with its map.

    Args:
        memories: memories.json of a board with external flash: what must lie there is sealed.
        placement: placement.json, which says what the linker checks.
        script: the linker script, or None for a native program.
        libraries: static libraries that the objects need.
    """
    # "-Wl,-Map=" would split a path at its commas.
    show_map = ("-Xlinker", env.Literal(f"-Map={link_map.path}"))
    if script is None:
        words = [
            "$CC",
            "$CCFLAGS",
            "-Wl,-z,noexecstack",
            *parts,
            "-o",
            elf,
            *show_map,
        ]
    else:
        words = [
            *_command("link"),
            *option_words({"--placement": placement}),
            "--",
            "$CC",
            "$MACHINE",
            "-nostartfiles",
            "--specs=nano.specs",
            "-T",
            script,
            "-Wl,--gc-sections",
            *show_map,
            *parts,
            *libraries,
            # The mathematical library: ST's runtimes, and rintf where the FPU cannot round.
            "-lm",
            "-o",
            elf,
        ]
    linking = Program(env, "device", "link") if script else None
    link = env.Direct(words, program=linking, **env.Shown("LINK"))
    actions = [link, Action(_without_folder, cmdstr=None)]
    sources = [*parts, *libraries, *(each for each in (script, placement) if each)]
    if memories is not None:
        words = [*_command("seal"), "--elf", elf, "--memories", memories]
        actions.append(env.Direct(words, program=Program(env, "device", "seal"), cmdstr=None))
        sources.append(memories)
    return env.Command([elf, link_map], sources, actions)


def _command(name: str) -> list[str]:
    """The beginning of a command line of device's."""
    return ["$(", "$PYTHON", "$PYTHONFLAGS", "$)", "-m", "device", name]


def generate(env: Any, **kw: Any) -> None:
    """Add `env.Objects`, `env.GeneratedObjects` and `env.Firmware`."""
    env.AddMethod(objects, "Objects")
    env.AddMethod(generated_objects, "GeneratedObjects")
    env.AddMethod(firmware, "Firmware")


def exists(env: Any) -> bool:
    """Needs nothing of its own."""
    return True
