"""Write a network as a library: sources, runtime, and files for CMake, Make, PlatformIO, Zephyr
and SCons. No compiler is needed."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from codegen.outputs import MANIFEST
from nn2flash import network
from nn2flash.commands.generate import add_source_arguments, write_sources


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `package`."""
    network.add_arguments(parser)
    add_source_arguments(parser)
    parser.add_argument(
        "--out-dir", type=Path, required=True, help="folder of the package; an older one is updated"
    )


def run(arguments: argparse.Namespace) -> None:
    """Generate into a folder that goes away, and bring the package up to date."""
    from codegen.package import write_package

    with tempfile.TemporaryDirectory(prefix="nn2flash-") as name:
        folder = Path(name)
        write_sources(arguments, folder)
        changed = write_package(folder / f"{arguments.name}{MANIFEST}", arguments.out_dir)
    files = "1 file" if changed == 1 else f"{changed or 'no'} files"
    print(f"package: {arguments.out_dir}: {files} changed; its README.md says how to build with it")
