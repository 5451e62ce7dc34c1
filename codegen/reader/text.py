"""Text out of a model, fit for one line of a message or a comment."""

from __future__ import annotations

MAX_LENGTH = 80


def shown(text: object) -> str:
    """`text` on one line: control characters escaped, the middle of what is too long left out."""
    plain = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    if len(plain) > MAX_LENGTH:
        plain = f"{plain[: MAX_LENGTH // 2]}…{plain[-MAX_LENGTH // 2 :]}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in plain)
