"""The network as a library of a host project's build, compiled the host's way."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import SCons.Errors
import SCons.Node
import SCons.Util
from site_tools.standalone import standalone

data_sets = standalone("data_sets")

# What these variables hold is a path, seen from the folder of the host's SConstruct.
PATHS = ("network", "model", "data", "models", "inputs", "data_dir", "dest", "bundle", "runtime")
# Of these, what may be the name of a set that is fetched.
SETS_TOO = ("inputs", "data")
# Variables of `scons` that a host decides otherwise, and how.
THE_HOSTS = {
    "build_dir": "give SConscript() a variant_dir",
    "cache_dir": "call CacheDir() in your SConstruct",
    "cc": "set CC in the environment that you export",
}
# Networks of this run: name, folder, and where its weights come from.
_networks: list[tuple[str, str, str]] = []


def _as_text(key: str, value: Any) -> str:
    """A variable's value as `scons KEY=VALUE` would have it; a path is made absolute later."""
    if SCons.Util.is_List(value):
        if len(value) != 1:
            raise SCons.Errors.UserError(f"{key}: give one file, not {len(value)}")
        value = value[0]
    return str(value.abspath) if isinstance(value, SCons.Node.Node) else str(value)


def host_params(env: Any, params: Mapping[str, Any]) -> dict[str, str]:
    """The variables that a host gives; its own mapping is left as it is.

    Raises:
        SCons.Errors.UserError: a variable that only makes sense at the top level.
    """
    if params.get("ai", "builtin") != "builtin":
        raise SCons.Errors.UserError(
            f"ai={params['ai']}: only the built-in network comes as a library; a host compiles the"
            " files of ST's tools itself"
        )
    found = {}
    for key, value in params.items():
        if key in THE_HOSTS:
            raise SCons.Errors.UserError(f"{key}= is yours to decide: {THE_HOSTS[key]}")
        text = _as_text(key, value)
        here = key in PATHS and text and (key not in SETS_TOO or text not in data_sets.SETS)
        found[key] = str(Path(env.Dir("#").abspath, text)) if here else text
    return found


def claim(env: Any, folder: Any, root: str) -> None:
    """Take a folder for a network; refuse what would silently mix two networks up.

    Raises:
        SCons.Errors.UserError: no variant_dir, one that another network has, or a name that
            another network has: the linker would take one network's functions for both.
    """
    name, place = env["name"], folder.abspath
    env["HOSTED_IN"] = place
    if place == root:
        raise SCons.Errors.UserError(
            f"network '{name}': say where to build it: SConscript(…, variant_dir=FOLDER)"
        )
    source = (
        env["network"]
        or env["model"]
        or f"trained: {env['recipe']}, {env['epochs']}, {env['seed']}"
    )
    for other, where, what in _networks:
        if where == place:
            raise SCons.Errors.UserError(
                f"networks '{other}' and '{name}' are both built in {folder}:"
                " give each its own variant_dir"
            )
        if other == name and what != source:
            raise SCons.Errors.UserError(
                f"two networks are called '{name}' ({what} and {source}): give each its own name"
            )
    _networks.append((name, place, source))


def _shared(root: str) -> Any:
    """What a package brings along for SCons: the library and how a program gets it."""
    path = Path(root, "site_scons", "nn2flash_library.py")
    spec = importlib.util.spec_from_file_location("site_tools.nn2flash_library", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def host_library(
    env: Any, host: Any, folder: Any, sources: Sequence[Any], *, runtime: str
) -> dict[str, Any]:
    """Declare the library in the host's way: its compiler, its flags, and what bytes need.

    Args:
        host: the environment that the host exported; it stays as it is.
        folder: node of the folder to build in.
        sources: nodes of all files that `python -m codegen generate` writes.
        runtime: absolute path of the runtime's folder.

    Returns:
        `library`, `include` (folders), `headers`, `manifest`, `report`, and `attach`, a function
        that gives an environment the headers and libraries.

    Raises:
        SCons.Errors.UserError: the environment has no C compiler.
    """
    shared = _shared(env["PROJECT_ROOT"])
    include = [sources[0].dir, env.Dir(runtime)]
    files = [(node.name, node) for node in sources]
    files += [
        (f"runtime/{path.relative_to(runtime)}", env.File(str(path)))
        for path in sorted(Path(runtime).rglob("*"))
        if path.is_file()
    ]
    name = env["name"]
    library = shared.library(host, folder.File(f"lib{name}.a"), files, include)
    headers = [node for node in sources if node.suffix == ".h"]
    return {
        "library": library,
        "include": include,
        "headers": [*headers, *(env.File(str(p)) for p in sorted(Path(runtime).glob("*.h")))],
        "manifest": [node for node in sources if node.name == f"{name}_manifest.json"],
        "report": [node for node in sources if node.name == f"{name}_generate_report.txt"],
        "attach": shared.attacher(library, include),
    }


def generate(env: Any, **kw: Any) -> None:
    """Add `env.HostParams`, `env.Claim` and `env.HostLibrary`, and say whether there is a host."""
    # A clone shares its builders, and SCons' tools change them: only what we add is ours.
    env["BUILDERS"] = {}
    env["HOSTED"] = env.Dir("#").abspath != env["PROJECT_ROOT"]
    env.AddMethod(host_params, "HostParams")
    env.AddMethod(claim, "Claim")
    env.AddMethod(host_library, "HostLibrary")


def exists(env: Any) -> bool:
    """Needs nothing of its own."""
    return True
