"""Network names: they become file names and prefixes of C symbols."""

from __future__ import annotations

import re

from support.errors import UserError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


def check_name(name: str) -> str:
    """Return `name` when it can be a lower-case C prefix of 1 to 32 characters.

    Raises:
        UserError: otherwise.
    """
    if not _NAME.fullmatch(name):
        raise UserError(
            f"network name '{name}' is not a lower-case C identifier of up to 32 characters",
            "use letters, digits and underscores, for example name=digits",
        )
    return name
