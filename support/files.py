"""Files that are either whole or not there: write to a temporary name, then rename."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from support.errors import UserError, of_system
from support.plain import plain, plain_json
from support.removal import TEMPORARY
from support.system_errors import nameless


@contextlib.contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path` that replaces it when the block ends without an error.

    The temporary keeps the final suffix, so that writers which look at it behave the same.

    Raises:
        UserError: as `check_place`.
        OSError: naming `path`: nothing can be written there.
    """
    final = Path(path)
    with _temporary(final) as temporary:
        yield temporary
        _settle(temporary)
        temporary.replace(final)


@contextlib.contextmanager
def together(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Yield a temporary path beside each of `paths`; they replace them all, or none on an error.

    One killed while it replaces leaves some of them missing, never old ones beside new ones.

    Raises:
        UserError, OSError: as `atomic_path`.
    """
    with contextlib.ExitStack() as stack:
        temporaries = [stack.enter_context(_temporary(path)) for path in paths]
        yield temporaries
        for temporary in temporaries:  # what can fail does so while the old ones are there
            _settle(temporary)
        for path in paths:
            path.unlink(missing_ok=True)
        for temporary, path in zip(temporaries, paths, strict=True):
            temporary.replace(path)


@contextlib.contextmanager
def _temporary(final: Path) -> Iterator[Path]:
    """Yield a new file beside `final`; at the end it is removed, unless it was renamed."""
    check_place(final)
    final.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle, name = tempfile.mkstemp(prefix=TEMPORARY, suffix=final.suffix, dir=final.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(final)) from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
    except OSError as error:  # what was called so is gone; writing tells no name at all
        if nameless(error) or str(error.filename) == name:
            error.filename, error.filename2 = str(final), None
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _settle(temporary: Path) -> None:
    """Give a file the usual permissions, and see that it is on the disk."""
    mask = os.umask(0)
    os.umask(mask)
    temporary.chmod(0o666 & ~mask)
    with temporary.open("rb") as written:
        os.fsync(written.fileno())


def check_place(path: Path, remedy: str = "name another file") -> None:
    """Refuse to put a file in the place of anything but a file: of a link, a folder, a device.

    Raises:
        UserError: it is there, or no file can have such a path.
    """
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise of_system(error, path, remedy) from None
    if not stat.S_ISREG(mode):
        kinds = {stat.S_IFDIR: "a folder", stat.S_IFLNK: "a link", stat.S_IFIFO: "a pipe"}
        what = kinds.get(stat.S_IFMT(mode), "a device or a socket")
        raise UserError(f"{path}: is {what}, and no file takes its place", remedy)


# Of a file that is not what its command writes. It may be the user's own: nothing is to be deleted.
BUILD_AGAIN = "build again, or give another file"
# Of a file that is not there, where nobody knows what would make it.
CHECK_PATH = "see whether its path is right (ls tells what there is)"


def write_bytes(path: Path | str, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path | str, text: str) -> None:
    """Write `text` to `path` as UTF-8 with Unix line ends, whole or not at all.

    File names that are no UTF-8 are the bytes that they were (PEP 383).
    """
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def write_plain(path: Path | str, text: str) -> None:
    """Write text for people, a page or a drawing, with `plain` names of whomever."""
    write_text(path, plain(text))


def write_json(path: Path | str, value: Any) -> None:
    """Write `value` as indented JSON with sorted keys: the same value gives the same bytes."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    write_text(path, f"{plain_json(text)}\n")


# What NumPy and zipfile raise about an archive of arrays that is another file, cut or damaged.
DAMAGED_ARRAYS = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    RuntimeError,  # encryption; a compression that zipfile has not
    OverflowError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
)


def in_words(error: Exception) -> str:
    """Why a file's content cannot be taken, without what Python and NumPy say to programmers."""
    if isinstance(error, KeyError):
        return "a part of it is missing"
    if isinstance(error, AttributeError | IndexError | TypeError):
        return "its parts are of other kinds"
    reason = " ".join(str(error).split())
    return "it holds no plain arrays" if "pickle" in reason else reason or "it ends too early"


def resolved(path: Path) -> Path:
    """The absolute path with its links followed as far as they lead: some lead to themselves."""
    return Path(os.path.realpath(path))


def check_given(path: Path, remedy: str = "give the path of a file") -> None:
    """Refuse what is no file (a folder, a device, a pipe that nobody may write to), or cannot be
    opened. What is not there at all is for the reader to tell: he knows what makes it.

    Raises:
        UserError: it is such a thing.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UserError(f"{path}: not a file", remedy)
        with path.open("rb"):
            pass
    except FileNotFoundError:
        return
    except OSError as error:
        raise of_system(error, path) from None


def read_given(path: Path) -> bytes:
    """All of a file that a user gave.

    Raises:
        UserError: it cannot be read.
    """
    check_given(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise of_system(error, path) from None


def read_json(path: Path | str, remedy: str = "") -> Any:
    """Read a JSON file; a missing or broken one is a `UserError` that names it.

    Args:
        remedy: what makes it anew, where that is known.
    """
    check_given(Path(path))
    try:
        return parse_json(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", remedy or CHECK_PATH) from None
    except ValueError as error:
        why = "no UTF-8" if isinstance(error, UnicodeDecodeError) else error
        raise UserError(f"{path}: not valid JSON ({why})", remedy or BUILD_AGAIN) from None


def parse_json(text: str | bytes) -> Any:
    """Parse JSON as RFC 8259 has it, without NaN and Infinity, which Python takes.

    Raises:
        ValueError: another text, a number beyond float64, or too many levels.
    """
    try:
        return json.loads(text, parse_constant=_number, parse_float=_number)
    except json.JSONDecodeError as error:
        if not text.strip():
            raise ValueError("it is empty") from None
        where = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"what is at {where} is none") from None
    except RecursionError:
        raise ValueError("too many levels") from None


def _number(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text} is no number of JSON")
    return value


def sha256_file(path: Path | str) -> str:
    """Return the SHA-256 of a file's bytes as lower-case hex."""
    check_given(Path(path))
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
