"""What ST's tool reported about a network: multiply-accumulates, flash and RAM.

A bundle can hold reports of several drafts of a network. Only one that names the same model and
the same tool version as the sources is believed.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codegen.xcube.archive import files
from codegen.xcube.describe import Description
from codegen.xcube.versions import parse

_LARGEST = 32 << 20


@dataclass(frozen=True)
class ReportedLayer:
    """A layer as the tool lists it."""

    name: str
    kind: str
    macc: int


@dataclass(frozen=True)
class Report:
    """Numbers from the tool's report, in bytes; None where it has none.

    Attributes:
        file: where they were read.
        runtime_flash, runtime_ram: code, constants and variables of runtime and network code,
            without weights and activations.
    """

    file: str
    macc: int | None = None
    weights: int | None = None
    activations: int | None = None
    runtime_flash: int | None = None
    runtime_ram: int | None = None
    layers: tuple[ReportedLayer, ...] = field(default=())


def find_report(roots: Sequence[Path], described: Description) -> Report | None:
    """The report that belongs to the described sources, JSON before text; None without one."""
    everything = [path for root in roots for path in files(root)]
    for path in everything:
        if path.name.endswith("_c_info.json") and (found := _from_json(path, described)):
            return found
    for path in everything:
        is_report = path.name == f"{described.name}_generate_report.txt"
        if is_report and (found := _from_text(path, described)):
            return found
    return None


def _text(path: Path) -> str:
    if path.stat().st_size > _LARGEST:
        return ""
    return path.read_bytes().decode("utf-8", errors="replace")


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _from_json(path: Path, described: Description) -> Report | None:
    """`<name>_c_info.json`; anything unexpected in it makes it no report."""
    with contextlib.suppress(
        ValueError, RecursionError, KeyError, TypeError, IndexError, AttributeError
    ):
        content = json.loads(_text(path))
        tool = content["environment"]["tools"][0]
        if content["environment"]["generated_model"]["name"] != described.name:
            return None
        if parse(str(tool["version"])) != described.tools:
            return None
        signatures = [model["signature"] for model in tool["input_model"]["model_files"]]
        if described.signature and described.signature not in signatures:
            return None
        sizes = content["memory_footprint"]
        nodes = content["graphs"][0]["nodes"]
        layers = tuple(
            ReportedLayer(str(node["name"]), str(node["description"]), int(node.get("macc") or 0))
            for node in nodes
        )
        return Report(
            path.name,
            sum(layer.macc for layer in layers),
            _whole(sizes.get("weights")),
            _whole(sizes.get("activations")),
            _whole(sizes.get("kernel_flash")),
            _whole(sizes.get("kernel_ram")),
            layers,
        )
    return None


def _from_text(path: Path, described: Description) -> Report | None:
    """`<name>_generate_report.txt`."""
    text = _text(path)
    banner = re.search(r"^.*\bCore\b.*$|^.*\bX-CUBE-AI\b.*$|^.*stm32ai.*$", text, re.MULTILINE)
    if not banner or parse(banner[0]) != described.tools:
        return None
    signature = re.search(r"^model_hash\s*:\s*(\S+)", text, re.MULTILINE)
    if signature and described.signature and signature[1] != described.signature:
        return None
    runtime = re.search(r"^\s*RT total\s+([\d,]+)\s+[\d.]+%\s+([\d,]+)", text, re.MULTILINE)
    return Report(
        path.name,
        _number(re.search(r"^macc\s*:\s*([\d,]+)", text, re.MULTILINE)),
        _number(re.search(r"^weights \(ro\)\s*:\s*([\d,]+)", text, re.MULTILINE)),
        _number(re.search(r"^activations \(rw\)\s*:\s*([\d,]+)", text, re.MULTILINE)),
        _number(runtime),
        _number(runtime, 2),
    )


def _number(match: re.Match[str] | None, group: int = 1) -> int | None:
    return int(match[group].replace(",", "")) if match else None
