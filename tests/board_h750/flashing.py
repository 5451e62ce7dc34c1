"""A model board and the real tools that flash it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from device.emulators.h750.storage import Storage
from support.files import write_json
from tests.board_h750.firmware import BOARD, BOARD_FOLDER, ROOT, Workshop

# pyOCD is a package of this Python.
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}


@dataclass(frozen=True)
class Firmware:
    """An ELF with its flash images beside it."""

    elf: Path

    def image(self, memory: str) -> bytes:
        """The bytes that a memory shall hold."""
        return self.elf.with_name(f"{self.elf.stem}-{memory}.bin").read_bytes()

    def stands_in(self, storage: Storage) -> bool:
        """Whether a board's memories hold it, readable."""
        own, external = self.image("flash"), self.image("qspi")
        return (
            storage.flash.startswith(own)
            and storage.read_external(0, len(external)) == external
            and not any(offset < len(own) for offset in storage.damaged)
        )


def build(workshop: Workshop, folder: Path, *, qspi: bool) -> Firmware:
    """The small firmware of this folder, in a path with a blank."""
    folder.mkdir(parents=True)
    elf = folder / "firmware.elf"
    elf.write_bytes(workshop.build(qspi=qspi).read_bytes())
    write_json(folder / "memories.json", BOARD.to_json())
    images = [f"--bin={name}={folder}/firmware-{name}.bin" for name in ("flash", "qspi")]
    words = ["--elf", str(elf), "--memories", str(folder / "memories.json"), *images]
    subprocess.run(
        [sys.executable, "-m", "device", "images", *words, "--hex", str(folder / "firmware.hex")],
        cwd=ROOT,
        check=True,
    )
    return Firmware(elf)


@dataclass(frozen=True)
class Done:
    """How a command ended.

    Attributes:
        changes: how often the board's flash was programmed or erased.
    """

    status: int
    said: str
    errors: str
    changes: int


class ModelBoard:
    """A board whose flash is kept in a file.

    Args:
        file: that file.
        folder: of its board.toml and of the tools' script.
    """

    def __init__(self, file: Path, folder: Path = BOARD_FOLDER) -> None:
        self.file, self._folder = file, folder

    def memories(self) -> Storage:
        """What it keeps now."""
        return Storage.load(self.file)

    def command(
        self,
        verb: str,
        tool: str,
        firmware: Firmware | None,
        *more: str,
        options: tuple[str, ...] = (),
    ) -> list[str]:
        """The command line of `run`."""
        elf = ["--elf", str(firmware.elf)] if firmware else []
        words = ["--board", str(self._folder / "board.toml"), "--programmer", tool, *elf, *more]
        model = ["--model", str(self.file), *(f"--model-option={word}" for word in options)]
        return [sys.executable, "-m", "device", verb, *words, *model]

    def run(
        self,
        verb: str,
        tool: str,
        firmware: Firmware | None,
        *more: str,
        options: tuple[str, ...] = (),
    ) -> Done:
        """`python -m device VERB` on this board.

        Args:
            more: words of the command line.
            options: of the model.
        """
        done = subprocess.run(
            self.command(verb, tool, firmware, *more, options=options),
            cwd=ROOT,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
        changes = re.findall(r"^model: (\d+) changes of flash$", done.stdout, re.MULTILINE)
        return Done(done.returncode, done.stdout, done.stderr, int(changes[-1]) if changes else 0)
