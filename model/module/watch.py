"""What a user's code reads while it trains: only files that the build knows may decide a network.

Python tells of each file that it opens (`sys.addaudithook`, event "open"). Libraries that open
files in C, such as OpenCV's `imread`, are not seen.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from support.errors import UserError

CODE = {".py", ".pyc", ".so", ".pyd", ".pth"}
"""What imports read; SCons finds modules by their import statements."""

_SYSTEM = ("/usr", "/lib", "/lib64", "/etc", "/proc", "/sys", "/dev")
_SETTINGS = (".cache", ".config")  # of libraries, in the home folder

Stamp = tuple[int, int, int]


def _stamp(path: Path) -> Stamp | None:
    """Size, modification time in ns and inode; None when it is not there."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_size, seen.st_mtime_ns, seen.st_ino


def _below(path: Path) -> list[Path]:
    """A file, or all files of a folder."""
    return sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]


class Watch:
    """Lets the module open what is declared, and remembers what that was.

    Args:
        module: the user's file.
        declared: files and folders that it may read, absolute.

    Raises:
        UserError: one of them is not there.
    """

    def __init__(self, module: Path, declared: Iterable[Path]) -> None:
        self.module = module
        self.declared = [path.resolve() for path in declared]
        for path in self.declared:
            if not path.exists():
                raise UserError(f"{module}: FILES names {path}, which is not there", "mend FILES")
        found = [path for each in self.declared for path in _below(each)]
        self._stamps = {path: _stamp(path) for path in [module, *found]}
        roots = {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), *_SYSTEM}
        roots |= {str(Path.home() / name) for name in _SETTINGS}
        roots.add(str(Path(__file__).resolve().parents[2]))
        # A checkout in which the module lies is no reason to let it read all of it.
        own = self.module.parent.resolve()
        self._roots = [Path(root).resolve() for root in roots]
        self._roots = [root for root in self._roots if root not in (own, *own.parents)]
        self._written: set[Path] = set()
        self._refused: UserError | None = None
        self._on = False
        sys.addaudithook(self._opened)

    def __enter__(self) -> Watch:
        self._on = True
        return self

    def __exit__(self, *_: object) -> None:
        self._on = False

    def _opened(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Refuse a file that is read and not declared."""
        if not self._on or event != "open" or not isinstance(arguments[0], str | os.PathLike):
            return
        path, flags = Path(os.fspath(arguments[0])), int(arguments[2] or 0)
        self._on = False  # looking at it opens nothing, but asks for paths
        try:
            self._judge(path.resolve(), flags)
        finally:
            self._on = True

    def _judge(self, path: Path, flags: int) -> None:
        if flags & (os.O_WRONLY | os.O_CREAT):
            self._written.add(path)
            return
        if path in self._written or path.suffix in CODE or not path.is_file():
            return
        if any(known == path or known in path.parents for known in self.declared):
            return
        if path == self.module or any(root in path.parents for root in self._roots):
            return
        shown = os.path.relpath(path, self.module.parent)
        shown = str(path) if shown.startswith("../..") else shown
        self._refused = UserError(
            f"{self.module}: reads {path}, which the build does not know of",
            f'name it at the top of the module: FILES = ["{shown}"]',
        )
        raise self._refused

    def check(self) -> None:
        """Look again, after training.

        Raises:
            UserError: a file was read that is not declared (the module may have caught that), or
                one has changed since the start.
        """
        if self._refused:
            raise self._refused
        for path, before in self._stamps.items():
            if _stamp(path) != before:
                raise UserError(
                    f"{path}: has changed while the network was trained on it", "build again"
                )
