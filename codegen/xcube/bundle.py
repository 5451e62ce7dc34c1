"""Import: what ST made becomes sources with fixed names, their headers, a library, a manifest."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from codegen.ir.graph import Graph, Value
from codegen.names import check_name
from codegen.render import render
from codegen.xcube import adapter, csubset, manifest
from codegen.xcube.archive import opened
from codegen.xcube.describe import Description, describe
from codegen.xcube.discover import LEGACY, SOURCES, Found, find_libraries, find_network
from codegen.xcube.ports import Port
from codegen.xcube.report import find_report
from codegen.xcube.runtime import find_runtime
from support import removal
from support.errors import UserError
from support.files import read_json, sha256_file, write_json, write_text

LIBRARY, TABLE, MANIFEST, HEADERS = (
    "_runtime.a",
    "_generate_report.txt",
    "_manifest.json",
    "include",
)
# Files that a runtime's headers are: only these are taken from its folder.
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)
_SAME_SCALE = 1e-6


@dataclass(frozen=True)
class Request:
    """What to import.

    Attributes:
        bundle: folder or zip.
        out: folder to write to.
        name: stem of the written sources; also the network to take when there are several.
        api: "legacy" or "st-ai", the interface that the firmware is built for.
        core: the board's processor, such as cortex-m7.
        runtimes: folders to search for headers and library, after the bundle itself.
        graph: the network that it must be, or None: the bundle decides.
        input_scale, input_zero_point: for sources without a quantization table.
        how: what made the bundle: "bundle", "stedgeai" or "cloud".
    """

    bundle: Path
    out: Path
    name: str = "network"
    api: str = LEGACY
    core: str = "cortex-m7"
    runtimes: tuple[Path, ...] = ()
    graph: Graph | None = None
    input_scale: float | None = None
    input_zero_point: int | None = None
    how: str = "bundle"


def outputs(name: str, api: str) -> list[str]:
    """File names that an import writes, beside the folder of headers."""
    return [name + s for s in (*SOURCES[api], ".h", "_data.h", LIBRARY, TABLE, MANIFEST)]


def import_bundle(request: Request) -> dict[str, Any]:
    """Import a bundle; returns its manifest.

    Raises:
        UserError: nothing usable, or parts that do not belong together.
    """
    check_name(request.name)
    if request.core != "cortex-m7":
        raise UserError(
            f"ST's runtime library is for a Cortex-M7, this board has {request.core}",
            "choose another board, or ai=builtin",
        )
    with opened(request.bundle) as root:
        found = find_network(root, request.name)
        if found.api != request.api:
            raise UserError(
                f"bundle={request.bundle}: '{found.name}' has the interface {found.api}",
                f"add c_api={found.api}",
            )
        roots = [root, *request.runtimes]
        described = _with_given(_described(found, roots), request)
        runtime = find_runtime(roots, described)
        report = find_report([root], described)
        headers = [*found.headers, *_headers_of(runtime.headers, found)]
        _check_includes(found, headers)
        taken = [*found.sources, *headers, runtime.library]
        hashes = {path.name: sha256_file(path) for path in taken}
        content = manifest.build(
            described, runtime, report, hashes=hashes, identity=_identity(found), how=request.how
        )
        places = {
            "sources": str(_shown(found.folder, roots)),
            "headers": str(_shown(runtime.headers, roots)),
            "library": str(_shown(runtime.library, roots)),
        }
        if found.others:
            places["others"] = f"{', '.join(found.others)} (not taken; name= chooses)"
        if request.graph:
            check_against(content, request.graph)
        _write(request, found, headers, runtime.library)
    for suffix, text in adapter.headers(request.name, found.api, content).items():
        write_text(request.out / f"{request.name}{suffix}", text)
    write_text(request.out / f"{request.name}{TABLE}", manifest.table(content, described, places))
    write_json(request.out / f"{request.name}{MANIFEST}", content)
    return content


def _described(found: Found, roots: Sequence[Path]) -> Description:
    """What the sources say.

    Raises:
        UserError: the network cannot be used; when no library here can either, both are told, so
            that generating again once is enough.
    """
    try:
        return describe(found)
    except UserError as first:
        try:
            find_libraries(roots)
        except UserError as second:
            raise UserError(
                f"{first.message}; and {second.message}", f"{first.remedy}; {second.remedy}"
            ) from None
        raise


def _with_given(described: Description, request: Request) -> Description:
    """The description, with the user's input quantization where the sources have none."""
    own = described.input
    scale, zero_point = request.input_scale, request.input_zero_point
    if own.scale is not None or own.zero_point is not None:
        if scale is not None or zero_point is not None:
            raise UserError(
                f"input_scale=, input_zero_point=: the bundle has its own input quantization"
                f" (scale {own.scale:.9g}, zero point {own.zero_point})",
                "leave them out",
            )
        return described
    if scale is None and zero_point is None and request.graph:
        _single(request.graph)
        own = _port_of(request.graph.input, own)
    elif scale is None or zero_point is None:
        raise UserError(
            "the bundle's sources have no quantization table for the input",
            "give input_scale= and input_zero_point=, as the cloud's or tool's report shows them",
        )
    else:
        low, high = (0, 255) if own.type == "uint8" else (-128, 127)
        if not low <= zero_point <= high:
            raise UserError(
                f"input_zero_point={zero_point}: the input is {own.type}", f"give {low} to {high}"
            )
        own = replace(own, scale=scale, zero_point=zero_point)
    return replace(described, input=own)


def _port_of(value: Value, own: Port) -> Port:
    shift = 128 if own.type == "uint8" else 0
    quantization = value.quantization
    return replace(own, scale=float(quantization.scale), zero_point=quantization.zero_point + shift)


def _single(graph: Graph) -> None:
    """Refuse what this project does not import from vendor code.

    Raises:
        UserError: several inputs or outputs.
    """
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise UserError(
            f"{graph.origin} has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs; one"
            " of each can be imported from ST's tools",
            "use ai=builtin",
        )


def check_against(content: dict[str, Any], graph: Graph) -> None:
    """Compare a manifest's ends with a network's: sizes, scales, zero points.

    Raises:
        UserError: they are not the same network.
    """
    _single(graph)
    for end, value in (("input", graph.input), ("output", graph.output)):
        port = content[end]
        wanted = value.quantization
        pairs: list[tuple[str, Any, Any]] = [("size", port["size"], value.size)]
        if port["scale"] is not None:
            same = abs(port["scale"] - float(wanted.scale)) <= _SAME_SCALE * float(wanted.scale)
            if not same:
                pairs.append(("scale", f"{port['scale']:.9g}", f"{float(wanted.scale):.9g}"))
            pairs.append(("zero point", port["zero_point"], wanted.zero_point))
        for what, there, here in pairs:
            if there != here:
                raise UserError(
                    f"the bundle's {end} has {what} {there}, {graph.origin} has {here}",
                    "generate the bundle from this very file, or leave out network=",
                )


def _headers_of(folder: Path, found: Found) -> list[Path]:
    """The runtime's headers, without the network's own in case they lie together."""
    own = {path.name for path in found.headers}
    return [path for path in sorted(folder.glob("*.h")) if path.name not in own]


def _check_includes(found: Found, headers: Sequence[Path]) -> None:
    """Every header that the network's own files name must be among those taken.

    Raises:
        UserError: one is missing: sources and headers are from different packages.
    """
    there = {path.name for path in headers}
    for path in (*found.sources, *found.headers):
        text = csubset.plain(path.read_bytes().decode("utf-8", errors="replace"))
        for name in _INCLUDE.findall(text):
            if Path(name).name not in there:
                raise UserError(
                    f"{path.name} includes {name}, which is not among the runtime's headers",
                    "take network, headers and library from one package",
                )


def _identity(found: Found) -> str:
    """SHA-256 over names and contents of the network's own files."""
    digest = hashlib.sha256()
    for suffix in sorted(found.files):
        digest.update(f"{suffix}:{sha256_file(found.files[suffix])}\n".encode())
    return digest.hexdigest()


def _shown(path: Path, roots: Sequence[Path]) -> Path:
    """A path below one of the roots, without the root."""
    return next((path.relative_to(r) for r in roots if path.is_relative_to(r)), path)


def _write(request: Request, found: Found, headers: Sequence[Path], library: Path) -> None:
    """Copy everything; an interrupted copy leaves no manifest, so that it is made again."""
    out = request.out
    out.mkdir(parents=True, exist_ok=True)
    manifest = out / f"{request.name}{MANIFEST}"
    before = _headers_before(manifest)
    manifest.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix=".tmp-import-", dir=out) as temporary:
        fresh = Path(temporary)
        (fresh / HEADERS).mkdir()
        for header in headers:
            _copy(header, fresh / HEADERS / header.name)
        for suffix in SOURCES[found.api]:
            if suffix in found.files:
                _copy(found.files[suffix], fresh / f"{request.name}{suffix}")
            else:
                write_text(fresh / f"{request.name}{suffix}", render("xcube/no_params.c.j2", {}))
        _copy(library, fresh / f"{request.name}{LIBRARY}")
        (out / HEADERS).mkdir(exist_ok=True)
        for path in sorted(path for path in fresh.rglob("*") if path.is_file()):
            path.replace(out / path.relative_to(fresh))
        now = {f"{HEADERS}/{header.name}" for header in headers}
        removal.remove(out, sorted(before - now), before)


def _headers_before(manifest: Path) -> set[str]:
    """The headers that an earlier import left, by their paths beside its manifest."""
    try:
        names = read_json(manifest)["files"]
    except (UserError, KeyError, TypeError):
        return set()
    return {f"{HEADERS}/{name}" for name in names if str(name).endswith(".h")}


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
