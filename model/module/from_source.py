"""A user's modules are compiled from their source each time.

Python knows a compiled file by the size and the seconds of its source: of two edits of one size in
a second, or with one date (an unpacked archive), it would run the first.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
)
from pathlib import Path

from model.module.installed import installed


class FromSource(SourceFileLoader):
    """A loader that neither reads nor writes compiled files."""

    def path_stats(self, path: str) -> Mapping[str, object]:
        """What a compiled file would be known by: nothing.

        Raises:
            OSError: always; `SourceLoader.get_code` then takes the source.
        """
        raise OSError(f"{path}: compiled files are left aside")


def from_source(folder: Path) -> None:
    """Import modules of users from their source, wherever they lie; installed packages not.

    Args:
        folder: the module's own, absolute.
    """

    def finder(place: str) -> FileFinder:
        path = Path(place).resolve()
        if installed(path) or not path.is_dir():
            raise ImportError
        extensions = (ExtensionFileLoader, EXTENSION_SUFFIXES)
        return FileFinder(place, extensions, (FromSource, SOURCE_SUFFIXES))

    sys.path_hooks.insert(0, finder)
    for place in list(sys.path_importer_cache):
        if Path(place).is_relative_to(folder) and not installed(Path(place).resolve()):
            del sys.path_importer_cache[place]
