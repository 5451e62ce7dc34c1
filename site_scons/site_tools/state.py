"""What SCons remembers between runs, and why it may be trusted. For the top level only.

SCons records what it built when a run ends, and never looks whether a built file is still the one
it recorded. A run that was killed leaves new files beside the old record; if the edit that made
them is then taken back, the record fits again and the file would pass as up to date. So a built
file that is newer than the record was not written by a run that ended: `forget` removes it, and it
is made again. The same catches built files that were edited by hand.

A command that fails or is interrupted may have written before: the record, written when its run
ends, is newer and still describes what was there. So what such a command makes is removed.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from pathlib import Path
from typing import Any

import SCons.CacheDir
import SCons.dblite
import SCons.Errors
from SCons.Script import (
    COMMAND_LINE_TARGETS,
    CacheDir,
    GetBuildFailures,
    GetOption,
    SConsignFile,
    SetOption,
)

RECORD = ".sconsign"
TEMPORARY = ".tmp-"  # support/files.py


class FreshCacheDir(SCons.CacheDir.CacheDir):  # type: ignore[misc]
    """A cache whose restored files are as new as their restoring, so that `forget` sees them."""

    @classmethod
    def copy_from_cache(cls, env: Any, src: str, dst: str) -> str:
        """Restore one file."""
        result: str = super().copy_from_cache(env, src, dst)
        with contextlib.suppress(OSError):
            os.utime(dst)
        return result


class Database:
    """The record in SCons' own format; a full disk gets one line."""

    @staticmethod
    def open(path: str, *how: Any) -> Any:
        """Open the record; what is written goes to `<path>.tmp` first."""
        database = SCons.dblite.open(path, *how)
        sync = database.sync

        def write() -> None:
            try:
                sync()
            except OSError as error:
                database._needs_sync = False  # or it tries once more when Python ends
                with contextlib.suppress(OSError):
                    Path(f"{path}.tmp").unlink()
                words = f"cannot write {path}: {error.strerror}: mend that and run scons again"
                sys.stderr.write(f"scons: error: {words}\n")
                sys.exit(2)

        database.sync = write
        return database


def state(env: Any, build_dir: str, cache_dir: str) -> None:
    """Keep the record in the build folder, use all cores, and the cache if there is one.

    Raises:
        SCons.Errors.UserError: a folder cannot be made or written to.
    """
    root = Path(env.Dir("#").abspath)
    folder = Path(os.path.abspath(root / build_dir))  # noqa: PTH100 (links stay)
    if folder == root or folder in root.parents:
        raise SCons.Errors.UserError(f"build_dir={build_dir}: give a folder of its own")
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SCons.Errors.UserError(f"cannot write to {folder}: choose another with build_dir=")
    env["RECORD"] = f"{folder / RECORD}.dblite"
    SConsignFile(str(folder / RECORD), Database)
    atexit.register(remove_failed)
    SetOption("num_jobs", len(os.sched_getaffinity(0)))
    # A file that did not change for a second, by its time stamp, is not read again to hash it.
    SetOption("max_drift", 1)
    # The end of the output belongs to the last command, such as pytest's summary.
    SetOption("no_progress", True)
    if cache_dir:
        cache = str(Path(env.GetLaunchDir(), cache_dir))
        try:
            CacheDir(cache, FreshCacheDir)
        except (OSError, SCons.Errors.SConsEnvironmentError):
            message = f"cannot write to {cache}: choose another with cache_dir="
            raise SCons.Errors.UserError(message) from None


def remove_failed() -> None:
    """Remove what failed commands make, except what is kept on purpose (`Precious`)."""
    for failure in GetBuildFailures():
        executor = getattr(failure.node, "get_executor", lambda: None)()
        for made in executor.get_all_targets() if executor else ():
            if not made.precious:
                with contextlib.suppress(OSError):
                    Path(made.abspath).unlink()


def forget(env: Any, build_dir: str) -> None:
    """Remove built files that are newer than the record."""
    record = Path(env["RECORD"])
    if GetOption("no_exec") or not record.is_file():
        return
    recorded = record.stat().st_mtime_ns
    for folder, _, names in os.walk(env.Dir(build_dir).abspath):
        for name in names:
            path = Path(folder, name)
            with contextlib.suppress(FileNotFoundError):
                newer = path.lstat().st_mtime_ns > recorded
                if name.startswith(TEMPORARY) or (newer and env.File(str(path)).has_builder()):
                    path.unlink()


def clean_up(env: Any, build_dir: str, made_for: Any) -> None:
    """With -c alone, remove all folders of all boards and names, not only those of this run.

    The data set stays: it was fetched, not built.
    """
    if not GetOption("clean") or COMMAND_LINE_TARGETS:
        return
    known = {"model", "network", "app", "compile_commands.json", *env.Boards()}
    for path in sorted(Path(env.Dir(build_dir).abspath).iterdir()):
        if path.name.partition("-")[0] in known:
            env.Clean(made_for, env.Dir(str(path)) if path.is_dir() else env.File(str(path)))


def generate(env: Any, **kw: Any) -> None:
    """Add `env.State`, `env.Forget` and `env.CleanUp`."""
    env.AddMethod(clean_up, "CleanUp")
    env.AddMethod(state, "State")
    env.AddMethod(forget, "Forget")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
