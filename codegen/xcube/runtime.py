"""The runtime that belongs to a network: headers and library of the same release, for this core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codegen.xcube import library
from codegen.xcube.describe import Description
from codegen.xcube.discover import (
    RUNTIME_VERSION,
    find_headers,
    find_libraries,
    header_version,
)
from codegen.xcube.versions import OLDEST, Version, belong_together, core_of, xcube_of
from support.errors import UserError


@dataclass(frozen=True)
class Runtime:
    """Headers and library.

    Attributes:
        version: X-CUBE-AI's number; None when neither of the two carries one.
        headers: folder of the headers.
        machine: what the library was compiled for, in words.
        open: built from this project's own runtime, so that it may run anywhere.
    """

    version: Version | None
    headers: Path
    library: Path
    machine: str
    open: bool


def release(tools: Version) -> str:
    """The release in words: `X-CUBE-AI 9.1.0 (ST Edge AI Core 1.0.0)`."""
    xcube = xcube_of(tools)
    core = core_of(xcube)
    return f"X-CUBE-AI {xcube}" + (f" (ST Edge AI Core {core})" if core else "")


def find_runtime(roots: Sequence[Path], described: Description) -> Runtime:
    """Headers and library from the first of `roots` that has them, of the network's own release.

    Raises:
        UserError: too old, missing, for another processor, or of another release.
    """
    if xcube_of(described.tools) < OLDEST:
        raise UserError(
            f"the bundle was made with {release(described.tools)}, older than"
            f" {OLDEST.major}.{OLDEST.minor}",
            "generate the network again with a newer X-CUBE-AI or on the Developer Cloud",
        )
    folders = find_headers(roots, described.api)
    libraries = find_libraries(roots)
    headers = _first([(_headers_version(folder), folder) for folder in folders], described.tools)
    chosen = _first([(lib.version, lib.path) for lib in libraries], described.tools)
    for what, (version, path) in (("headers", headers), ("library", chosen)):
        if version is not None and not belong_together(described.tools, version):
            raise UserError(
                f"mixed versions: the network is from {release(described.tools)}, the {what} from"
                f" X-CUBE-AI {version} ({path.name})",
                "take network, headers and library from one package",
            )
    return Runtime(
        chosen[0] or headers[0],
        headers[1],
        chosen[1],
        library.check_machine(chosen[1]),
        library.is_open(chosen[1]),
    )


def _first(found: list[tuple[Version | None, Path]], tools: Version) -> tuple[Version | None, Path]:
    """The first that belongs to the tools, else the first of all."""
    fitting = [item for item in found if item[0] and belong_together(tools, item[0])]
    return (fitting or found)[0]


def _headers_version(folder: Path) -> Version | None:
    """X-CUBE-AI's number in the headers: the runtime's, or the tools' number in stai.h."""
    found = header_version(folder / "core_datatypes.h", RUNTIME_VERSION)
    if found:
        return found
    tools = header_version(folder / "stai.h", "STAI_TOOLS_VERSION")
    return xcube_of(tools) if tools else None
