"""Text out of a model, fit for one line of a message or a comment."""

from __future__ import annotations

from support.plain import one_line

MAX_LENGTH = 80


def shown(text: object) -> str:
    """`text` on one line: control characters escaped, the middle of what is too long left out."""
    whole = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    if len(whole) > MAX_LENGTH:
        whole = f"{whole[: MAX_LENGTH // 2]}…{whole[-MAX_LENGTH // 2 :]}"
    return one_line(whole)
