"""Networks that ST made, in the graph: imported from a bundle, the stedgeai tool, or its cloud.

`python -m codegen bundle` copies what it takes under fixed names. Its headers are more than the
graph can know before it ran; the header `<name>.h` that it writes holds a checksum of everything,
so that whatever depends on that one file depends on all of them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import SCons.Errors
from SCons.Script import GetOption

SOURCES = {"legacy": (".c", "_data.c", "_data_params.c"), "st-ai": (".c", "_data.c")}
OTHERS = (".h", "_data.h", "_runtime.a", "_generate_report.txt", "_manifest.json")
# What an import reads; anything else in a project may change as it likes.
READ = (".c", ".h", ".a", ".lib", ".json", ".txt", ".zip")
HEADERS = "include"
# The account and where ST's cloud is: for its commands alone.
ACCOUNT = ("STM32AI_USERNAME", "STM32AI_PASSWORD", "NN2FLASH_CLOUD_URL", "NN2FLASH_SSO_URL")


def stamp(env: Any, path: str) -> Any:
    """A node that changes when a file in a folder (or the zip itself) does."""
    place = Path(env.GetLaunchDir(), path)
    if place.is_file():
        return env.File(str(place))
    lines = []
    for top, names, files in os.walk(place):
        names.sort()
        for name in sorted(files):
            if name.endswith(READ):
                file = Path(top, name)
                lines.append(f"{file.relative_to(place)} {env.ContentOf(str(file))}")
    return env.Value(hashlib.sha256("\n".join(lines).encode()).hexdigest())


def imported_network(
    env: Any, folder: Any, model: Any, memories: Any, templates: Sequence[Any]
) -> dict[str, Any]:
    """Declare the import of a network; returns its files by suffix.

    Args:
        folder: node of the folder it writes to.
        model: node of the quantized ONNX file, or None: the bundle is the network.
        memories: node of the board's memories.json.
        templates: nodes of the templates that the import renders.

    Raises:
        SCons.Errors.UserError: a variable is missing, or this way is not possible here.
    """
    _check_possible(env)
    ways = {"bundle": _bundle, "stedgeai": _stedgeai, "cloud": _cloud}
    command, arguments, also = ways[env["ai"]](env, folder, model, memories)
    name, api = env["name"], env["C_API"]
    files = {part: folder.File(f"{name}{part}") for part in (*SOURCES[api], *OTHERS)}
    made = env.Run(
        command.split()[1].upper(),
        command,
        list(files.values()),
        [
            *arguments,
            {"--model": model},
            *(("--runtime", "$(", _given(env, "runtime"), "$)") if env["runtime"] else ()),
            {
                "--name": name,
                "--c-api": api,
                "--core": env["BOARD_CORE"],
                "--out-dir": folder,
            },
        ],
        also=[*also, *templates, *([stamp(env, env["runtime"])] if env["runtime"] else [])],
        installed=["clang-format"],
    )
    # Headers come along that no cache would bring back.
    env.NoCache(made)
    headers = folder.Dir(HEADERS)
    env.AlsoMade(headers, folder.File(f"{name}_stedgeai.log"), folder.File("stedgeai.seen"))
    _forget_incomplete(Path(files["_manifest.json"].abspath), Path(headers.abspath))
    return files


def _check_possible(env: Any) -> None:
    """Refuse what ST's library, or its licence, does not go with.

    Raises:
        SCons.Errors.UserError: with what to do instead.
    """
    if env["BOARD_CORE"] != "cortex-m7":
        raise SCons.Errors.UserError(
            f"ai={env['ai']}: ST's runtime library is for a Cortex-M7, board {env['board']} has"
            f" {env['BOARD_CORE']}: choose another board, or ai=builtin"
        )
    if env["dest"]:
        raise SCons.Errors.UserError(
            f"ai={env['ai']}: a package would pass on ST's files, whose licence is not ours to"
            " give: package the built-in network, ai=builtin"
        )


Way = tuple[str, list[Any], list[Any]]


def _given(env: Any, key: str) -> Any:
    """The path that the user named, seen from the folder that the user stood in."""
    return env.Literal(str(Path(env.GetLaunchDir(), env[key])))


def _word(env: Any, option: str, key: str) -> list[Any]:
    """An option with a variable's value as one word, whatever is in it; none when it is empty."""
    return [env.Literal(f"{option}={env[key]}")] if env[key] else []


def _bundle(env: Any, folder: Any, model: Any, memories: Any) -> Way:
    """A bundle that is there already."""
    if not env["bundle"]:
        raise SCons.Errors.UserError(
            "ai=bundle: say where it is with bundle=FOLDER or bundle=FILE.zip"
            " (from ST's Developer Cloud, CubeMX or stedgeai)"
        )
    return (
        "codegen bundle",
        [
            "--bundle",
            "$(",
            _given(env, "bundle"),
            "$)",
            {
                "--input-scale": env["input_scale"],
                "--input-zero-point": env["input_zero_point"],
            },
        ],
        [stamp(env, env["bundle"])],
    )


def _pools(env: Any, folder: Any, memories: Any) -> Any:
    """The board's memories as ST's tool wants to hear of them."""
    pools = folder.File("mempools.json")
    return env.Run("POOLS", "codegen pools", [pools], ["--memories", memories, "--out", pools])[0]


def _stedgeai(env: Any, folder: Any, model: Any, memories: Any) -> Way:
    """The installed tool, run again when the model, the options or its version change."""
    detected = folder.File("stedgeai.json")
    tool = _word(env, "--tool", "stedgeai")
    # Looked for each time, and asked for its version only when the program is another one.
    env.Precious(env.Always([detected], "codegen stedgeai", [*tool, "--detect", detected]))
    return (
        "codegen stedgeai",
        [
            {
                "--detected": detected,
                "--memory-pool": _pools(env, folder, memories),
            },
            *_word(env, "--options", "ai_options"),
        ],
        [],
    )


def _order(env: Any, folder: Any, model: Any, memories: Any) -> list[Any]:
    """What the cloud's commands want to know of the network."""
    return [
        {
            "--model": model,
            "--name": env["name"],
            "--c-api": env["C_API"],
            "--memory-pool": _pools(env, folder, memories),
        },
        *_word(env, "--version", "cloud_version"),
        *_word(env, "--options", "ai_options"),
    ]


def _with_account(env: Any) -> Any:
    """An environment whose commands may see the user's account for ST's cloud."""
    account = env.Clone()
    account["ENV"] = {
        **env["ENV"],
        **{key: os.environ[key] for key in ACCOUNT if key in os.environ},
    }
    return account


def _cloud(env: Any, folder: Any, model: Any, memories: Any) -> Way:
    """ST's cloud makes a zip, which is imported like any other."""
    zipped = folder.File(f"{env['name']}.zip")
    made = _with_account(env).Run(
        "CLOUD",
        "device cloud-generate",
        [zipped, folder.File(f"{env['name']}.json")],
        [*_order(env, folder, model, memories), "--out", zipped],
    )
    # ST's code is the user's own to have, not to share.
    env.NoCache(made)
    return "codegen bundle", ["--bundle", zipped, "--source", "cloud"], []


def cloud_targets(
    env: Any, folder: Any, board_toml: Any, model: Any, memories: Any
) -> dict[str, Any]:
    """Declare what is done in ST's cloud rather than made: name of the target → nodes."""
    account = _with_account(env)
    made = {
        verb: account.Always(folder.File(f"{verb}.run"), f"device {verb}", [])
        for verb in ("cloud-login", "cloud-logout")
    }
    if model:
        measured = folder.File("cloud-benchmark.json")
        farm = _word(env, "--farm-board", "cloud_board")
        order = _order(env, folder, model, memories)
        made["cloud-benchmark"] = account.Always(
            measured,
            "device cloud-benchmark",
            ["--board", board_toml, *farm, *order, "--json", measured],
        )
    return made


def _forget_incomplete(manifest: Path, headers: Path) -> None:
    """Have an import made again when one of its headers is gone."""
    if GetOption("no_exec") or not manifest.is_file():
        return
    try:
        names = [
            n for n in json.loads(manifest.read_text(encoding="utf-8"))["files"] if n[-2:] == ".h"
        ]
        complete = all((headers / name).is_file() for name in names)
    except (ValueError, KeyError, TypeError):
        complete = False
    if not complete:
        manifest.unlink()


def imported_objects(env: Any, folder: Any, sources: Sequence[Any]) -> list[Any]:
    """Objects of the imported sources: ST's language and headers, none of our warnings.

    Their `__DATE__` and `__TIME__` are left empty: two builds give the same bytes.
    """
    place = sources[0].dir
    headers = place.Dir(HEADERS).abspath
    dates = [f'-D{name}=""' for name in ("__DATE__", "__TIME__")]
    made = []
    for source in sources:
        made += env.Object(
            folder.File(f"{source.name}.o"),
            source,
            OPTIMIZE="-Os",
            CFLAGS=["-std=gnu11", "-w", "-Wno-builtin-macro-redefined", *dates, "-g3"],
            CPPPATH=[],
            INCLUDES=[env.Literal(f"-I{headers}")],
        )
    env.Depends(made, place.File(f"{env['name']}.h"))
    return made


def generate(env: Any, **kw: Any) -> None:
    """Add `env.ImportedNetwork`, `env.ImportedObjects` and `env.CloudTargets`."""
    env.AddMethod(imported_network, "ImportedNetwork")
    env.AddMethod(imported_objects, "ImportedObjects")
    env.AddMethod(cloud_targets, "CloudTargets")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
