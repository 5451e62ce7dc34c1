"""The cache, `cache_dir=` or the host's: what a command makes is restored whole, or not at all.

SCons restores one file after the other over those that are there, and removes them again when one
is missing. Where the command then fails, the last good ones (`cleaning.let_last`) would be lost.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import SCons.Action
import SCons.CacheDir


class BuildCache(SCons.CacheDir.CacheDir):  # type: ignore[misc]
    """A cache that restores a command's files together, each as new as its restoring."""

    def retrieve(self, node: Any) -> bool:
        """Restore a node's file, when all files of its command can be.

        SCons asks for a command's files in their order, and for no other after a False.
        """
        made = node.get_executor().get_all_targets()
        if node is made[0] and not self._fetch(made):
            return False
        found: bool = super().retrieve(node)
        return found

    def copy_from_cache(self, env: Any, src: str, dst: str) -> str:
        """Put a file that was fetched in its place."""
        Path(_fetched(dst)).replace(dst)
        with contextlib.suppress(OSError):
            os.utime(dst)
        return dst

    def _fetch(self, made: list[Any]) -> bool:
        """Copy a command's files beside their places; returns whether all could be."""
        if not self.is_enabled() or any(node.nocache for node in made):
            return False
        cached = {node: self.cachepath(node)[1] for node in made}
        if not all(map(os.path.exists, cached.values())):
            return False
        if not SCons.Action.execute_actions:  # -n: SCons only shows what it would restore
            return True
        places = {node: _fetched(node.get_internal_path()) for node in made}
        try:
            for node in made:
                super().copy_from_cache(node.get_build_env(), cached[node], places[node])
        except OSError:
            for place in places.values():
                Path(place).unlink(missing_ok=True)
            return False
        return True


def _fetched(path: str) -> str:
    """Where a file's copy waits; such names are removed when a killed run has left them."""
    return str(Path(path).with_name(f".tmp-{Path(path).name}"))


def generate(env: Any, **kw: Any) -> None:
    """Have what this environment builds be cached so; a host's own class stays."""
    env.SetDefault(CACHEDIR_CLASS=BuildCache)


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
