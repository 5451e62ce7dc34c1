"""Write the network's C sources, report and manifest."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from codegen.kernel_options import add_kernel_arguments, read_with_kernels
from codegen.names import check_name
from codegen.outputs import LEGACY, TEMPLATES, outputs
from support.errors import UserError
from support.files import write_text
from support.output_file import OutputFile, check_outputs

if TYPE_CHECKING:
    from codegen.ir.graph import Graph
    from codegen.kernels.wanted import Kernels
    from codegen.target import Target


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `generate`."""
    add_network_arguments(parser)
    parser.add_argument("--name", default="network", help="prefix of files and C symbols")
    parser.add_argument(
        "--c-api", choices=tuple(TEMPLATES), default=LEGACY, help="C interface of the sources"
    )
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the sources")
    parser.add_argument(
        "--dump", type=Path, help="folder for the graph after each pass, lifetimes and memory map"
    )
    parser.add_argument("--depfile", type=Path, help="write a Make depfile for CMake, Ninja, Make")
    parser.add_argument(
        "--print-outputs", action="store_true", help="print the files it would write, and stop"
    )


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    """Which network, and what its kernels are chosen by; also those of `dump`."""
    parser.add_argument("--model", type=Path, help="QDQ int8 ONNX or int8 .tflite file, batch 1")
    add_kernel_arguments(parser)
    processor = parser.add_mutually_exclusive_group()
    processor.add_argument(
        "--target",
        type=Path,
        help="memories.json of the board whose processor kernels are chosen for (default: a"
        " Cortex-M7 with FPU)",
    )
    processor.add_argument("--core", help="GCC's name of that processor, instead of a board's")
    parser.add_argument("--no-fpu", action="store_true", help="of --core: it has no FPU")


def run(arguments: argparse.Namespace) -> int:
    """Generate, or tell what would be generated."""
    name = check_name(arguments.name)
    files = [arguments.out_dir / output for output in outputs(name, arguments.c_api)]
    if arguments.print_outputs:
        print("\n".join(str(file) for file in files))
        return 0
    if arguments.model is None:
        print("codegen generate: error: --model is required", file=sys.stderr)
        return 2
    from codegen.generate import generate

    graph, kernels, target = read_network(arguments)
    written = [OutputFile("--out-dir", file) for file in files]
    if arguments.depfile:
        written.append(OutputFile("--depfile", arguments.depfile))
    check_outputs(written, _models(arguments))
    if arguments.dump:
        from codegen.dump import dump

        dump(graph, kernels, target, arguments.dump)
    generate(graph, name, arguments.out_dir, arguments.c_api, kernels, target=target)
    if arguments.depfile:
        from codegen.depfile import depfile

        write_text(arguments.depfile, depfile(files, _models(arguments)))
    return 0


def read_network(arguments: argparse.Namespace) -> tuple[Graph, Kernels, Target]:
    """The network, what its kernels are chosen by, and the processor; notes go to stderr."""
    graph, kernels = read_with_kernels(arguments)
    for note in graph.notes:
        print(f"note: {arguments.model}: {note}", file=sys.stderr)
    return graph, kernels, _target(arguments)


def _target(arguments: argparse.Namespace) -> Target:
    """The processor that kernels are chosen for."""
    from codegen.target import CORTEX_M7, named_target, read_target

    if arguments.target:
        return read_target(arguments.target)
    if arguments.core:
        return named_target(arguments.core, fpu=not arguments.no_fpu)
    if arguments.no_fpu:
        raise UserError("--no-fpu: of which core?", "name it with --core")
    return CORTEX_M7


def _models(arguments: argparse.Namespace) -> list[Path]:
    """The files that decide what is generated."""
    from codegen.reader.load import data_files

    given = (arguments.model, arguments.calibration, arguments.target)
    return [*(path for path in given if path is not None), *data_files(arguments.model)]
