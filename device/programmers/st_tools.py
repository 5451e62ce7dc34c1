"""Where ST's installers put STM32_Programmer_CLI and ST-LINK_gdbserver.

Three products carry them: STM32CubeProgrammer, STM32CubeCLT (command line tools) and STM32CubeIDE
(inside its plug-in folders); each on Linux, macOS and Windows.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from support import places
from support.errors import UserError

VARIABLE = "STM32CUBEPROGRAMMER"
_PLUGIN = "com.st.stm32cube.ide.mcu.externaltools"

# Folders below the file system's root ("" = "/" or "C:/") or the home folder ("~").
_PRODUCT = "STMicroelectronics/STM32Cube/STM32CubeProgrammer"
_PROGRAMMER_FOLDERS = {
    "linux": (f"~/{_PRODUCT}/bin", f"usr/local/{_PRODUCT}/bin", f"opt/{_PRODUCT}/bin"),
    "darwin": (
        f"Applications/{_PRODUCT}/STM32CubeProgrammer.app/Contents/MacOs/bin",
        f"Applications/{_PRODUCT}/STM32CubeProgrammer.app/Contents/Resources/bin",
    ),
    "win32": (f"Program Files/{_PRODUCT}/bin", f"Program Files (x86)/{_PRODUCT}/bin"),
}
_CLT_FOLDERS = {
    "linux": ("opt/st/stm32cubeclt_*", "~/st/stm32cubeclt_*"),
    "darwin": ("opt/ST/STM32CubeCLT*",),
    "win32": ("ST/STM32CubeCLT*",),
}
_PLUGIN_FOLDERS = {
    "linux": ("opt/st/stm32cubeide_*/plugins", "~/st/stm32cubeide_*/plugins"),
    "darwin": ("Applications/STM32CubeIDE.app/Contents/Eclipse/plugins",),
    "win32": ("ST/STM32CubeIDE*/STM32CubeIDE/plugins",),
}


def find_programmer(
    platform: str,
    environment: Mapping[str, str],
    root: Path | None = None,
    home: Path | None = None,
) -> Path | None:
    """STM32_Programmer_CLI: $STM32CUBEPROGRAMMER, PATH, then the usual folders, newest first.

    Args:
        platform: as `sys.platform` has it.
        root, home: for tests; default: the real ones.

    Raises:
        UserError: $STM32CUBEPROGRAMMER is set and leads to nothing.
    """
    name = _executable("STM32_Programmer_CLI", platform)
    if given := environment.get(VARIABLE):
        for path in (Path(given), Path(given) / name, Path(given) / "bin" / name):
            if path.is_file():
                return path
        raise UserError(f"{VARIABLE}={given}: there is no {name}", "give the folder it lies in")
    if found := shutil.which(name, path=environment.get("PATH")):
        return Path(found)
    folders = [*_PROGRAMMER_FOLDERS.get(platform, ())]
    folders += [f"{clt}/STM32CubeProgrammer/bin" for clt in _CLT_FOLDERS.get(platform, ())]
    plugin = f"{_PLUGIN}.cubeprogrammer.*/tools/bin"
    folders += [f"{plugins}/{plugin}" for plugins in _PLUGIN_FOLDERS.get(platform, ())]
    return _first(folders, name, platform, root, home)


def find_gdb_server(
    platform: str,
    environment: Mapping[str, str],
    programmer: Path | None,
    root: Path | None = None,
    home: Path | None = None,
) -> Path | None:
    """ST-LINK_gdbserver: PATH, beside the programmer in STM32CubeCLT, then the usual folders."""
    name = _executable("ST-LINK_gdbserver", platform)
    if found := shutil.which(name, path=environment.get("PATH")):
        return Path(found)
    if programmer is not None:
        beside = programmer.parent.parent.parent / "STLink-gdb-server" / "bin" / name
        if beside.is_file():
            return beside
    folders = [f"{clt}/STLink-gdb-server/bin" for clt in _CLT_FOLDERS.get(platform, ())]
    plugin = f"{_PLUGIN}.stlink-gdb-server.*/tools/bin"
    folders += [f"{plugins}/{plugin}" for plugins in _PLUGIN_FOLDERS.get(platform, ())]
    return _first(folders, name, platform, root, home)


def _executable(name: str, platform: str) -> str:
    return f"{name}.exe" if platform == "win32" else name


def _first(
    folders: list[str], name: str, platform: str, root: Path | None, home: Path | None
) -> Path | None:
    return next(_installed(folders, name, platform, root, home), None)


def _installed(
    folders: list[str], name: str, platform: str, root: Path | None, home: Path | None
) -> Iterator[Path]:
    root = root or Path("C:/" if platform == "win32" else "/")
    for folder in folders:
        start, pattern = (root, folder)
        if folder.startswith("~/"):
            if not (own := home or places.home()):
                continue
            start, pattern = (own, folder[2:])
        found = (path for path in start.glob(f"{pattern}/{name}") if path.is_file())
        yield from sorted(found, key=_version, reverse=True)


def _version(path: Path) -> list[int]:
    """All numbers of a path, so that 1.10 counts as newer than 1.9."""
    return [int(number) for number in re.findall(r"\d+", str(path))]
