"""Finished downloads, kept for the next build: nothing is asked for twice."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from support import places
from support.errors import UserError
from support.files import atomic_path, read_json, sha256_file, write_json


def cache_folder() -> Path:
    """Where downloads are kept.

    Raises:
        UserError: there is no home.
    """
    folder = places.cache_folder()
    if folder is None:
        raise UserError("no home folder to keep downloads in", "set XDG_CACHE_HOME to a folder")
    return folder / "st-cloud"


def key_of(request: Any) -> str:
    """SHA-256 of a request as canonical JSON."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def fetch(key: str, target: Path) -> dict[str, Any] | None:
    """Copy a cached download; returns its record, or None when there is none that is whole."""
    path = cache_folder() / f"{key}.zip"
    record_path = path.with_suffix(".json")
    try:
        record: dict[str, Any] = read_json(record_path)
        if sha256_file(path) != record["sha256"]:
            return None
    except (OSError, UserError, KeyError, TypeError):
        return None
    _copy(path, target)
    return record


def keep(key: str, source: Path, record: dict[str, Any]) -> None:
    """Keep a download with its record, whose "sha256" is that of the file."""
    path = cache_folder() / f"{key}.zip"
    _copy(source, path)
    write_json(path.with_suffix(".json"), record)


def _copy(source: Path, target: Path) -> None:
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)
