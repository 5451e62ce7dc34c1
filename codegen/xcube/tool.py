"""Find ST's command-line tool and learn its version.

Its places: the folder in STEDGEAI_CORE_DIR, PATH, and where its installers and STM32CubeMX put it
(ST Edge AI Core documentation, "Setting the environment").
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codegen.xcube import versions
from codegen.xcube.versions import Version, xcube_of
from support.errors import UserError
from support.places import home

NAMES = ("stedgeai", "stm32ai")
# Folders of Utilities, by system; Apple's own processors have one of theirs and can use Intel's.
_PLATFORMS = {"linux": ("linux",), "darwin": ("mac",), "win32": ("windows",)}
_APPLE_SILICON = ("macarm", "mac")
# Below the user's home and below these.
_ROOTS = ("/opt/ST", "/usr/local/ST", "/Applications/ST", "C:/ST")
_INSTALLS = ("STEdgeAI/*", "ST/STEdgeAI/*")
_PACKS = "STM32Cube/Repository/Packs/STMicroelectronics/X-CUBE-AI/*"
# The first release whose tool has the options that it is given here.
_OLDEST = Version(9, 0, 0)
# The first start after an installation unpacks things.
_VERSION_SECONDS = 300.0
_COLORS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PRODUCT = re.compile(r"ST\s*Edge\s*AI\s*Core|X-CUBE-AI|STM\.?ai|stm32ai|stedgeai", re.IGNORECASE)


@dataclass(frozen=True)
class Tool:
    """The tool.

    Attributes:
        version: of ST Edge AI Core (of X-CUBE-AI before 9.0); None when it does not tell.
        banner: the line that says so, or the first line there was.
    """

    path: Path
    version: Version | None
    banner: str


def find_tool(given: str = "") -> Path:
    """The tool's program.

    Args:
        given: a path or a name in PATH, "" to look for it.

    Raises:
        UserError: not found; says where it was looked for.
    """
    if given:
        if program := shutil.which(given):
            return Path(program).resolve()
        raise UserError(f"stedgeai={given}: no such program", "give the path of the tool")
    if told := os.environ.get("STEDGEAI_CORE_DIR"):
        for path in _in_install(Path(told)):
            return path
        raise UserError(
            f"STEDGEAI_CORE_DIR={told}: no Utilities/{_platforms()[0]}/stedgeai in it",
            "set it to the folder of the installed version, or give stedgeai=PATH",
        )
    newest, older = NAMES
    if program := shutil.which(newest):
        return Path(program).resolve()
    for folder in sorted(_places(), key=_newest, reverse=True):
        for path in _in_install(folder):
            return path
    if program := shutil.which(older):
        return Path(program).resolve()
    raise UserError(
        "stedgeai not found: not in PATH, STEDGEAI_CORE_DIR is not set, and nothing is installed"
        f" in {', '.join(_ROOTS[:3])} or your home",
        "install ST Edge AI Core from st.com, or use ai=cloud, ai=bundle or ai=builtin",
    )


def _platforms() -> tuple[str, ...]:
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return _APPLE_SILICON
    return _PLATFORMS.get(sys.platform, ("linux",))


def _places() -> Iterator[Path]:
    for root in (*filter(None, [home()]), *map(Path, _ROOTS)):
        for pattern in (*_INSTALLS, _PACKS):
            if root.is_dir():
                yield from root.glob(pattern)


def _newest(folder: Path) -> tuple[int, ...]:
    """Sort key: version numbers of a folder's name, compared as numbers."""
    return tuple(map(int, re.findall(r"\d+", folder.name)))


def _in_install(folder: Path) -> Iterator[Path]:
    for name in NAMES:
        inside = [folder / "Utilities" / system / name for system in _platforms()]
        for path in (*inside, folder / name):
            for candidate in (path, path.with_suffix(".exe")):
                if candidate.is_file() and os.access(candidate, os.X_OK):
                    yield candidate.resolve()


def runtime_folders(tool: Path) -> tuple[Path, ...]:
    """Where the installation that the tool belongs to keeps headers and libraries, if it does."""
    return tuple(
        middlewares for parent in tool.parents if (middlewares := parent / "Middlewares").is_dir()
    )[:1]


def ask(path: Path, seconds: float = _VERSION_SECONDS) -> Tool:
    """Run `--version`.

    Raises:
        UserError: it does not start, does not end, or is too old for the options it is given.
    """
    try:
        done = subprocess.run(
            [str(path), "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except OSError as error:
        raise UserError(
            f"{path}: cannot be started ({error.strerror})", "install it again"
        ) from None
    except subprocess.TimeoutExpired:
        raise UserError(
            f"{path} --version: no answer in {seconds:.0f} s",
            "start it once by hand: a fresh installation may wait for something",
        ) from None
    found = read_banner(path, done.stdout.decode("utf-8", errors="replace"))
    if found.version and xcube_of(found.version) < _OLDEST:
        raise UserError(
            f"{path}: is {found.version}, older than X-CUBE-AI {_OLDEST.major}.{_OLDEST.minor};"
            " its command line is another one",
            "install ST Edge AI Core from st.com, name it with stedgeai=PATH, or use ai=bundle"
            " with what this one made",
        )
    return found


def read_banner(path: Path, output: str) -> Tool:
    """The version in what the tool printed, between whatever else it printed.

    Only lines that name the product count: libraries below it print their own numbers.
    """
    lines = [line for raw in output.splitlines() if (line := _COLORS.sub("", raw).strip())]
    named = [line for line in lines if _PRODUCT.search(line)]
    core = [line for line in named if re.search(r"ST\s*Edge\s*AI\s*Core", line, re.IGNORECASE)]
    for line in (*core, *named):
        # A line of the older tool has two numbers, the product's own in brackets.
        inner = re.search(r"\(([^)]*\d+\.\d+\.\d+[^)]*)\)", line)
        found = versions.parse(inner[1]) if inner else None
        version = found or versions.parse(line)
        if version:
            return Tool(path, version, line)
    return Tool(path, None, (named or lines or ["says nothing"])[0])
