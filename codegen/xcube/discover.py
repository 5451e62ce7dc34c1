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
# Files that releases before 7.2 do not have: their weights lie in `_data.c`.
PARAMS = ("_data_params.c", "_data_params.h")
WITH_PARAMS = Version(7, 2, 0)
# A file that each interface's runtime headers must have.
RUNTIME_HEADER = {LEGACY: "ai_platform.h", ST_AI: "stai.h"}
# The folder of ST's pack with the library for this chip: beside it lies another of the same name
# for Cortex-M7s with a smaller floating-point unit (ST's own table: stm32h7 → STM32H7).
FAMILY = "STM32H7"
_UNLIKELY = ("Debug", "Release", "build", "build_network", "st_ai_ws")


@dataclass(frozen=True)
class Found:
    """A network's files in a bundle.

    Attributes:
        name: the C name, as in `ai_<name>_create`.
        api: "legacy" or "st-ai".
        files: suffix → file, for the suffixes of SOURCES and HEADERS of that interface.
        others: names of other networks beside it, which were not taken.
    """

    name: str
    api: str
    files: dict[str, Path]
    others: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where the network's main source lies."""
        return self.files[".c"].parent

    @property
    def sources(self) -> list[Path]:
        """The C files, in a fixed order."""
        return [self.files[s] for s in SOURCES[self.api] if s in self.files]

    @property
    def headers(self) -> list[Path]:
        """The network's own headers."""
        return [self.files[s] for s in HEADERS[self.api] if s in self.files]


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
            f"bundle={root}: holds several networks: {', '.join(names)}",
            f"choose one: {' or '.join(f'name={name}' for name in names)}",
        )
    name = names[0] if len(names) == 1 else wanted
    ranked = sorted(
        (found for found in candidates if found.name == name), key=lambda f: _rank(root, f.folder)
    )
    best = ranked[0]
    return Found(best.name, best.api, best.files, tuple(n for n in names if n != best.name))


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
            there = {suffix: file for suffix, file in wanted.items() if file}
            missing = set(wanted) - set(there)
            if (not missing or _needs_no_params(missing, there)) and (
                there["_data.c"].parent == path.parent
            ):
                found.append(Found(path.stem, api, there, ()))
    return found


def _needs_no_params(missing: set[str], there: dict[str, Path]) -> bool:
    """Whether these are the files of a release whose weights lie in `_data.c`."""
    if missing != set(PARAMS):
        return False
    tools = header_version(there["_config.h"], TOOLS_VERSION)
    return tools is not None and OLDEST <= tools < WITH_PARAMS


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
    for path in everything:
        stem = path.name.removesuffix("_data.c")
        if path.name != stem and f"ai_{stem}_create" in _text_of(f"{stem}.c", everything):
            return f"bundle={root}: {_why_not(stem, everything)}"
    return f"bundle={root}: no generated network (network.c, network_data.c …) in it"


def _text_of(name: str, everything: Sequence[Path]) -> str:
    """The text of the first file of that name, "" without one."""
    for path in everything:
        if path.name == name:
            return path.read_bytes().decode("utf-8", errors="replace")
    return ""


def _why_not(stem: str, everything: Sequence[Path]) -> str:
    """What keeps the files of a network from being one: parts that miss, or too old a release.

    Numbers below 7 are X-CUBE-AI's own only without the files that came with 7.2; with them they
    are those of ST Edge AI Core. The runtime's headers are not asked: they kept old numbers.
    """
    names = {path.name for path in everything}
    missing = [f"{stem}{part}" for part in PARAMS if f"{stem}{part}" not in names]
    old = len(missing) == len(PARAMS)
    versions = [
        version
        for path in everything
        if path.name in (f"{stem}_config.h", f"{stem}.c")
        and (version := header_version(path, TOOLS_VERSION))
    ]
    if old and versions and versions[0] < OLDEST:
        return f"made with X-CUBE-AI {versions[0]}, older than {OLDEST.major}.{OLDEST.minor}"
    if old and not versions:
        return (
            f"{stem}.c tells no version, and {missing[0]} is not there: made with an X-CUBE-AI"
            f" older than {OLDEST.major}.{OLDEST.minor}"
        )
    missing = [
        f"{stem}{part}"
        for part in (*SOURCES[LEGACY], *HEADERS[LEGACY])
        if f"{stem}{part}" not in names
    ]
    return f"the network '{stem}' is not complete: {', '.join(missing)} missing"


# Macros of versions, without _MAJOR and so on: of the generating tool, of the runtime.
TOOLS_VERSION = "AI_TOOLS_VERSION"
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
        return sorted(usable, key=lambda lib: (not lib.plain, lib.path.parent.name != FAMILY))
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
