"""A bundle as a folder: the user's own, or a zip unpacked with care into a temporary one.

Zips come from the network and from strangers: members that climb out, links, bombs, encrypted and
oversized ones are refused, and only kinds of files that an import can use are written at all.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from support.errors import UserError

# Real bundles: up to 9,000 members and 150 MB, most of it drivers; libraries 1 MB; 90 headers.
MOST_MEMBERS = 50_000
LARGEST_MEMBER = 256 << 20
LARGEST_TOTAL = 1 << 30
# DEFLATE's own limit is 1032:1; weights and C text stay below 30:1. Small members may be odd.
STEEPEST_RATIO = 200
RATIO_FROM = 1 << 20
USEFUL = frozenset({".c", ".h", ".a", ".lib", ".json", ".txt"})
_CHUNK = 1 << 20
_REMEDY = "download the bundle again, and only from ST's own site or tools"


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Path]:
    """Yield a folder with the bundle's files; a zip's is gone when the block ends.

    Raises:
        UserError: nothing there, neither folder nor zip, or a zip that is damaged or hostile. One
            that the block raises names the zip where it would name a folder that is gone.
    """
    if path.is_dir():
        yield path
        return
    if not path.exists():
        raise UserError(
            f"bundle={path}: no such folder or file",
            "give the folder or zip that the Developer Cloud, CubeMX or stedgeai made",
        )
    if not zipfile.is_zipfile(path):
        raise UserError(
            f"bundle={path}: neither a folder nor a whole zip file",
            "download it again, or give the unpacked folder",
        )
    with tempfile.TemporaryDirectory(prefix="nn2flash-bundle-") as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                unpack(archive, Path(folder), path)
        except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError) as error:
            raise UserError(f"bundle={path}: damaged zip ({error})", "download it again") from None
        try:
            yield Path(folder)
        except UserError as error:
            raise UserError(
                error.message.replace(folder, str(path)), error.remedy.replace(folder, str(path))
            ) from None


def unpack(archive: zipfile.ZipFile, folder: Path, origin: Path) -> None:
    """Write the useful members below `folder`.

    Raises:
        UserError: a member that no honest bundle has, named with the reason.
    """
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise UserError(f"bundle={origin}: {len(members):,} members in the zip", _REMEDY)
    total = 0
    written: set[str] = set()
    for member in members:
        name = _checked_name(member, origin)
        if member.is_dir() or name.suffix.lower() not in USEFUL:
            continue
        # Two names that some file systems take for one.
        if str(name).lower() in written:
            raise UserError(f"bundle={origin}: '{name}' is in the zip twice", _REMEDY)
        written.add(str(name).lower())
        total += member.file_size
        if member.file_size > LARGEST_MEMBER or total > LARGEST_TOTAL:
            raise UserError(f"bundle={origin}: '{name}' is too large to unpack", _REMEDY)
        if member.file_size > RATIO_FROM and (
            member.file_size > STEEPEST_RATIO * max(1, member.compress_size)
        ):
            raise UserError(f"bundle={origin}: '{name}' unpacks to a suspicious size", _REMEDY)
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(archive, member, target, origin)


def _checked_name(member: zipfile.ZipInfo, origin: Path) -> PurePosixPath:
    """The member's path below the folder it is unpacked to."""
    text = member.filename.replace("\\", "/")
    name = PurePosixPath(text)
    if name.is_absolute() or ".." in name.parts or re.match(r"[A-Za-z]:", text):
        raise UserError(f"bundle={origin}: '{member.filename}' climbs out of the zip", _REMEDY)
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UserError(f"bundle={origin}: '{member.filename}' is a link or a device", _REMEDY)
    if member.flag_bits & 0x1:
        raise UserError(f"bundle={origin}: '{member.filename}' is encrypted", _REMEDY)
    return name


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, origin: Path) -> None:
    """Copy one member, believing the bytes that come and not the size it declares."""
    left = member.file_size
    with target.open("wb") as out:
        for chunk in _chunks(archive, member):
            left -= len(chunk)
            if left < 0:
                raise UserError(
                    f"bundle={origin}: '{member.filename}' is larger than it says", _REMEDY
                )
            out.write(chunk)


def _chunks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The member's bytes.

    Raises:
        zipfile.BadZipFile: damaged, also where zipfile only finds a seek to be impossible.
    """
    try:
        with archive.open(member) as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise zipfile.BadZipFile(str(error)) from None


def files(folder: Path) -> Iterator[Path]:
    """All regular files below a folder, sorted; folders that are links are not entered.

    Raises:
        UserError: far more files than a bundle has.
    """
    found = 0
    for top, names, entries in os.walk(folder):
        names[:] = sorted(name for name in names if name not in (".git", "node_modules"))
        for name in sorted(entries):
            path = Path(top, name)
            found += 1
            if found > MOST_MEMBERS:
                raise UserError(
                    f"bundle={folder}: more than {MOST_MEMBERS:,} files",
                    "give the project's folder",
                )
            if path.is_file():
                yield path
