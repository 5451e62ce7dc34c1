"""Compiled templates, kept between runs as Python keeps its modules: compiling them anew takes a
third of the generator's time.

What is kept tells nothing about what is generated. It is found by what it was compiled from, text
and compiler, and by a checksum of its own, so it is never out of date and never half there.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import marshal
import sys
from types import CodeType

from support.errors import UserError
from support.files import write_bytes
from support.places import cache_folder

_DIGEST_BYTES = hashlib.sha256().digest_size


class Bytecode:
    """One template's compiled code in the user's folder; without such a folder nothing is kept.

    A template has one file, whatever its text was: the folder does not grow.
    """

    def __init__(self, name: str, source: str, compiler: bytes) -> None:
        """The code of a template.

        Args:
            name: its path below `templates/`.
            source: its text.
            compiler: whatever else decides the code, such as the version of Jinja2.
        """
        told = "\0".join((name, source, str(sys.flags.optimize))).encode()
        # Python's number changes whenever its code objects do.
        self._of = hashlib.sha256(importlib.util.MAGIC_NUMBER + compiler + b"\0" + told).digest()
        folder = cache_folder()
        self._path = folder and folder / "templates" / f"{name.replace('/', '-')}.bin"

    def load(self, filename: str) -> CodeType | None:
        """The code kept of exactly this text, as that of a file, or None."""
        try:
            kept = self._path.read_bytes() if self._path else b""
        except OSError:
            return None
        digest, data = kept[:_DIGEST_BYTES], kept[_DIGEST_BYTES:]
        # Looked at before it is read as code: damaged code ends in worse than an error.
        if digest != self._digest(data):
            return None
        code: CodeType = marshal.loads(data)
        return _of_file(code, filename)

    def keep(self, code: CodeType) -> None:
        """Keep the code, unless PYTHONDONTWRITEBYTECODE wants none kept, where that is possible."""
        if self._path is None or sys.dont_write_bytecode:
            return
        data = marshal.dumps(code)
        with contextlib.suppress(OSError, UserError):  # read-only, full: compiled again next time
            write_bytes(self._path, self._digest(data) + data)

    def _digest(self, data: bytes) -> bytes:
        return hashlib.sha256(self._of + data).digest()


def _of_file(code: CodeType, filename: str) -> CodeType:
    """The code as that of another file, for errors to name: copies of a template share it."""
    parts = (_of_file(c, filename) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(co_filename=filename, co_consts=tuple(parts))
