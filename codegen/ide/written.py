"""Writing beside a user's own files: what is not ours, or was edited since, stays as it is.

The formats have no place for a mark of ours (JSON has no comments, and Eclipse wants its own first
node), and a mark would survive edits. So a record beside the files holds the hash of each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from support.errors import UserError
from support.files import read_json, write_json, write_text

RECORD = ".nn2flash-ide.json"


def write_generated(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Write files below `folder`, all or none; returns the names of those that changed.

    Raises:
        UserError: naming every file that is there and is not what this function wrote last.
    """
    record = _read_record(folder / RECORD)
    changed = [name for name, text in files.items() if _content(folder / name) != text.encode()]
    foreign = [name for name in changed if not _is_ours(folder / name, record.get(name))]
    if foreign:
        names = ", ".join(str(folder / name) for name in foreign)
        raise UserError(
            f"{names}: edited since, or not written by `scons ide`; nothing was written",
            "move or delete it, or write elsewhere with ide_dir=FOLDER",
        )
    for name in changed:
        write_text(folder / name, files[name])
    record |= {name: _hash(text.encode()) for name, text in files.items()}
    write_json(folder / RECORD, record)
    return changed


def _read_record(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    content = read_json(path)
    if not isinstance(content, dict):
        raise UserError(f"{path}: no record of written files", "delete it")
    return content


def _is_ours(path: Path, recorded: str | None) -> bool:
    """Whether the file may be replaced: nothing is there, or what was written last."""
    if not path.exists() and not path.is_symlink():
        return True
    content = None if path.is_symlink() else _content(path)
    return content is not None and recorded == _hash(content)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
