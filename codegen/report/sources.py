"""What a report is made of: the build's files, each of which may be missing but the manifest."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from codegen.arrays import Array, read_arrays
from codegen.ir.graph import Graph
from support.build_files import KINDS, checked
from support.errors import UserError
from support.files import BUILD_AGAIN, read_json, sha256_file

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Sources:
    """The content of the build's files.

    Attributes:
        manifest: of the network.
        graph: the quantized model, or None for a network that came without.
        reference: arrays of reference_test.npz, or {}.
        training, quantization, evaluation, memory, placement: JSON files, or {}.
        validation, profile: what was measured last with this very network, or {}.
        outdated: names of those that were measured with another one, and left out.
        files: (what it is, its base name, SHA-256 of its bytes) in the order of the pipeline.
        compiler: as the compiler signed the ELF, or "".
        random: the reference's inputs are seeded random numbers: they say nothing of any task.
        settings: variables of the build that were set, KEY=VALUE.
        made, commit: when the report was made (UTC), and of what commit; or "".
    """

    manifest: Json
    graph: Graph | None = None
    reference: Mapping[str, Array] = field(default_factory=dict)
    training: Json = field(default_factory=dict)
    quantization: Json = field(default_factory=dict)
    evaluation: Json = field(default_factory=dict)
    memory: Json = field(default_factory=dict)
    placement: Json = field(default_factory=dict)
    validation: Json = field(default_factory=dict)
    profile: Json = field(default_factory=dict)
    outdated: tuple[str, ...] = ()
    files: tuple[tuple[str, str, str], ...] = ()
    compiler: str = ""
    random: bool = False
    settings: tuple[str, ...] = ()
    made: str = ""
    commit: str = ""


def read_object(path: Path) -> Json:
    """A JSON file that holds an object.

    Raises:
        UserError: broken, or something else than an object.
    """
    content = read_json(path)
    if not isinstance(content, dict):
        raise UserError(f"{path}: not a JSON object", BUILD_AGAIN)
    return content


def read_part(path: Path | None, kind: str) -> Json:
    """A file of the build that the report shows; {} when there is none, or nothing in it.

    Raises:
        UserError: as `build_files.read_build_file`.
    """
    if path is None:
        return {}
    content: Json = read_json(path, KINDS[kind].remedy)
    if content != {} or kind == "manifest":
        checked(content, path, kind)
    return content


def is_of(manifest: Json, measured: Json) -> bool:
    """Whether something was measured with this very network: its model and its kernels."""
    model = measured.get("model") or (measured.get("firmware") or {}).get("model")
    kernels = [layer.get("kernel", "") for layer in manifest["layers"]]
    return bool(model == manifest["model_sha256"] and measured.get("kernels") == kernels)


def read_reference(path: Path | None) -> Mapping[str, Array]:
    """The arrays of a reference.npz; {} when there is none.

    Raises:
        UserError: broken, or without inputs and outputs.
    """
    if path is None:
        return {}
    arrays = read_arrays(path)
    if "inputs" not in arrays or "outputs" not in arrays:
        raise UserError(f"{path}: not a reference.npz", BUILD_AGAIN)
    return arrays


def hashed(label: str, path: Path) -> tuple[str, str, str]:
    """A file of the pipeline by its hash."""
    if not path.is_file():
        raise UserError(f"{path}: no such file", "build it first")
    return label, path.name, sha256_file(path)


def compiler_of(elf: Path | None) -> str:
    """What GCC wrote into the ELF's .comment section, for example "GCC: (…) 12.2.1"."""
    if elf is None or not elf.is_file():
        return ""
    data = elf.read_bytes()
    start = data.find(b"GCC: (")
    return data[start : data.find(b"\0", start)].decode("ascii", "replace") if start >= 0 else ""


def time_of_report() -> str:
    """Now, or SOURCE_DATE_EPOCH (reproducible-builds.org), in UTC to the minute."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    now = datetime.fromtimestamp(int(given), UTC) if given.isdigit() else datetime.now(UTC)
    return f"{now:%Y-%m-%d %H:%M} UTC"


def commit_of(folder: Path) -> str:
    """The commit that a folder of sources is at, "+ changes" when files differ; "" without git."""
    words = ["git", "-C", str(folder), "describe", "--always", "--abbrev=12", "--dirty=+ changes"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip().replace("+ changes", " + changes") if done.returncode == 0 else ""
