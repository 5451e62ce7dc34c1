"""Pipes, sockets and devices where a file is looked for: whoever opens one waits."""

from __future__ import annotations

from pathlib import Path

import SCons.Errors


def refuse_irregular(path: Path, shown: object) -> None:
    """Refuse what is there and neither a file nor a folder; of a folder, its reader tells itself.

    Args:
        shown: what the message calls it.

    Raises:
        SCons.Errors.UserError: it is such a thing.
    """
    if not path.is_file() and path.exists() and not path.is_dir():
        raise SCons.Errors.UserError(f"{shown} is not a file: remove it")
