"""What the build removes: built files that are not as recorded, what failed, and with -c all.

Nothing is removed but by the rule of `support/removal.py`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import SCons.Node.FS
import SCons.Util
from SCons.Script import GetBuildFailures, NoClean
from site_tools.contents import Contents
from site_tools.irregular import refuse_irregular
from site_tools.marker import Marker
from site_tools.standalone import standalone

removal = standalone("removal")
system_errors = standalone("system_errors")


def targets(folder: Any) -> Iterator[Any]:
    """Nodes of all files that the graph makes below a folder's node."""
    for name, node in list(folder.entries.items()):
        if name in (".", ".."):
            continue
        if hasattr(node, "entries"):
            yield from targets(node)
        elif node.has_builder() or node.side_effect:
            yield node


def name_of(marker: Marker, node: Any) -> str:
    """A node's name in the record."""
    return os.path.relpath(node.abspath, marker.folder)


def let_last(env: Any, made: Sequence[Any]) -> None:
    """Have files stay until their command has made new ones, which takes long and may fail.

    SCons would remove them before it starts. They are as good as what the record says of them: it
    still names the sources that they were made of, so that the next run makes them again.

    Not with -i: SCons then takes a failed command for a good one, records what lies there as made
    of today's sources, and builds and caches on.
    """
    if env.GetOption("ignore_errors"):
        return
    env.Precious(made)
    for node in made:
        node.attributes.lasting = True


def lasts(node: Any) -> bool:
    """Whether a file stays until its command has made a new one."""
    return bool(getattr(getattr(node, "attributes", None), "lasting", False))


def stamps(nodes: Sequence[Any]) -> dict[Any, tuple[int, int] | None]:
    """By those files that last: inode and modification time in ns; None where there is none.

    A command that makes such a file anew replaces it.
    """
    found: dict[Any, tuple[int, int] | None] = {}
    for node in filter(lasts, nodes):
        try:
            seen = Path(node.abspath).stat()
        except OSError:
            found[node] = None
        else:
            found[node] = seen.st_ino, seen.st_mtime_ns
    return found


def is_kept(node: Any) -> bool:
    """Whether a file stays whatever the record says of it (`Precious`): a data set, a history."""
    return bool(getattr(node, "precious", False)) and not lasts(node)


def changed_source(node: Any) -> str:
    """The path of a source of a file's command that is not as SCons saw it before; "" for none.

    What is recorded is what SCons saw: with the edit taken back, the file would pass for its own.
    """
    for source in node.all_children():
        if isinstance(source, SCons.Node.FS.File) and not source.is_derived():
            seen = getattr(source.get_ninfo(), "csig", None)
            if seen and (not source.rexists() or _content(source) != seen):
                return str(source.abspath)
    return ""


def _content(node: Any) -> str:
    """The hash of a file as it is now, as SCons makes it."""
    return str(SCons.Util.hash_file_signature(node.abspath, SCons.Node.FS.File.hash_chunksize))


def _recorded(node: Any) -> str | None:
    """The hash of a file as SCons made it; None when it has made none."""
    return getattr(node.get_stored_info().ninfo, "csig", None)


def forget(marker: Marker, contents: Contents, folder: Any) -> None:
    """Remove built files that are not what SCons recorded, and temporary ones left behind.

    SCons never looks whether a built file is still the one that it made. A killed run leaves new
    files beside the old record; people edit built files, or put others in their place.

    Raises:
        SCons.Errors.UserError: a pipe or the like lies in a built file's place.
    """
    wrong = []
    for node in targets(folder):
        refuse_irregular(Path(node.abspath), node.abspath)
        if is_kept(node) or node.always_build:
            continue
        found, recorded = contents.signature(node.abspath), _recorded(node)
        if found and recorded and found != recorded:
            wrong.append(name_of(marker, node))
    for name in {name.rpartition("/")[0] for name in marker.made}:
        place = marker.folder / name
        if place.is_dir():
            left = (entry for entry in os.scandir(place) if entry.name.startswith(".tmp-"))
            wrong += [os.path.relpath(entry.path, marker.folder) for entry in left]
    removal.remove(marker.folder, wrong, marker.made)


def remove_failed(marker: Marker, contents: Contents) -> None:
    """Remove what failed commands make, except what is kept on purpose.

    Such a command may have written before it failed, and the record still describes what was there:
    what lasts is removed only where it is not that.
    """
    failed = []
    for failure in GetBuildFailures():
        executor = getattr(failure.node, "get_executor", lambda: None)()
        made = executor.get_all_targets() if executor else ()
        gone = [n for n in made if n.has_builder() and not is_kept(n)]
        gone = [n for n in gone if not n.precious or contents.signature(n.abspath) != _recorded(n)]
        failed += [name_of(marker, n) for n in gone]
    removal.remove(marker.folder, failed, marker.made)


def remove_failed_in_host(folder: Path, made: Sequence[Any]) -> None:
    """Remove what a failed command of a host's build made: SCons would leave it.

    The host's record still describes what was there before, and what the command wrote would pass
    for that as soon as an edit is taken back. What lasts is removed only where it is not that.

    Args:
        folder: the network's, which the host gave as `variant_dir`.
        made: nodes of the files that the command makes.
    """
    gone = [n for n in made if n.has_builder() and not is_kept(n) and Path(n.abspath).is_file()]
    gone = [n for n in gone if not n.precious or _content(n) != _recorded(n)]
    names = [os.path.relpath(n.abspath, folder) for n in gone]
    removal.remove(folder, names, names)


def confine_clean(marker: Marker, folder: Any) -> None:
    """Have `scons -c TARGET` keep what the record does not say was made."""
    for node in targets(folder):
        if not removal.removable(marker.folder, name_of(marker, node), marker.made):
            NoClean(node)


def clean_all(marker: Marker, shown: str, *, remove: bool) -> None:
    """Remove all that was ever made here, for all boards and names; the data set stays.

    Args:
        shown: the build folder as it is shown.
        remove: False only shows.
    """
    names = sorted(n for n in marker.made if removal.removable(marker.folder, n, marker.made))
    for name in names:
        try:
            if remove:
                removal.remove(marker.folder, [name], marker.made)
        except OSError as error:
            sys.stderr.write(f"scons: error: {system_errors.line(error, f'{shown}/{name}')}\n")
        else:
            sys.stdout.write(f"Removed {shown}/{name}\n")
    sys.stdout.flush()
