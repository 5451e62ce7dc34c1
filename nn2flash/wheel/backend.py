"""The build backend of pyproject.toml: `pip install .`, `pip wheel .`, source archives.

The hooks of PEP 517 by the standard library alone: nothing is fetched to build, and two builds give
the same bytes. Formats: https://packaging.python.org/en/latest/specifications/ (binary distribution
format, core metadata, source distribution format, entry points).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from gzip import GzipFile
from pathlib import Path
from typing import Any

from nn2flash.wheel import sbom
from nn2flash.wheel.contents import ROOT, project, source_files, wheel_files
from support.errors import UserError
from support.files import write_bytes

TAG = "py3-none-any"
LOCKED = "requirements/locked/core.txt"
# The oldest time that a zip file can tell.
TIME = (1980, 1, 1, 0, 0, 0)


def build_wheel(
    wheel_directory: str,
    config_settings: Mapping[str, Any] | None = None,
    metadata_directory: str | None = None,
) -> str:
    """Write the wheel; returns its file name."""
    del config_settings, metadata_directory
    facts = project()
    files = {**wheel_files(), **_about(facts)}
    record = f"{_name(facts)}.dist-info/RECORD"
    files[record] = _record(files, record)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, TIME)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return _written(wheel_directory, f"{_name(facts)}-{TAG}.whl", packed.getvalue())


def build_sdist(sdist_directory: str, config_settings: Mapping[str, Any] | None = None) -> str:
    """Write the source archive; returns its file name."""
    del config_settings
    facts = project()
    contents = {str(path.relative_to(ROOT)): path for path in source_files()}
    contents.pop("PKG-INFO", None)
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        _add(archive, f"{_name(facts)}/PKG-INFO", _metadata(facts), 0o644)
        for name, path in contents.items():
            mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            _add(archive, f"{_name(facts)}/{name}", path.read_bytes(), mode)
    packed = io.BytesIO()
    with GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as stream:
        stream.write(plain.getvalue())
    return _written(sdist_directory, f"{_name(facts)}.tar.gz", packed.getvalue())


def build_editable(*_: object, **__: object) -> str:
    """Refuse: the installed layout is another one than the repository's.

    Raises:
        UserError: always.
    """
    raise UserError(
        "nn2flash cannot be installed with --editable: its packages lie below another one there",
        "run it from the repository (python -m nn2flash), or install it without -e",
    )


def _name(facts: Mapping[str, Any]) -> str:
    return f"{facts['name']}-{facts['version']}"


def _metadata(facts: Mapping[str, Any]) -> bytes:
    """Core metadata, with README.md as the description."""
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {facts['name']}",
        f"Version: {facts['version']}",
        f"Summary: {facts['description']}",
        f"License-Expression: {facts['license']}",
        *(f"License-File: {name}" for name in facts["license-files"]),
        f"Requires-Python: {facts['requires-python']}",
        *(f"Requires-Dist: {each}" for each in facts["dependencies"]),
    ]
    for extra, needed in facts["optional-dependencies"].items():
        lines += [f"Provides-Extra: {extra}"]
        lines += [f"Requires-Dist: {each} ; extra == '{extra}'" for each in needed]
    lines += ["Description-Content-Type: text/markdown", ""]
    readme: Path = ROOT / facts["readme"]
    return ("\n".join(lines) + "\n").encode() + readme.read_bytes()


def _about(facts: Mapping[str, Any]) -> dict[str, bytes]:
    """The files of .dist-info, without RECORD."""
    scripts = [f"{name} = {entry}" for name, entry in facts["scripts"].items()]
    folder = f"{_name(facts)}.dist-info"
    wheel = f"Wheel-Version: 1.0\nGenerator: nn2flash\nRoot-Is-Purelib: true\nTag: {TAG}\n"
    licences = {
        f"{folder}/licenses/{name}": (ROOT / name).read_bytes() for name in facts["license-files"]
    }
    return {
        f"{folder}/METADATA": _metadata(facts),
        f"{folder}/WHEEL": wheel.encode(),
        f"{folder}/entry_points.txt": "\n".join(["[console_scripts]", *scripts, ""]).encode(),
        f"{folder}/sboms/{sbom.NAME}": sbom.document(facts, ROOT / LOCKED).encode(),
        **licences,
    }


def _record(files: Mapping[str, bytes], own: str) -> bytes:
    """Every file with its SHA-256 and size."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(data)])
    rows.writerow([own, "", ""])
    return text.getvalue().encode()


def _add(archive: tarfile.TarFile, name: str, data: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), mode
    archive.addfile(entry, io.BytesIO(data))


def _written(folder: str, name: str, data: bytes) -> str:
    write_bytes(Path(folder, name), data)
    return name
