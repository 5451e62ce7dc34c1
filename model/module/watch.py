"""What a user's code reads while it trains: only files that the build knows may decide a network.

Python tells of each file that it opens (`sys.addaudithook`, event "open"). Libraries that open
files in C, such as OpenCV's `imread`, are not seen.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from model.module.installed import installed
from model.module.users_code import is_users
from support import module_files
from support.errors import UserError
from support.files import resolved
from support.places import home

READING = {"open": 0, "import": 1, "ctypes.dlopen": 0}
"""Events of Python, and which of their arguments is the path ("import" has one of libraries)."""

_SYSTEM = ("/usr", "/lib", "/lib64", "/etc", "/proc", "/sys", "/dev")
_COMPILED = str(Path(tempfile.gettempdir()).resolve() / "torchinductor_")  # by torch.compile
_SETTINGS = (".cache", ".config")  # of libraries, in the home folder

Stamp = tuple[int, int, int]


def _stamp(path: Path) -> Stamp | None:
    """Size, modification time in ns and inode; None when it is not there."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_size, seen.st_mtime_ns, seen.st_ino


def _source_of(path: Path) -> Path:
    """What a compiled file was made of."""
    if path.suffix != ".pyc":
        return path
    try:
        return Path(importlib.util.source_from_cache(str(path)))
    except ValueError:
        return path


def _known_code(module: Path) -> list[Path]:
    """The files that the build finds by the module's import statements."""
    try:
        return [file.resolve() for file in module_files.imported(module)[0]]
    except module_files.WrongFileError:
        return []  # loading the module tells


def _line(module: Path) -> str:
    """`file:line` of the user's step that is being executed; the module where none is."""
    step: FrameType | None = sys._getframe()
    while step is not None:
        if is_users(module, step.f_code.co_filename):
            return f"{step.f_code.co_filename}:{step.f_lineno}"
        step = step.f_back
    return str(module)


class Watch:
    """Lets the module open what is declared, and remembers what that was.

    Args:
        module: the user's file.
        declared: files and folders that it may read, absolute.

    What the module imports by plain import statements from its own folder it may read, too.

    Raises:
        UserError: one of them is not there.
    """

    def __init__(self, module: Path, declared: Iterable[Path]) -> None:
        self.module = module
        self.declared = [resolved(path) for path in declared]
        for path in self.declared:
            if not path.exists():
                raise UserError(f"{module}: FILES names {path}, which is not there", "mend FILES")
        declared_files = [file for each in self.declared for file in module_files.files_below(each)]
        self._known = {module, *_known_code(module), *map(resolved, declared_files)}
        self._stamps = {path: _stamp(path) for path in sorted(self._known)}
        roots = {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), *_SYSTEM}
        roots |= {str(folder / name) for folder in filter(None, [home()]) for name in _SETTINGS}
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
        which = READING.get(event)
        if not self._on or which is None or not isinstance(arguments[which], str | os.PathLike):
            return
        path = Path(os.fspath(arguments[which]))
        flags = int(arguments[2] or 0) if event == "open" else 0
        self._on = False  # looking at it opens nothing, but asks for paths
        try:
            self._judge(resolved(path), flags)
        finally:
            self._on = True

    def _judge(self, path: Path, flags: int) -> None:
        if flags & (os.O_WRONLY | os.O_CREAT):
            self._written.add(path)
            return
        path = _source_of(path)
        if path in self._written or path in self._known or not path.is_file():
            return
        if installed(path) or str(path).startswith(_COMPILED):
            return
        if any(root in path.parents for root in self._roots):
            return
        shown = os.path.relpath(path, self.module.parent)
        shown = str(path) if shown.startswith("../..") else shown
        remedy = f'name it at the top of the module: FILES = ["{shown}"]'
        if path.suffix.lower() == ".py":
            remedy += ", or put it beside the module and import it with a plain import statement"
        self._refused = UserError(
            f"{_line(self.module)}: reads {path}, which the build does not know of",
            remedy,
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
