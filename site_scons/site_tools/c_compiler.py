"""GCC for a board: the compiler by its absolute path, and flags for the board's core."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import SCons.Errors
import SCons.Tool
from SCons.Script import COMMAND_LINE_TARGETS, GetOption
from site_tools.commands import Command

OLDEST_GCC = 10
# Targets that Python alone makes: who asks for nothing else needs no compiler.
COMPILE_NOTHING = {
    "train",
    "onnx",
    "quantize",
    "evaluate",
    "generate",
    "subset",
    "package",
    "model",
    "codegen",
    "data",
    "templates",
    "cloud-login",
    "cloud-logout",
    "cloud-benchmark",
    "list",
}
PACKAGES = {"arm-none-eabi-gcc": "gcc-arm-none-eabi", "gcc": "gcc", "clang": "clang"}

LANGUAGE = ["-std=c11", "-ffp-contract=off", "-fno-common", "-g3"]
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wdate-time"]
SECTIONS = ["-ffunction-sections", "-fdata-sections"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


class Compile(Command):
    """A compiler's line. What it makes depends on the compiler, too: SCons would put together the
    whole line of each object to find it."""

    def get_implicit_deps(
        self, target: Any, source: Any, env: Any, executor: Any = None
    ) -> list[Any]:
        """The compiler's node; none while nothing is compiled, and it was not looked for."""
        compiler = Path(str(env["CC"]))
        return [env.fs.File(str(compiler))] if compiler.is_absolute() else []


def machine_flags(cpu: dict[str, str]) -> list[str]:
    """The options that choose core, floating-point unit and calling convention."""
    flags = [f"-mcpu={cpu['core']}", "-mthumb"]
    if cpu.get("fpu", "none") != "none":
        flags.append(f"-mfpu={cpu['fpu']}")
    return [*flags, f"-mfloat-abi={cpu.get('float_abi', 'soft')}"]


def find_compiler(name: str) -> tuple[str, str]:
    """The absolute path of a compiler that is new enough, and GCC's major version ("" of others).

    Raises:
        SCons.Errors.UserError: not found, or older than GCC 10, with the package to install.
    """
    path = shutil.which(name)
    package = PACKAGES.get(Path(name).name)
    remedy = (
        f"install the package {package}, or run ./bootstrap scons elf"
        if package
        else "give another with cc="
    )
    if path is None:
        raise SCons.Errors.UserError(f"compiler '{name}' not found: {remedy}")
    try:
        done = subprocess.run(
            [path, "-dumpfullversion"], capture_output=True, text=True, check=False, timeout=30
        )
        version = done.stdout.strip()
    except OSError as error:
        raise SCons.Errors.UserError(f"{path}: {error.strerror}: {remedy}") from None
    # Clang says 4.2.1 or its own version here; it is new enough wherever this project runs.
    major = re.match(r"\d+", version)
    if "clang" not in Path(path).name:
        if not major:
            raise SCons.Errors.UserError(f"{path} does not tell its version: {remedy}")
        if int(major[0]) < OLDEST_GCC:
            raise SCons.Errors.UserError(
                f"{path} is version {version}, older than {OLDEST_GCC}: {remedy}"
            )
        return path, major[0]
    return path, ""


def c_compiler(env: Any, cpu: dict[str, str], build_dir: str) -> None:
    """Set up `env` to compile and link for a board.

    Args:
        cpu: the [cpu] table of the board's facts.
        build_dir: absolute path; it and the project's folder leave no trace in objects.
    """
    native = cpu["core"] == "native"
    name = env.subst("$cc") or ("gcc" if native else "arm-none-eabi-gcc")
    asked = set(map(str, COMMAND_LINE_TARGETS))
    unneeded = GetOption("clean") or GetOption("help") or (asked and asked <= COMPILE_NOTHING)
    compiler, env["COMPILER_MAJOR"] = (name, "") if unneeded else find_compiler(name)
    machine = [] if native else machine_flags(cpu)
    root, env["BUILD_FOLDER"] = env["PROJECT_ROOT"], build_dir
    env["CC"] = env["LINK"] = env.Literal(compiler)
    for tool in ("cc", "as", "compilation_db"):
        env.Tool(tool)
    static, _ = SCons.Tool.createObjBuilders(env)
    static.add_action(".c", Compile("$CCCOM", cmdstr="$CCCOMSTR"))
    static.add_action(".S", Compile("$ASPPCOM", cmdstr="$ASPPCOMSTR"))
    env.Replace(
        CFLAGS=LANGUAGE,
        CCFLAGS=[*machine, "$OPTIMIZE", *SECTIONS, *WARNINGS],
        OPTIMIZE="-Os",
        # The last map that matches wins, and the build folder may lie in the project's. Maps know
        # no folders, only letters: without its slash, /fw would match /fw-project, too.
        PREFIX_MAPS=[f"-ffile-prefix-map={root}=.", f"-ffile-prefix-map={build_dir}/=./build/"],
        MACHINE=machine,
        # Absolute paths, mapped away: the same objects wherever the two folders lie. "$(" keeps
        # them out of the signature, so that clones share a cache.
        CCCOM="$CC $CFLAGS $CCFLAGS $( $PREFIX_MAPS $INCLUDES $)"
        " -c -o $TARGET $( $SOURCE.abspath $)",
        ASPPCOM="$CC -x assembler-with-cpp $MACHINE $( $PREFIX_MAPS $INCLUDES $)"
        " -c -o $TARGET $( $SOURCE.abspath $)",
        OBJSUFFIX=".o",
        COMPILATIONDB_USE_ABSPATH=True,
    )
    if env["werror"] == "1":
        env.Append(CCFLAGS=["-Werror"])
    if native:
        env.Append(CCFLAGS=SANITIZERS)
    if env["verbose"] != "1":
        env.Replace(CCCOMSTR="CC        $TARGET", ASPPCOMSTR="AS        $TARGET")
        env.Replace(COMPILATIONDB_COMSTR="COMPDB    $TARGET")


def include_folders(env: Any, folders: Sequence[str]) -> None:
    """Search these folders (absolute paths) for headers, and no others."""
    env.Replace(CPPPATH=list(folders), INCLUDES=[env.Literal(f"-I{folder}") for folder in folders])


def generate(env: Any, **kw: Any) -> None:
    """Add `env.CCompiler(cpu, build_dir)` and `env.IncludeFolders(folders)`."""
    env.AddMethod(c_compiler, "CCompiler")
    env.AddMethod(include_folders, "IncludeFolders")


def exists(env: Any) -> bool:
    """Compilers are looked for by `env.CCompiler`, for one board."""
    return True
