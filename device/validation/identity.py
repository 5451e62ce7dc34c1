"""Is the firmware that answers the one of this build?"""

from __future__ import annotations

from device.link.messages import Info
from device.validation.reference import Expected
from support.errors import UserError


def check_identity(info: Info, board: str, expected: Expected) -> None:
    """Refuse firmware for another board, with another network, or of another build.

    Raises:
        UserError: it is.
    """
    if info.board != board:
        raise UserError(
            f"the firmware is one for {info.board}, not for {board}", "flash the one of this build"
        )
    if info.model != expected.model:
        raise UserError(
            f"the firmware holds another network than the build: model {info.model[:12]}, "
            f"the build's is {expected.model[:12]}",
            "flash the firmware of this build (app=validate)",
        )
    if expected.build and info.build != expected.build:
        raise UserError(
            "the firmware was built otherwise than this build, from the same model (kernels=, "
            f"placement=, compiler or sources): it is {info.build[:12]}, the build's is "
            f"{expected.build[:12]}",
            "flash the firmware of this build (app=validate), or build with its variables",
        )
