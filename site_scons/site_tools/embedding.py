"""The network as a library of a host project's build, compiled the host's way."""

from __future__ import annotations

import platform
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import SCons.Action
import SCons.Errors
import SCons.Node
import SCons.Tool
import SCons.Util

# What these variables hold is a path, seen from the folder of the host's SConstruct.
PATHS = ("network", "inputs", "data_dir", "dest", "bundle", "runtime")
# Variables of `scons` that a host decides otherwise, and how.
THE_HOSTS = {
    "build_dir": "give SConscript() a variant_dir",
    "cache_dir": "call CacheDir() in your SConstruct",
    "cc": "set CC in the environment that you export",
}
# Bytes are promised for exactly these float operations: docs/numerics.md.
REQUIRED = ["-std=c11", "-ffp-contract=off"]
# Where x87 would compute in 80 bits.
SSE = ["-msse2", "-mfpmath=sse"]

ASSEMBLE = "$CC $CCFLAGS $CPPFLAGS $_CPPDEFFLAGS $_CPPINCFLAGS -c -o $TARGET $SOURCES"

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
        here = key in PATHS and text and (key, text) != ("inputs", "mnist")
        found[key] = str(Path(env.Dir("#").abspath, text)) if here else text
    return found


def claim(env: Any, folder: Any, root: str) -> None:
    """Refuse what would silently mix two networks up.

    Raises:
        SCons.Errors.UserError: no variant_dir, one that another network has, or a name that
            another network has: the linker would take one network's functions for both.
    """
    name, place = env["name"], folder.abspath
    if place == root:
        raise SCons.Errors.UserError(
            f"network '{name}': say where to build it: SConscript(…, variant_dir=FOLDER)"
        )
    source = env["network"] or f"trained: {env['recipe']}, {env['epochs']}, {env['seed']}"
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


def _archiver(env: Any) -> tuple[str, str]:
    """AR and RANLIB. For a host that names a compiler only, GCC's own: they know the target's
    format and link-time optimization."""
    compiler = env.subst("$CC")
    before, gcc, after = compiler.rpartition("gcc")
    if gcc and env.subst("$AR") == "ar":
        tools = f"{before}gcc-ar{after}", f"{before}gcc-ranlib{after}"
        if all(shutil.which(tool, path=env["ENV"].get("PATH")) for tool in tools):
            return tools
    return env.subst("$AR"), env.subst("$RANLIB")


def _takes_x87(own: Any) -> bool:
    """Whether the host's compiler and flags would compute with x87: 32-bit x86, or asked for."""
    compiler, *flags = own.subst("$CC $CFLAGS $CCFLAGS").split() or [""]
    name = Path(compiler).name
    plain = re.fullmatch(r"(gcc|cc|clang)(-\d+)?", name) and "-m64" not in flags
    on_x86_32 = plain and re.fullmatch(r"i[3-6]86", platform.machine())
    return bool(
        on_x86_32
        or re.match(r"i[3-6]86-", name)
        or {"-m32", "-mfpmath=387"} & set(flags)
        or any(re.match(r"--target=i[3-6]86", flag) for flag in flags)
    )


def _object(own: Any, target: Any, source: Any) -> Any:
    """The object of a source file, None for other files.

    C goes through the host's own builder, with all that the host made it do. Assembly does not:
    few hosts have set it up, and SCons' commands for it lack the flags that choose the processor.
    """
    if source.suffix == ".c":
        return own.StaticObject(target, source)
    if source.suffix == ".S":
        command = SCons.Action.Action(ASSEMBLE, "$ASPPCOMSTR")
        return own.Command(target, source, command, source_scanner=SCons.Tool.CScanner)
    return None


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
        `library`, `include` (folders), `headers`, `manifest` and `report`.

    Raises:
        SCons.Errors.UserError: the environment has no C compiler.
    """
    if not host.get("CC"):
        raise SCons.Errors.UserError("the exported env has no C compiler: export Environment()")
    own = host.Clone()
    if "AR" not in own:
        own.Tool("ar")
    include = [sources[0].dir, env.Dir(runtime)]
    archiver, indexer = _archiver(own)
    own.Prepend(CPPPATH=include)
    sse = SSE if _takes_x87(own) else []
    own.Append(CFLAGS=REQUIRED[:1], CCFLAGS=[*REQUIRED[1:], *sse])
    own.Replace(AR=archiver, RANLIB=indexer)
    files = [(node.name, node) for node in sources]
    files += [
        (f"runtime/{path.relative_to(runtime)}", env.File(str(path)))
        for path in sorted(Path(runtime).rglob("*"))
        if path.is_file()
    ]
    name = env["name"]
    objects = [_object(own, folder.File(f"obj/{path}.o"), node) for path, node in files]
    headers = [node for node in sources if node.suffix == ".h"]
    return {
        "library": own.StaticLibrary(
            folder.File(f"lib{name}.a"), [node for node in objects if node]
        ),
        "include": include,
        "headers": [*headers, *(env.File(str(p)) for p in sorted(Path(runtime).glob("*.h")))],
        "manifest": [node for node in sources if node.name == f"{name}_manifest.json"],
        "report": [node for node in sources if node.name == f"{name}_generate_report.txt"],
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
