"""What the cloud's commands have in common."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from support.errors import UserError
from support.output_file import OutputFile, check_outputs

if TYPE_CHECKING:
    from device.cloud.generate import Order
    from device.cloud.service import Service
    from device.cloud.web import Web


def add_order_options(parser: argparse.ArgumentParser) -> None:
    """The network, and how to make it."""
    parser.add_argument("--model", type=Path, required=True, help="QDQ int8 ONNX file")
    parser.add_argument("--name", default="network", help="C name of the network")
    parser.add_argument("--c-api", choices=("legacy", "st-ai"), default="legacy", help="interface")
    parser.add_argument("--memory-pool", type=Path, help="memory pools, as `codegen pools` writes")
    parser.add_argument("--version", default="", help="Core or X-CUBE-AI (default: the latest)")
    parser.add_argument("--options", default="", help="further options of `stedgeai generate`")


def order_of(arguments: argparse.Namespace) -> Order:
    """The order that the options describe."""
    from device.cloud.generate import Order

    return Order(
        model=arguments.model,
        name=arguments.name,
        c_api=arguments.c_api,
        memory_pool=arguments.memory_pool,
        version=arguments.version,
        options=arguments.options,
    )


def check_outputs_of(arguments: argparse.Namespace, *outputs: OutputFile) -> None:
    """Refuse to write over the order's own files, or over what others wrote beside them.

    Raises:
        UserError: as `check_outputs`.
    """
    check_outputs(outputs, (arguments.model, arguments.memory_pool))


def web() -> Web:
    """An HTTP session.

    Raises:
        UserError: the HTTP library is not installed; most builds do not need it.
    """
    try:
        from device.cloud.web import Web
    except ModuleNotFoundError as error:
        raise UserError(
            f"the Python package '{error.name}' is not installed", "./bootstrap scons cloud-login"
        ) from None
    return Web()


def connect() -> Service:
    """The cloud; nothing is sent yet."""
    session = web()
    from device.cloud.endpoints import endpoints
    from device.cloud.service import Service

    return Service(session, endpoints())
