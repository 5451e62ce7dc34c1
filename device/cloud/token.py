"""The token that a login gives, in the user's own configuration folder, readable by nobody else."""

from __future__ import annotations

import json
import os
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.errors import UserError
from support.files import parse_json
from support.places import home

# A token that ends within this is as good as ended.
_MARGIN_SECONDS = 60.0


@dataclass(frozen=True)
class Token:
    """An OAuth token. Its repr hides it, in case one ends up in a message.

    Attributes:
        access: what requests carry.
        refresh: what gets a new one, or "".
        expires_at: seconds since 1970, or None.
    """

    access: str
    refresh: str
    expires_at: float | None

    def __repr__(self) -> str:
        return "Token(…)"

    @property
    def is_fresh(self) -> bool:
        """Whether it will be accepted, as far as its own date tells."""
        return self.expires_at is None or time.time() < self.expires_at - _MARGIN_SECONDS


def parse(answer: Any, old: Token | None = None) -> Token | None:
    """The token in the service's JSON; None when there is none. Absent parts stay as in `old`."""
    if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
        return None
    if not answer["access_token"]:
        return None
    refresh = answer.get("refresh_token")
    expires = answer.get("expires_at")
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        expires = None
    return Token(
        answer["access_token"],
        refresh if isinstance(refresh, str) else (old.refresh if old else ""),
        None if expires is None else float(expires),
    )


def token_path() -> Path:
    """Where it is kept: XDG Base Directory Specification.

    Raises:
        UserError: nobody knows where this user's files lie.
    """
    given, own = os.environ.get("XDG_CONFIG_HOME"), home()
    if not given and not own:
        raise UserError("this user has no home to keep a token in", "set HOME, or XDG_CONFIG_HOME")
    return Path(given or f"{own}/.config") / "nn2flash" / "st-cloud-token.json"


def load() -> Token | None:
    """The kept token; None when there is none or it is damaged.

    Raises:
        UserError: others can read the file.
    """
    path = token_path()
    try:
        state = path.stat()
        content = parse_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if stat.S_IMODE(state.st_mode) & 0o077:
        raise UserError(
            f"{path}: others can read it", f"chmod 600 {path}, and consider a new password"
        )
    return parse(content)


def save(token: Token) -> None:
    """Keep a token: folder with mode 700, file with mode 600 from its first byte on."""
    path = token_path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # mkstemp makes it with mode 600.
    handle, name = tempfile.mkstemp(prefix=".token-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(
                {
                    "access_token": token.access,
                    "refresh_token": token.refresh,
                    "expires_at": token.expires_at,
                },
                stream,
            )
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def forget() -> bool:
    """Remove the kept token; whether there was one."""
    path = token_path()
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed
