"""Hashes of files' contents, remembered for as long as a file is surely the same.

SCons takes a file with the modification time that it recorded for unchanged. Archives, image layers
and `touch -d` give other contents the same time. Here size, inode, modification and status change
time must all be as they were: nothing but the kernel sets the last one.
"""

from __future__ import annotations

import json
import os
import stat
import time
from pathlib import Path
from typing import Any

import SCons.Node.FS
import SCons.Util
from site_tools.marker import replace_text

NAME = ".nn2flash.hashes"
# A file may change again within one tick of the kernel's clock, and its times stay: 10 ms at most.
TICK_NS = 20_000_000

Seen = tuple[int, int, int, int]


def _seen(path: str) -> Seen | None:
    """What tells that a file is the same: size, inode, times in ns; None when it is no file."""
    try:
        found = os.stat(path)  # noqa: PTH116 (a thousand of them)
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def _hash(path: str) -> str:
    """The hash that SCons makes of a file's content."""
    return str(SCons.Util.hash_file_signature(path, SCons.Node.FS.File.hash_chunksize))


def content_of(path: str) -> str | None:
    """The hash of a file as it is now, read anew; None when it cannot be read."""
    try:
        return _hash(path)
    except OSError:
        return None


class Contents:
    """The hashes of one build folder.

    Args:
        path: file that keeps them between runs; one that cannot be read is as good as none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known: dict[str, tuple[Seen, str]] = {}
        self.changed = False
        self.young: set[str] = set()
        if not path.is_file():  # nothing yet, or a pipe, which would keep us waiting
            return
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            for name, (seen, digest) in stored.items():
                size, inode, modified, changed = map(int, seen)
                self.known[name] = (size, inode, modified, changed), str(digest)
        except (OSError, ValueError, TypeError, AttributeError):
            self.known = {}

    def signature(self, path: str) -> str | None:
        """The hash of a file as it is now; None when it is no file, or cannot be read."""
        seen = _seen(path)
        if seen is None:
            return None
        before = self.known.get(path)
        if before and before[0] == seen:
            return before[1]
        digest = content_of(path)
        if digest is None:
            return None
        self.known[path] = seen, digest
        self.changed = True
        if time.time_ns() < seen[3] + TICK_NS:
            self.young.add(path)
        return digest

    def use(self) -> None:
        """Have SCons ask here whenever it wants to know what is in a file."""

        def remembered(node: Any) -> str | None:
            return self.signature(node.get_abspath())

        # Where SCons decides by the modification time alone.
        SCons.Node.FS.File.get_max_drift_csig = remembered

    def save(self) -> None:
        """Keep the hashes of this run.

        Raises:
            OSError: they cannot be written.
        """
        if not self.changed:
            return
        # Hashed in the tick they were written in: they may have changed since, unseen.
        for path in self.young:
            seen, digest = self.known[path]
            settled = _seen(path) == seen and time.time_ns() >= seen[3] + TICK_NS
            if not settled or _hash(path) != digest:
                del self.known[path]
        kept = {name: entry for name, entry in self.known.items() if Path(name).exists()}
        replace_text(self.path, json.dumps(kept))
