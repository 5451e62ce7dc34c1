"""Write a generated network as a library for other build systems."""

from __future__ import annotations

import argparse
from pathlib import Path

from codegen.package import write_package


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `package`."""
    parser.add_argument(
        "--manifest", type=Path, required=True, help="<name>_manifest.json beside the sources"
    )
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the package")


def run(arguments: argparse.Namespace) -> None:
    """Write the package, or what of it is not right already."""
    changed = write_package(arguments.manifest, arguments.out_dir)
    print(
        f"package: {arguments.out_dir}: {changed or 'no'} file{'' if changed == 1 else 's'} changed"
    )
