"""What several verbs ask for: a model, the board it is for, and what kernels are chosen by."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codegen.kernel_options import add_kernel_arguments, read_with_kernels
from codegen.kernels.wanted import Kernels
from codegen.target import CORTEX_M7, Target, named_target, target_of
from support.errors import UserError

if TYPE_CHECKING:
    from codegen.ir.graph import Graph


@dataclass(frozen=True)
class Request:
    """What was asked for, read.

    Attributes:
        memories: the board as memories.json has it; None when no board was named.
    """

    graph: Graph
    kernels: Kernels
    target: Target
    memories: dict[str, Any] | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model and its options."""
    parser.add_argument("model", type=Path, help="QDQ int8 .onnx or int8 .tflite file, batch 1")
    processor = parser.add_mutually_exclusive_group()
    processor.add_argument(
        "--board", help="name of a board (nn2flash boards) or the folder of a board.toml"
    )
    processor.add_argument("--core", help="GCC's name of a processor (default: cortex-m7)")
    parser.add_argument("--no-fpu", action="store_true", help="of --core: it has no FPU")
    add_kernel_arguments(parser)


def read_board(arguments: argparse.Namespace) -> tuple[Target, dict[str, Any] | None]:
    """The processor, and the board when one was named.

    Raises:
        UserError: no such board or core, or --no-fpu of neither.
    """
    if arguments.no_fpu and not arguments.core:
        raise UserError("--no-fpu: of which core?", "name it with --core")
    if arguments.core:
        return named_target(arguments.core, fpu=not arguments.no_fpu), None
    if not arguments.board:
        return CORTEX_M7, None
    from nn2flash.boards import board_named

    memories = board_named(arguments.board).to_json()
    return target_of(memories), memories


def read_request(arguments: argparse.Namespace, *, survey: bool = False) -> Request:
    """Read the model and everything beside it.

    Args:
        survey: look at all nodes, also behind one that cannot be read.

    Raises:
        UnsupportedNodes: the survey has found such nodes.
        UserError: a model that cannot be read, as `read_board`, or no calibration file.
    """
    target, memories = read_board(arguments)
    from codegen.reader.survey import Survey

    graph, kernels = read_with_kernels(arguments, Survey() if survey else None)
    return Request(graph, kernels, target, memories)
