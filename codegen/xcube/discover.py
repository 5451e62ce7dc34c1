"""Find the network, the headers and the library wherever a bundle keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codegen.xcube import csubset, library
from codegen.xcube.archive import files
from codegen.xcube.library import Library
from codegen.xcube.versions import OLDEST, Version
from support.errors import UserError

LEGACY, ST_AI = "legacy", "st-ai"
APIS = (LEGACY, ST_AI)
# Suffixes of the files that make up a network, by interface.
SOURCES = {
    LEGACY: (".c", "_data.c", "_data_params.c"),
    ST_AI: (".c", "_data.c"),
}
HEADERS = {
    LEGACY: (".h", "_data.h", "_data_params.h", "_config.h"),
    ST_AI: (".h", "_data.h", "_details.h"),
}
# A file that each interface's runtime headers must have.
RUNTIME_HEADER = {LEGACY: "ai_platform.h", ST_AI: "stai.h"}
_UNLIKELY = ("Debug", "Release", "build", "build_network", "st_ai_ws")


@dataclass(frozen=True)
class Found:
    """A network's files in a bundle.

    Attributes:
        name: the C name, as in `ai_<name>_create`.
        api: "legacy" or "st-ai".
        files: suffix → file, for every suffix of SOURCES and HEADERS of that interface.
        others: other folders that hold a network of the same name and were not taken.
    """

    name: str
    api: str
    files: dict[str, Path]
    others: tuple[Path, ...]

    @property
    def folder(self) -> Path:
        """Where the network's main source lies."""
        return self.files[".c"].parent

    @property
    def sources(self) -> list[Path]:
        """The C files, in a fixed order."""
        return [self.files[suffix] for suffix in SOURCES[self.api]]

    @property
    def headers(self) -> list[Path]:
        """The network's own headers."""
        return [self.files[suffix] for suffix in HEADERS[self.api]]


def find_network(root: Path, wanted: str) -> Found:
    """The network in a bundle; the one called `wanted` when there are several.

    Raises:
        UserError: none, several of other names, one of an unsupported kind.
    """
    everything = list(files(root))
    candidates = _candidates(everything)
    names = sorted({found.name for found in candidates})
    if not names:
        raise UserError(_why_none(root, everything), _REMEDY)
    if len(names) > 1 and wanted not in names:
        raise UserError(
            f"bundle={root}: holds several networks: {', '.join(names)}", "choose one with name="
        )
    name = names[0] if len(names) == 1 else wanted
    ranked = sorted(
        (found for found in candidates if found.name == name), key=lambda f: _rank(root, f.folder)
    )
    best = ranked[0]
    others = tuple(found.folder for found in ranked[1:])
    return Found(best.name, best.api, best.files, others)


_REMEDY = (
    "give the project or code that the Developer Cloud, CubeMX or 'stedgeai generate' made"
    " with X-CUBE-AI 7.1 or newer"
)


def _candidates(everything: Sequence[Path]) -> list[Found]:
    by_name: dict[str, list[Path]] = {}
    for path in everything:
        by_name.setdefault(path.name, []).append(path)
    found = []
    for path in everything:
        if path.suffix != ".c" or path.stem.endswith(("_data", "_data_params")):
            continue
        for api in APIS:
            wanted = {
                suffix: _nearest(path.parent, by_name.get(path.stem + suffix, []))
                for suffix in (*SOURCES[api], *HEADERS[api])
            }
            complete = {suffix: file for suffix, file in wanted.items() if file}
            if len(complete) == len(wanted) and complete["_data.c"].parent == path.parent:
                found.append(Found(path.stem, api, complete, ()))
    return found


def _nearest(folder: Path, candidates: Sequence[Path]) -> Path | None:
    """The file in the folder itself, or in a sibling such as Inc beside Src."""
    for candidate in candidates:
        if candidate.parent == folder:
            return candidate
    near = [c for c in candidates if c.parent.parent == folder.parent]
    return near[0] if near else None


def _rank(root: Path, folder: Path) -> tuple[bool, bool, bool, int, str]:
    """Smaller is likelier: CubeMX's own copy, nothing hidden or built, near the top.

    The cloud leaves the first draft of a project in a hidden folder; after the project was
    generated again it belongs to another version than the code that is compiled.
    """
    parts = folder.relative_to(root).parts
    return (
        any(part.startswith(".") for part in parts),
        any(part in _UNLIKELY for part in parts),
        "X-CUBE-AI" not in parts,
        len(parts),
        str(folder),
    )


def _why_none(root: Path, everything: Sequence[Path]) -> str:
    names = {path.name for path in everything}
    if any(name.endswith("_rel.bin") or name == "ai_reloc_network.h" for name in names):
        return f"bundle={root}: holds a relocatable network, which is not supported"
    if any(name.startswith("stai_") and name.endswith(".c") for name in names):
        return f"bundle={root}: holds a network for ST's NPU, not for a Cortex-M7"
    halves = sorted(name for name in names if name.endswith("_data.c"))
    if halves:
        stem = halves[0].removesuffix("_data.c")
        version = _old_version(everything)
        if version:
            return (
                f"bundle={root}: made with X-CUBE-AI {version}, older than"
                f" {OLDEST.major}.{OLDEST.minor}"
            )
        return (
            f"bundle={root}: {halves[0]} has neither {stem}_data_params.c (interface legacy, 7.1"
            f" and newer) nor {stem}_details.h (interface st-ai) with it"
        )
    return f"bundle={root}: no generated network (network.c, network_data.c …) in it"


def _old_version(everything: Sequence[Path]) -> Version | None:
    """What the generated configuration or the headers say, when that is an old number."""
    for name, prefix in (("_config.h", "AI_TOOLS_VERSION"), ("core_datatypes.h", RUNTIME_VERSION)):
        for path in everything:
            if path.name.endswith(name):
                found = header_version(path, prefix)
                if found and found < OLDEST:
                    return found
    return None


RUNTIME_VERSION = "AI_PLATFORM_RUNTIME"


def header_version(path: Path, prefix: str) -> Version | None:
    """`<prefix>_MAJOR`, `_MINOR`, `_MICRO` of a header; None when it does not define them."""
    if not path.is_file():
        return None
    macros = csubset.macros(csubset.plain(path.read_bytes().decode("utf-8", errors="replace")))
    parts = [
        csubset.integer(macros.get(f"{prefix}_{p}", ""), {}) for p in ("MAJOR", "MINOR", "MICRO")
    ]
    return None if None in parts else Version(*(part for part in parts if part is not None))


def find_headers(roots: Sequence[Path], api: str) -> list[Path]:
    """Folders with the runtime's headers, likeliest first.

    Raises:
        UserError: none.
    """
    name = RUNTIME_HEADER[api]
    folders = []
    for root in roots:
        here = [path.parent for path in files(root) if path.name == name]
        folders += sorted(here, key=lambda folder: _rank(root, folder))
    if not folders:
        raise UserError(
            f"no runtime headers ({name}) in {' or '.join(map(str, roots))}",
            "give ST's pack with runtime=FOLDER, or ask the cloud or tool to include the library",
        )
    return folders


def find_libraries(roots: Sequence[Path]) -> list[Library]:
    """Runtime libraries for this compiler and a Cortex-M7, likeliest first.

    Raises:
        UserError: none; the message tells which others there are.
    """
    every: list[Library] = []
    for root in roots:
        every += [found for path in files(root) if (found := library.named(path))]
    usable = [lib for lib in every if lib.core == "CM7" and lib.compiler == "GCC"]
    if usable:
        return sorted(usable, key=lambda lib: not lib.plain)
    places = " or ".join(map(str, roots))
    if not every:
        raise UserError(
            f"no runtime library (NetworkRuntime…_CM7_GCC.a) in {places}",
            "give ST's pack with runtime=FOLDER, or ask the cloud or tool to include the library",
        )
    cores = sorted({lib.core for lib in every})
    if "CM7" not in cores:
        raise UserError(
            f"{every[0].path.name}: the library in {places} is for {', '.join(cores)},"
            " this board has a Cortex-M7 (CM7)",
            "generate again for CPU/Series ARM Cortex-M7 (stm32h7)",
        )
    raise UserError(
        f"the libraries in {places} are for {', '.join(sorted({lib.compiler for lib in every}))}",
        "generate again for the GCC toolchain (STM32CubeIDE)",
    )
