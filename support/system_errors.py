"""What the operating system refuses, in one form: what it is about, why, and what to do about it.

The standard library alone is used here: reading the build uses it, too.
"""

from __future__ import annotations

import errno
import tempfile

_ACCESS = "give this user access to it (ls -ld tells who has it), or give another"
_OTHER_DISK = "give a place on another disk"
_SPACE = f"free space there (df -h tells how much there is), or {_OTHER_DISK}"
_TMPDIR = "set TMPDIR to a folder on another disk"
_USED_UP = "end other programs: this computer's memory or processes are used up"
_FAILS = "copy it to another disk and give that one: dmesg tells what fails here"
_OTHER_SIDE = "see that the program or computer at the other end runs, and try again"
_OTHERWISE = "see that it is there and can be used (ls -ld tells), and try again"

# Names of errors, as errno has them; not every system knows all → remedy.
_BY_NAMES = {
    "EACCES EPERM": _ACCESS,
    "EROFS": f"{_OTHER_DISK}: this one may only be read",
    "ENOSPC EDQUOT": _SPACE,
    "EFBIG": f"allow larger files (ulimit -f unlimited), or {_OTHER_DISK}",
    "ENAMETOOLONG": "give a shorter name or path",
    "ENOENT": "see whether its path is right (ls tells what there is)",
    "ENOTDIR": "give another path: what should be a folder in this one is a file",
    "EISDIR": "move that folder away, or give a file",
    "EEXIST ENOTEMPTY": "move away what is there, or give another place",
    "ELOOP": "give the file itself: these links lead to one another",
    "EMFILE ENFILE": "end other programs, or allow more open files (ulimit -n 4096)",
    "ENOMEM EAGAIN": _USED_UP,
    "EBUSY ETXTBSY": "end the program that has it open",
    "EIO ESTALE ENXIO ENODEV": _FAILS,
    "ENOEXEC": "install or build it again: it is no program for this computer",
    "EADDRINUSE": "give another port, or end the program that has this one",
    "ECONNREFUSED ECONNRESET ECONNABORTED EHOSTUNREACH ENETUNREACH ETIMEDOUT": _OTHER_SIDE,
}
_REMEDIES = {
    getattr(errno, name): remedy
    for names, remedy in _BY_NAMES.items()
    for name in names.split()
    if hasattr(errno, name)
}
# Errors of writing, which names no file. What commands make names itself (`files.atomic_path`), and
# the streams do (`plain.PlainStream`): the rest lies in the folder for temporary files.
WRITING = tuple(
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EIO", "EROFS")
    if hasattr(errno, name)
)


def nameless(error: OSError) -> bool:
    """Whether it is one of `WRITING` that does not know the file."""
    return error.errno in WRITING and error.filename is None


def message(error: OSError, name: object = None) -> str:
    """What it is about and why: `PATH: Permission denied`.

    Args:
        name: what it is about, where the error does not know it or has another name for it.
    """
    what = name or error.filename2 or error.filename
    if not what and nameless(error):
        what = tempfile.gettempdir()
    if isinstance(what, bytes):
        what = what.decode(errors="surrogateescape")
    reason = error.strerror or error
    return f"{what}: {reason}" if what else f"{reason}"


def remedy(error: OSError, temporary: bool = False) -> str:
    """What to do about it.

    Args:
        temporary: it is about the folder for temporary files, which no option gives.
    """
    if error.filename is None and "temporary" in (error.strerror or ""):  # no folder for such files
        return "set TMPDIR to a folder that this user may write to"
    found = _REMEDIES.get(error.errno or 0, _OTHERWISE)
    return found.replace(_OTHER_DISK, _TMPDIR) if temporary else found


def line(error: OSError, name: object = None) -> str:
    """`message` and `remedy` as one line, as SCons tells of mistakes."""
    told = remedy(error, temporary=name is None and nameless(error))
    return f"{message(error, name)}: {told}"
