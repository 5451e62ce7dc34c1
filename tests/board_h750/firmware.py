"""The board code with a small application, compiled as it is or with lines changed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codegen.render import render
from device.boards import read_board
from device.elf import Elf
from device.seal import seals

ROOT = Path(__file__).parents[2]
FIRMWARE = ROOT / "firmware"
BOARD_FOLDER = FIRMWARE / "boards/stm32h750b_dk"
CHIPS = (FIRMWARE / "chips/stm32", FIRMWARE / "chips/stm32h7")
BOARD = read_board(BOARD_FOLDER / "board.toml")
APPS = Path(__file__).parent / "apps"
RESULTS = bytes(
    (i + 1) * weight for i, weight in enumerate((3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3))
)

_SOURCES = (
    *(source for folder in CHIPS for source in sorted(folder.glob("*.c"))),
    *sorted((FIRMWARE / "cortex_m").glob("*.c")),
    FIRMWARE / "app/console.c",
    FIRMWARE / "app/crc32.c",
    APPS / "bringup.c",
)
_WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Werror")


@dataclass(frozen=True)
class Edit:
    """In the source file of that name, the one place with `old` becomes `new`."""

    file: str
    old: str
    new: str


class Workshop:
    """Compiles into a folder; what did not change is compiled once.

    Args:
        folder: for objects and programs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._objects: dict[tuple[bool, bool], dict[str, Path]] = {}
        self._count = 0

    def build(self, *, qspi: bool = False, sdram: bool = False, edits: Sequence[Edit] = ()) -> Path:
        """Link a firmware for a board of which these external memories are used.

        Args:
            qspi: the image and what is copied to TCM are stored in the QSPI flash.
            sdram: SDRAM is started, too.
            edits: changes of the source, of which nothing else is compiled anew.
        """
        objects = dict(self.objects(qspi, sdram))
        self._count += 1
        for name in dict.fromkeys(edit.file for edit in edits):
            source = next(path for path in _SOURCES if path.name == name)
            text = source.read_text()
            for edit in edits:
                if edit.file == name:
                    assert text.count(edit.old) == 1, f"{name}: {edit.old!r} must occur once"
                    text = text.replace(edit.old, edit.new)
            patched = self._folder / str(self._count) / name
            patched.parent.mkdir(exist_ok=True)
            patched.write_text(text)
            objects[name] = self._compile(patched, qspi, sdram, patched.with_suffix(".o"), "-w")
        elf = self._folder / f"{self._count}.elf"
        script = [f"-Wl,--defsym=QSPI={int(qspi)}", f"-T{APPS / 'bringup.ld'}"]
        options = ["-nostdlib", "-Wl,--gc-sections,--no-warn-rwx-segments", *script]
        flags = ["arm-none-eabi-gcc", *BOARD.cpu.flags, *map(str, objects.values()), *options]
        subprocess.run([*flags, "-lgcc", "-o", elf], check=True)
        if qspi:
            program = Elf(elf)
            elf.write_bytes(program.patched(seals(program, BOARD.memories)))
        return elf

    def objects(self, qspi: bool, sdram: bool) -> dict[str, Path]:
        """Object files of the unchanged sources, by source name."""
        key = (qspi, sdram)
        if key not in self._objects:
            folder = self._folder / f"qspi{qspi:d}sdram{sdram:d}"
            folder.mkdir()
            objects = {name: {"run": name, "load": None} for name in ("qspi",) * qspi}
            objects |= {name: {"run": name, "load": None} for name in ("sdram",) * sdram}
            context = {"memories": BOARD.to_json(), "placement": {"objects": objects}}
            text = render("board/board_config.h.j2", context)
            (folder / "board_config.h").write_text(text)
            self._objects[key] = {
                source.name: self._compile(
                    source, qspi, sdram, folder / f"{source.stem}.o", *_WARNINGS
                )
                for source in _SOURCES
            }
        return self._objects[key]

    def _compile(self, source: Path, qspi: bool, sdram: bool, out: Path, *more: str) -> Path:
        config = self._folder / f"qspi{qspi:d}sdram{sdram:d}"
        folders = (config, *CHIPS, FIRMWARE / "app", FIRMWARE / "cortex_m")
        options = ["-std=c11", "-Os", "-g", "-ffunction-sections", *more]
        includes = [f"-I{folder}" for folder in folders]
        command = ["arm-none-eabi-gcc", *BOARD.cpu.flags, *options, *includes, "-c", str(source)]
        subprocess.run([*command, "-o", str(out)], check=True)
        return out
