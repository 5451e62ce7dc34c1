"""What runs when the build has ended: an emulator, a debugger, a page, the tests.

The build has written its record and released the folder by then, so that others can build while the
page is open. What runs has its own copies of the files that it was given.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from site_tools.parent import ends_with_parent
from site_tools.standalone import standalone

removal = standalone("removal")
system_errors = standalone("system_errors")


@dataclass
class Run:
    """One program to run.

    Attributes:
        words: the program and its arguments.
        read: paths among them of files that it reads.
        surroundings: its environment.
    """

    words: list[str]
    read: list[str]
    surroundings: Mapping[str, str]


class Runs:
    """The programs of this call of SCons, in their order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.waiting: list[Run] = []

    def add(self, words: Sequence[str], read: Sequence[str], env: Mapping[str, str]) -> None:
        """Leave a program to the end."""
        self.waiting.append(Run(list(words), list(read), dict(env)))

    def copy(self, private: Path) -> None:
        """Give each program copies of the built files that it reads.

        Args:
            private: an empty folder.

        Raises:
            OSError: the disk is full.
        """
        for number, run in enumerate(self.waiting):
            own = {}
            for read in run.read:
                path = Path(read).absolute()
                if path.is_file() and path.is_relative_to(self.folder):
                    copy = private / str(number) / path.relative_to(self.folder)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(path, copy)  # with its mode: the host runs it
                    own[read] = str(copy)
            run.words = [_with_copy(word, own) for word in run.words]
            # `support.errors` tells of the files that the user knows.
            folders = {"NN2FLASH_COPIES": str(private / str(number))}
            folders["NN2FLASH_COPIES_OF"] = str(self.folder)
            run.surroundings = {**run.surroundings, **folders}

    def run(self) -> int:
        """Run them one after the other; the first status that is not 0 ends it."""
        for run in self.waiting:
            if status := _run(run):
                return status
        return 0


def _with_copy(word: str, own: Mapping[str, str]) -> str:
    """A word of a command line, PATH or KEY=PATH, with the copy's path."""
    key, equals, value = word.partition("=")
    if equals and value in own:
        return f"{key}={own[value]}"
    return own.get(word, word)


def _run(run: Run) -> int:
    """Run a program that ends with us, even when we are killed.

    The terminal's signals are its own business, a call to end is passed on.
    """
    try:
        process = subprocess.Popen(
            run.words,
            env=dict(run.surroundings),
            preexec_fn=ends_with_parent(),  # noqa: PLW1509 - no other thread holds a lock
        )
    except OSError as error:
        sys.stderr.write(f"scons: error: {system_errors.line(error, run.words[0])}\n")
        return 127
    signal.signal(signal.SIGINT, lambda *_: None)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: process.send_signal(number))
    status = process.wait()
    return status if status >= 0 else 128 - status


PRIVATE = "nn2flash-run-"
IN_USE = ".in-use"


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for this process alone, removed at its end; what killed ones left goes, too."""
    _remove_left()
    with tempfile.TemporaryDirectory(prefix=PRIVATE, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        beginning = folder / f"{IN_USE}.new"
        with beginning.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            beginning.rename(folder / IN_USE)  # locked before others can find it
            yield folder


def _remove_left() -> None:
    """Remove this user's private folders whose process has ended: a kill left them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PRIVATE}*"):
        with contextlib.suppress(OSError):
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
                continue
            flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            handle = os.open(folder / IN_USE, flags)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                removal.remove_temporary_folder(folder)
            finally:
                os.close(handle)


def end(status: int) -> None:
    """End this process with a status, from where Python's own exit status is settled already."""
    sys.stdout.flush()
    sys.stderr.flush()
    if status:
        os._exit(status)
