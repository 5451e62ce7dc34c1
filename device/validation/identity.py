"""Is the firmware that answers the one of this build?"""

from __future__ import annotations

from device.link.messages import Info
from device.validation.reference import Expected
from support.errors import UserError


def check_identity(info: Info, board: str, expected: Expected) -> None:
    """Refuse firmware for another board, or with another network.

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
