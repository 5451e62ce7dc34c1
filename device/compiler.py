"""The compiler, as a program that may not be there."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from support.errors import UserError


def run_compiler(
    words: Sequence[str], *, captured: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a compiler's command line; keeps what it says on stderr, with `captured` on stdout, too.

    Raises:
        UserError: it cannot be run.
    """
    stdout = subprocess.PIPE if captured else None
    try:
        return subprocess.run(
            words, stdout=stdout, stderr=subprocess.PIPE, text=True, errors="replace", check=False
        )
    except OSError as error:
        raise UserError(
            f"compiler '{words[0]}' cannot be run ({error.strerror})",
            "install it (for Arm: run ./bootstrap scons elf), or name another one",
        ) from None
