"""What SCons remembers between runs, and why it may be trusted. For the top level only.

The build folder has a marker that says which files were made there (marker.py), a lock for one
build at a time (folder_lock.py), SCons' own record, and hashes of contents (contents.py). Content
decides: what is given and what was built is what its hash says, whatever its time stamp.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import shlex
import sys
from pathlib import Path
from typing import Any

import SCons.Action
import SCons.dblite
import SCons.Errors
from SCons.Script import (
    COMMAND_LINE_TARGETS,
    CacheDir,
    Exit,
    GetBuildFailures,
    GetOption,
    SConsignFile,
    SetOption,
)
from site_tools import cleaning, folder_lock, runs
from site_tools.contents import NAME as HASHES
from site_tools.contents import Contents
from site_tools.marker import Marker, check_place
from site_tools.standalone import standalone

system_errors = standalone("system_errors")

RECORD = ".sconsign"


def stop(path: object, error: OSError) -> None:
    """End the run with one line: a file of the build folder cannot be written."""
    words = system_errors.line(error, f"cannot write {path}")
    sys.stderr.write(f"scons: error: {words}, then run scons again\n")


def _tell_remedies() -> None:
    """Say what to do where SCons itself, which told the reason, could not read or write a file."""
    failures = (failure.exc_info for failure in GetBuildFailures())
    errors = [info[1] for info in failures if info and isinstance(info[1], OSError)]
    for remedy in dict.fromkeys(map(system_errors.remedy, errors)):
        sys.stderr.write(f"  remedy: {remedy}\n")


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
                stop(error.filename or path, error)
                sys.exit(2)

        database.sync = write
        return database


class NoRecord:
    """For runs that only show something: nothing is known, and nothing is kept."""

    @staticmethod
    def open(path: str, *how: Any) -> dict[str, bytes]:
        """Open nothing."""
        return {}


class State:
    """What is known of the build folder during one run.

    Args:
        folder: absolute path.
        given: as the user named it.
        top: the project's folder.
    """

    def __init__(self, folder: Path, given: str, top: Path) -> None:
        self.folder, self.given, self.top = folder, given, top
        self.marker = Marker(folder, top)
        self.contents = Contents(folder / HASHES)
        self.runs = runs.Runs(folder)
        self.also: list[Any] = []
        # Help, -n and --question change nothing, so they may look on while another one builds.
        self.writes = not (GetOption("help") or GetOption("no_exec") or GetOption("question"))

    def claim(self) -> int | None:
        """Lock the folder and see that it is ours; returns the lock's file.

        Raises:
            SCons.Errors.UserError: it is not, or cannot be made or written to.
        """
        if GetOption("help"):
            return None
        check_place(self.folder, self.top, self.given)
        held = None
        if self.writes:
            with contextlib.suppress(OSError):
                self.folder.mkdir(parents=True, exist_ok=True)
        if self.folder.is_dir():
            self.marker.read(self.given)
        if self.writes:
            if not self.folder.is_dir() or not os.access(self.folder, os.W_OK | os.X_OK):
                raise SCons.Errors.UserError(
                    f"cannot write to {self.folder}: choose another with build_dir="
                )
            try:
                held = folder_lock.acquire(self.folder)
            except OSError as error:
                reason = f"{self.folder / folder_lock.NAME}: {error.strerror}: remove it"
                raise SCons.Errors.UserError(reason) from None
            # Another build may have ended just now.
            self.marker.read(self.given)
        self._check_record(Path(f"{self.folder / RECORD}.dblite"))
        self.contents = Contents(self.folder / HASHES)
        self.contents.use()
        return held

    def _check_record(self, record: Path) -> None:
        """See that SCons can read its record; one that is damaged is begun anew.

        SCons itself meets these while it looks at a source, and blames that.

        Raises:
            SCons.Errors.UserError: it is no file that can be read.
        """
        for path in (record, record.with_name(f"{record.name}.tmp")):
            if path.is_symlink() or (path.exists() and not path.is_file()):
                raise SCons.Errors.UserError(f"{path} is not a file: remove it")
        try:
            content = record.read_bytes()
            if content and not isinstance(pickle.loads(content), dict):
                raise ValueError
        except FileNotFoundError:
            return
        except OSError as error:
            raise SCons.Errors.UserError(f"{record}: {error.strerror}: remove it") from None
        except Exception:
            sys.stderr.write(f"scons: {record} is damaged: everything is built again\n")
            if self.writes:
                record.unlink()

    def begin(self, folder: Any) -> None:
        """The graph is read: write down what it makes, and remove what is not as it was made.

        Args:
            folder: the build folder's node.

        Raises:
            SCons.Errors.UserError: the marker cannot be written.
        """
        if GetOption("clean"):
            cleaning.confine_clean(self.marker, folder)
            if not COMMAND_LINE_TARGETS:
                cleaning.clean_all(self.marker, self.given.rstrip("/"), remove=self.writes)
                if self.writes:
                    self.marker.write(n for n in self.marker.made if (self.folder / n).exists())
                Exit(0)
            return
        if not self.writes:
            return
        made = {
            cleaning.name_of(self.marker, node)
            for node in cleaning.targets(folder)
            if not node.noclean
        }
        try:
            self.marker.write(self.marker.made | made)
        except OSError as error:
            raise SCons.Errors.UserError(system_errors.line(error, self.marker.path)) from None
        cleaning.forget(self.marker, self.contents, folder)

    def end(self) -> None:
        """The build has ended: tidy up, let others build, and run what was asked for."""
        if not self.writes:
            return
        _tell_remedies()
        cleaning.remove_failed(self.marker, self.contents)
        try:
            self.marker.write(self.marker.made | self._also_made())
            self.contents.save()
        except OSError as error:
            stop(error.filename or self.folder, error)
            runs.end(2)
        if not self.runs.waiting or GetBuildFailures():
            folder_lock.release()
            return
        with runs.private_folder() as private:
            try:
                self.runs.copy(private)
            except OSError as error:
                stop(error.filename or private, error)
                status = 2
            else:
                folder_lock.release()
                status = self.runs.run()
        runs.end(status)

    def _also_made(self) -> set[str]:
        """What commands left that the graph cannot name: files, or all in folders of their own."""
        found = set()
        for node in self.also:
            place = Path(node.abspath)
            paths = [place] if place.is_file() else place.rglob("*")
            found |= {p.relative_to(self.folder).as_posix() for p in paths if p.is_file()}
        return found


def use_state(env: Any, build_dir: str, cache_dir: str) -> None:
    """Keep the record in the build folder, use all cores, and the cache if there is one.

    Raises:
        SCons.Errors.UserError: a folder cannot be made or written to, or is not this build's.
    """
    # Shown lines, those of compile_commands.json too, are as a shell would take them.
    SCons.Action._string_from_cmd_list = lambda words: shlex.join(map(str, words))
    root = Path(env.Dir("#").abspath)
    folder = Path(os.path.abspath(root / build_dir))  # noqa: PTH100 (links stay)
    state = State(folder, build_dir, root)
    held = state.claim()
    env["HELD"] = () if held is None else (held,)
    env["APART"] = state.runs.add
    env.AddMethod(lambda env, *nodes: state.also.extend(nodes), "AlsoMade")
    env.AddMethod(lambda env, path: state.contents.signature(path), "ContentOf")
    env.AddMethod(lambda env: state.begin(env.Dir(build_dir)), "Begin")
    if state.writes or folder.is_dir():
        SConsignFile(str(folder / RECORD), Database)
    else:  # SCons would make the folder
        SConsignFile(str(root / RECORD), NoRecord)
    atexit.register(state.end)
    SetOption("num_jobs", len(os.sched_getaffinity(0)))
    # The end of the output belongs to the last command, such as pytest's summary.
    SetOption("no_progress", True)
    if cache_dir:
        cache = str(Path(env.GetLaunchDir(), cache_dir))
        try:
            CacheDir(cache)
        except (OSError, SCons.Errors.SConsEnvironmentError):
            message = f"cannot write to {cache}: choose another with cache_dir="
            raise SCons.Errors.UserError(message) from None


def generate(env: Any, **kw: Any) -> None:
    """Add `env.State`, which adds `env.Begin`, `env.AlsoMade` and `env.ContentOf`."""
    env.AddMethod(use_state, "State")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
