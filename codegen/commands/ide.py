"""Write files for VS Code and STM32CubeIDE."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from codegen.ide import cubeide, vscode
from codegen.ide.build import Build
from codegen.ide.written import write_generated
from support.build_files import read_build_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `ide`."""
    for name, text in (
        ("debugging", "debugging.json: programmers, gdb, QEMU"),
        ("memories", "the board's memories.json"),
        ("placement", "placement.json: whether external flash is used"),
    ):
        parser.add_argument(f"--{name}", type=Path, required=True, help=text)
    for name, text in (
        ("project", "folder with SConstruct"),
        ("build-dir", "folder of the build"),
        ("elf", "the firmware; it need not be there yet"),
        ("database", "compile_commands.json; it need not be there yet"),
        ("out-dir", "folder to write to: the one that the IDE opens"),
    ):
        parser.add_argument(f"--{name}", type=_absolute, required=True, help=text)
    parser.add_argument("--compiler", required=True, help="name of the compiler")
    for name, text in (
        ("include", "folder of headers"),
        ("sources", "folder of the firmware's sources"),
    ):
        parser.add_argument(
            f"--{name}", type=_absolute, action="append", default=[], metavar="DIR", help=text
        )
    parser.add_argument(
        "--variable", action="append", default=[], metavar="NAME=VALUE", help="for scons"
    )
    parser.add_argument(
        "--target", action="append", default=[], metavar="NAME", help="of scons, for this board"
    )


def run(arguments: argparse.Namespace) -> None:
    """Render all files, then write those that changed, or none."""
    build = Build(
        folder=arguments.out_dir,
        project=arguments.project,
        build_dir=arguments.build_dir,
        elf=arguments.elf,
        database=arguments.database,
        compiler=arguments.compiler,
        includes=arguments.include,
        sources=arguments.sources,
        variables=arguments.variable,
        targets=arguments.target,
        debugging=read_build_file(arguments.debugging, "debugging"),
        memories=read_build_file(arguments.memories, "memories"),
        placement=read_build_file(arguments.placement, "placement"),
    )
    files = {**vscode.files(build), **cubeide.files(build)}
    changed = write_generated(build.folder, files)
    print(f"{os.path.relpath(build.folder)}: {len(files)} files, {len(changed)} of them changed")


def _absolute(text: str) -> Path:
    """Absolute, symbolic links kept: a path the way the user sees it."""
    return Path(os.path.abspath(text))  # noqa: PTH100, Path.resolve follows links
