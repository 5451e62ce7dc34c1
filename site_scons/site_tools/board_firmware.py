"""firmware/: from a board's memories to an ELF, its images and what it takes of each memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from site_tools.network_sources import NetworkSources
    from site_tools.places import Places
    from site_tools.subset import Subset


@dataclass(frozen=True)
class Firmware:
    """The firmware of one board.

    Attributes:
        elf: node of the firmware itself.
        whole: the ELF, its map, and what is made of it.
        size: the memory table as text and JSON; None on the development machine.
        identity: what the firmware that answers a host is linked from; else None.
        database: compile_commands.json.
        targets: name of the target → its nodes.
    """

    elf: Any
    whole: list[Any]
    size: Sequence[Any] | None
    identity: Any
    database: Any
    targets: Mapping[str, Any]


def board_firmware(
    env: Any, places: Places, network: NetworkSources, subset: Subset, glue: Any
) -> Firmware:
    """Declare the firmware that `app=` names.

    Args:
        glue: node of app_network.c.
    """
    env.CCompiler(places.facts.cpu, places.out.abspath)
    script = None if places.facts.native else _linker_script(env, places, network, subset)
    words = ["--board", places.board_toml, "--out", places.memories]
    if places.facts.chips:
        family = f"{env['PROJECT_ROOT']}/firmware/chips/{places.facts.chips[-1]}/family.toml"
        words += ["--family", env.File(family)]
    env.Run("MEMORIES", "device memories", [places.memories], words)
    objects = _objects(env, places, network, glue)
    name = ["--set", f"name={env['name']}"]
    identity = None
    if env["app"] == "main":
        main = _main(env, places, subset, name)
    else:
        # The firmware tells what it is linked from, but for the very object that tells it.
        identity = places.board.File("build.json")
        linked = [*objects, *network.libraries, *([script] if script else [])]
        env.Run("IDENTITY", "device identity", [identity], ["--out", identity, *linked])
        context = env.Contexts(memories=places.memories, manifest=network.manifest, build=identity)
        main = env.Render("app/validate.c.j2", places.board.File("validate.c"), *name, *context)
    objects += env.GeneratedObjects(places.board.Dir(f"obj/app{places.code_suffix}"), main)
    elf, link_map = places.board.File("firmware.elf"), places.board.File("firmware.map")
    known = {"memories": places.memories} if places.facts.external else {}
    known |= {"placement": places.placement} if script else {}
    env.Firmware(elf, link_map, objects, script, libraries=network.libraries, **known)
    database = env.CompilationDatabase(places.out.File("compile_commands.json"))
    targets, whole, size = {"compiledb": database, "elf": [elf, link_map]}, [elf, link_map], None
    if script:
        whole += _images(env, places, elf)
        size = [places.board.File("memory.txt"), places.board.File("memory.json")]
        table = _size(env, places, network, size, elf)
        # Its line about the firmware comes last.
        env.Requires(table, whole)
        whole = [*whole, *table]
        targets["elf"] = whole
        if env["ai"] == "builtin":
            targets["code-sizes"] = _code_sizes(env, places, objects)
        targets["size"] = env.Show(places.board.File("size.run"), size[0], printed=False)
    return Firmware(elf, whole, size, identity, database[0], targets)


def _linker_script(env: Any, places: Places, network: NetworkSources, subset: Subset) -> Any:
    """Declare what lies where, and what the linker and the start-up code are told of it."""
    env.Run(
        "PLACE",
        "codegen place",
        [places.placement],
        {
            "--memories": places.memories,
            "--manifest": network.manifest,
            "--subset": subset.arrays,
            "--subset-size": "$subset_size",
            "--override": env["placement"],
            "--code-sizes": _table(env),
            "--compiler": "$COMPILER_MAJOR" if env["COMPILER_MAJOR"] else None,
            "--out": places.placement,
        },
    )
    script = places.board.File("firmware.ld")
    context = env.Contexts(memories=places.memories, placement=places.placement)
    env.Render("board/firmware.ld.j2", script, *context)
    vendor = ["--set", "needs_crc=true"] if env["ai"] != "builtin" else []
    env.Render("board/board_config.h.j2", places.board.File("board_config.h"), *context, *vendor)
    return script


def _objects(env: Any, places: Places, network: NetworkSources, glue: Any) -> list[Any]:
    """Objects of everything but the program: hand-written, the board's, the network's, the glue."""
    root, facts, board = f"{env['PROJECT_ROOT']}/firmware", places.facts, places.board
    if env["app"] == "validate":
        env.Append(CCFLAGS=["-DNN_OBSERVE"])  # layers show what they computed
    builtin = env["ai"] == "builtin"
    chips = [f"chips/{name}" for name in facts.chips]
    core = () if facts.native else ("cortex_m",)
    folders = ["app", *(("runtime",) if builtin else ()), *chips, *core]
    # Its board's code lies beside its board.toml, which need not be in this project.
    own = Path(places.board_toml.abspath).parent
    env.IncludeFolders(
        [
            *(f"{root}/{folder}" for folder in folders),
            *((f"{root}/runtime/kernels",) if builtin else ()),
            str(own),
            *(folder.abspath for folder in (board, places.network, places.app)),
        ]
    )
    hand_written = [path for folder in folders for path in sorted(Path(root, folder).rglob("*.c"))]
    network_objects = env.GeneratedObjects if builtin else env.ImportedObjects
    return [
        *env.Objects(board.Dir("obj/firmware"), root, hand_written),
        *env.Objects(board.Dir("obj/board"), str(own), sorted(own.rglob("*.c"))),
        *network_objects(board.Dir(f"obj/network{places.code_suffix}"), network.code),
        *env.GeneratedObjects(board.Dir(f"obj/app{places.code_suffix}"), glue),
    ]


def _main(env: Any, places: Places, subset: Subset, name: Sequence[str]) -> Any:
    """Declare the guide's main.c, and what its outputs are held against."""
    figures: list[Any] = []
    if subset.reference:
        # ST's kernels may round otherwise than the reference: of them only the accuracy is held.
        same = "true" if env["ai"] == "builtin" else "false"
        figures = [*env.Contexts(expected=subset.expected), "--set", f"same_bytes={same}"]
    env.Render("app/expected.h.j2", places.app.File("expected.h"), *figures)
    size = ["--set", "subset_size=$subset_size", "--set", f"subset={subset.name}"]
    return env.Render("app/main.c.j2", places.app.File("main.c"), *name, *size)


def _table(env: Any) -> Any:
    """What a compiler makes of each kernel: measured once, used by placement."""
    return env.File(f"{env['PROJECT_ROOT']}/codegen/kernels/code_sizes.json")


def _code_sizes(env: Any, places: Places, objects: Sequence[Any]) -> Any:
    """Declare the measuring of this board's kernels, for the table that all builds share."""
    return env.Always(
        places.board.File("code-sizes.run"),
        "device code-sizes",
        [
            {
                "--board": places.board_toml,
                "--cc": "$CC",
                "--compiler": "$COMPILER_MAJOR",
                "--table": env.Literal(_table(env).abspath),
            },
            *objects,
        ],
    )


def _images(env: Any, places: Places, elf: Any) -> Any:
    """Declare what programmers take, of the whole and of each flash."""
    images = {name: places.board.File(f"firmware-{name}.bin") for name in places.facts.images}
    whole = places.board.File("firmware.hex")
    return env.Run(
        "IMAGES",
        "device images",
        [whole, *images.values()],
        {
            "--elf": elf,
            "--memories": places.memories,
            "--hex": whole,
            "--bin": [env.Named(name, out) for name, out in images.items()],
        },
    )


def _size(env: Any, places: Places, network: NetworkSources, size: Sequence[Any], elf: Any) -> Any:
    """Declare the memory table."""
    return env.Run(
        "SIZE",
        "device size",
        size,
        {
            "--elf": elf,
            "--memories": places.memories,
            "--placement": places.placement,
            "--manifest": network.manifest,
            "--out": size[0],
            "--json": size[1],
        },
    )


def generate(env: Any, **kw: Any) -> None:
    """Add `env.BoardFirmware`."""
    env.AddMethod(board_firmware, "BoardFirmware")


def exists(env: Any) -> bool:
    """Compilers are looked for by `env.CCompiler`."""
    return True
