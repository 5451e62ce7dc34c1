"""Objects that many tests link, compiled once for a run of the tests: all its processes share them.

A folder is named by a hash of what is compiled, so tests of a copy of the tree, with a fault in it
or without, never get objects of other sources.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from support.removal import remove_temporary_folder

_VARIABLE = "NN2FLASH_TEST_OBJECTS"


def folder() -> Path:
    """Made by the process that asks first, removed at its end; its child processes inherit it."""
    if _VARIABLE not in os.environ:
        made = tempfile.mkdtemp(prefix="nn2flash-objects-")
        os.environ[_VARIABLE] = made
        atexit.register(remove_temporary_folder, Path(made))
    return Path(os.environ[_VARIABLE])


def compiled_once(
    command: Sequence[str],
    root: Path,
    files: Iterable[Path],
    compile_into: Callable[[Path], object],
) -> Path:
    """The folder of objects, made by `compile_into` unless somebody did already.

    Args:
        command: the compiler with its options.
        root: folder that holds the files; its own place changes nothing.
        files: all that the objects are made from, headers too.
        compile_into: writes objects into a folder; what it raises is raised here.
    """
    digest = hashlib.sha256("\0".join(command).encode())
    for path in sorted(files):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"\0{path.relative_to(root)}\0{content}".encode())
    finished = folder() / digest.hexdigest()[:32]
    with finished.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not finished.exists():
            begun = finished.with_suffix(".begun")
            remove_temporary_folder(begun)
            compile_into(begun)
            begun.rename(finished)
    return finished
