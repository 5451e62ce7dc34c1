"""Firmware images of a board with a debug probe, and tools that answer as the real ones do."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

from device.boards import read_board
from device.programmers import Image
from support.files import write_json
from tests.device.conftest import ROOT, Build, board_toml

BOARD = board_toml("stm32h750b_dk")


def image(build: Build, folder: Path, *, external: bool) -> Path:
    """An ELF in `folder` with its flash images beside it; `external`: also for external flash."""
    subset = 0x90000000 if external else 0x08010000
    flags = [f"-Wl,--defsym={symbol}" for symbol in ("CODE=0x08000000", f"PSRAM={subset:#x}")]
    elf = folder / "firmware.elf"
    elf.write_bytes(build("echo", flags=flags).read_bytes())
    write_json(folder / "memories.json", read_board(BOARD).to_json())
    images = [f"--bin={name}={folder}/firmware-{name}.bin" for name in ("flash", "qspi")]
    arguments = ["--elf", elf, "--memories", folder / "memories.json", *images]
    device("images", *arguments, "--hex", folder / "firmware.hex", check=True)
    return elf


def image_facts(elf: Path, *, external: bool) -> Image:
    """What `flash` hands to a programmer for `image(…)`."""
    board = read_board(BOARD)
    names = ("flash", "qspi") if external else ("flash",)
    raw = {name: elf.with_name(f"firmware-{name}.bin") for name in names}
    return Image(elf.with_suffix(".hex"), raw, tuple(board.memory(name) for name in names))


def fake_tool(folder: Path, name: str, output: str, status: int = 0) -> Path:
    """An executable that notes its arguments in `<name>.log`, prints and exits."""
    folder.mkdir(exist_ok=True)
    tool = folder / name
    (folder / f"{name}.out").write_text(output)
    tool.write_text(
        "#!/bin/sh\n"
        f'printf "%s\\n" "$*" >> "{folder}/{name}.log"\n'
        f'cat "{folder}/{name}.out"\n'
        f"exit {status}\n"
    )
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    return tool


def calls(folder: Path, name: str) -> list[str]:
    """The argument lines that a fake tool was called with."""
    log = folder / f"{name}.log"
    return log.read_text().splitlines() if log.exists() else []


def device(
    *arguments: object, tools: Path | None = None, check: bool = False, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `python -m device`; with `tools`, PATH has those and the system's shell only."""
    path = {"PATH": f"{tools}:{only_shell(tools)}"} if tools else {}
    runtime = {"XDG_RUNTIME_DIR": str(tools)} if tools else {}
    return subprocess.run(
        [sys.executable, "-m", "device", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=check,
        env={**os.environ, **path, **runtime, **environment},
    )


def only_shell(tools: Path) -> Path:
    """A folder with `cat` and `sleep`, and no programmer that happens to be installed here."""
    folder = tools / "system"
    if not folder.exists():
        folder.mkdir(parents=True)
        for name in ("cat", "sleep"):
            (folder / name).symlink_to(f"/bin/{name}")
    return folder
