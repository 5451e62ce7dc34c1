"""Power cuts while the real tools flash the board's model: flashing again always ends right.

Each cut is one change of flash (a word, a page, a sector being erased) that is left half done, with
the board dead from then on. A tool must not report success, unless everything was in place; the
next flashing must succeed, and the memories must hold the firmware.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from device.elf import Elf
from device.emulators.h750.storage import Storage
from support.errors import UserError, run_cli
from tests.board_h750.firmware import Workshop
from tests.board_h750.flashing import Firmware, ModelBoard, build


@dataclass(frozen=True)
class Cut:
    """One try.

    Attributes:
        change: number of the change that is cut.
        seed: of what it leaves.
        used: whether the board had another firmware before, or was new.
    """

    tool: str
    change: int
    seed: int
    used: bool


def prepare(folder: Path) -> dict[str, Firmware]:
    """Tool -> what it can write."""
    workshop = Workshop(folder)
    return {
        "openocd": build(workshop, folder / "both", qspi=True),
        "pyocd": build(workshop, folder / "own", qspi=False),
    }


def whole_run(tool: str, firmware: Firmware, folder: Path) -> int:
    """Changes of flash that flashing a new board takes."""
    done = ModelBoard(folder / f"whole-{tool}.zip").run("flash", tool, firmware)
    if done.status != 0:
        raise UserError(f"{tool} does not flash: {done.errors}")
    return done.changes


def choose(changes: dict[str, int], count: int, seed: int) -> Iterator[Cut]:
    """Seeded cuts, the tools in turn."""
    generator = random.Random(seed)
    tools = sorted(changes)
    for index in range(count):
        tool = tools[index % len(tools)]
        change = generator.randint(1, changes[tool])
        yield Cut(tool, change, generator.randrange(1 << 30), generator.random() < 0.5)


def examine(cut: Cut, firmware: Firmware, folder: Path) -> str:
    """What went wrong with one cut, or ""."""
    board = ModelBoard(folder / f"{cut.tool}-{cut.change}-{cut.seed}.zip")
    storage = Storage.of_elf(Elf(firmware.elf)) if cut.used else Storage()
    if cut.used:  # another firmware
        storage.flash[:4096] = bytes(byte ^ 0x5A for byte in storage.flash[:4096])
    storage.save(board.file)
    first = board.run(
        "flash",
        cut.tool,
        firmware,
        options=("--cut", str(cut.change), "--seed", str(cut.seed)),
    )
    if first.status == 0 and not firmware.stands_in(board.memories()):
        return f"{cut}: success was reported on wrong contents\n{first.said}"
    if first.status != 0 and first.errors.count("device: error:") != 1:
        return f"{cut}: not one message: {first.errors}"
    again = board.run("flash", cut.tool, firmware)
    if again.status != 0:
        return f"{cut}: flashing again failed: {again.errors}\n{again.said}"
    if not firmware.stands_in(board.memories()):
        return f"{cut}: flashing again left wrong contents"
    return ""


def main() -> int:
    """Cut many times; 0 when nothing was found."""
    parser = argparse.ArgumentParser(prog="power cuts", description=__doc__)
    parser.add_argument("--cuts", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        firmware = prepare(folder)
        changes = {tool: whole_run(tool, what, folder) for tool, what in firmware.items()}
        cuts = list(choose(changes, arguments.cuts, arguments.seed))
        with ThreadPoolExecutor(2) as pool:
            found = [*pool.map(lambda cut: examine(cut, firmware[cut.tool], folder), cuts)]
    for tool, count in sorted(changes.items()):
        mine = [cut for cut in cuts if cut.tool == tool]
        used = sum(cut.used for cut in mine)
        print(f"{tool}: {count} changes of flash in a whole run; {len(mine)} cuts, {used} of them")
        print("  on a board with another firmware")
    wrong = [text for text in found if text]
    print("\n".join(wrong) if wrong else "each time, flashing again ended right")
    return 1 if wrong else 0


if __name__ == "__main__":
    run_cli("power cuts", main)
