"""What every network of nn2flash in an SCons build shares: its library in the host's way, and how a
program gets it. Standard library and SCons only; nn2flash itself and its packages use this file."""

from __future__ import annotations

import platform
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import SCons.Action
import SCons.Errors
import SCons.Script
import SCons.Tool
import SCons.Util

# Bytes are promised for exactly these float operations, whatever the host's flags say. Last of all
# flags, because the last -std and the last of -Ofast and -fno-fast-math win.
REQUIRED = ["-std=c11", "-ffp-contract=off", "-fno-fast-math"]
# Where x87 would compute in 80 bits.
SSE = ["-msse2", "-mfpmath=sse"]
# CFLAGS, too: where some hosts choose the processor.
ASSEMBLE = (
    "$CC -x assembler-with-cpp $CFLAGS $CCFLAGS $CPPFLAGS $_CPPDEFFLAGS $_CPPINCFLAGS"
    " -c -o $TARGET $SOURCES"
)


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


def _folders(env: Any) -> list[Any]:
    """The host's CPPPATH as a list; a string is one folder, or several with colons between them."""
    path = env.get("CPPPATH", [])
    return path.split(":") if isinstance(path, str) else list(SCons.Util.flatten(path))


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


def library(
    host: Any, target: Any, files: Sequence[tuple[str, Any]], include: Sequence[Any]
) -> list[Any]:
    """Declare a static library, compiled in the host's way: its compiler, its flags, and what bytes
    need.

    Args:
        host: the host's environment; it stays as it is.
        target: node of the library, beside which objects go.
        files: path below the folder of objects, without suffix, and node of each file; other files
            than C and assembly are left out.
        include: nodes of the folders with headers.

    Raises:
        SCons.Errors.UserError: the environment has no C compiler.
    """
    if not host.get("CC"):
        raise SCons.Errors.UserError("the exported env has no C compiler: export Environment()")
    own = host.Clone()
    if "AR" not in own:
        own.Tool("ar")
    archiver, indexer = _archiver(own)
    own.Replace(
        CPPPATH=[*include, *_folders(host)],
        # A string would be continued without a blank.
        CFLAGS=SCons.Util.CLVar(host.get("CFLAGS", "")),
        CCFLAGS=SCons.Util.CLVar(host.get("CCFLAGS", "")),
        AR=archiver,
        RANLIB=indexer,
    )
    sse = SSE if _takes_x87(own) else []
    own.Append(CFLAGS=REQUIRED, CCFLAGS=[*REQUIRED, *sse])
    objects = [_object(own, target.dir.File(f"obj/{path}.o"), node) for path, node in files]
    made: list[Any] = own.StaticLibrary(target, [node for node in objects if node])
    return made


class _Behind(list[Any]):
    """A list that may be added to any sequence. RT-Thread 4 adds LOCAL_CPPDEFINES to CPPDEFINES, a
    deque in SCons 4.5 and newer, and a deque takes no list."""

    def __radd__(self, other: Any) -> list[Any]:
        return [*other, *self]


def rt_thread_group(
    define: Any, name: str, version: str, sources: Sequence[str], runtime: Sequence[str]
) -> Any:
    """A group of RT-Thread's; the first network's has the runtime for all.

    Args:
        define: RT-Thread's DefineGroup.
        sources, runtime: paths of C and assembly, seen from the SConscript.

    Raises:
        SCons.Errors.UserError: another network brought the runtime of another version.
    """
    there = getattr(define, "nn2flash_version", None)
    if there not in (None, version):
        raise SCons.Errors.UserError(
            f"nn2flash: '{name}' is version {version}, but another network brought the runtime of"
            f" {there}: make both with the same version"
        )
    define.nn2flash_version = version
    return define(
        name,
        [*sources, *(runtime if there is None else ())],
        depend=[""],
        CPPPATH=[SCons.Script.Dir(folder).srcnode().abspath for folder in ("network", "runtime")],
        LIBS=["m"],
        # A string, as RT-Thread has them.
        LOCAL_CCFLAGS="".join(f" {flag}" for flag in REQUIRED),
        LOCAL_CPPDEFINES=_Behind(),
    )


def attacher(made: Sequence[Any], include: Sequence[Any]) -> Callable[[Any], None]:
    """The function that gives a program's environment a network: its headers and its libraries."""

    def attach(env: Any) -> None:
        libraries = env.get("LIBS", [])
        libraries = env.Split(libraries) if isinstance(libraries, str) else list(libraries)
        # The mathematical library behind what needs it.
        env.Replace(CPPPATH=[*_folders(env), *include], LIBS=[*libraries, *made, "m"])

    return attach
