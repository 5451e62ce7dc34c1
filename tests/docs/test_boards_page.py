"""docs/boards.md is made of the boards' own board.toml files.

After a change: `UPDATE_DOCS=1 .venv/bin/python -m pytest tests/docs/test_boards_page.py`.
"""

from __future__ import annotations

import os
import re
import tomllib

from device.boards import Board
from nn2flash.boards import FILE, FOLDER, board_named, names
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "boards.md"
MARKED = re.compile(r"(?<=<!-- boards: begin -->\n).*?(?=<!-- boards: end -->)", re.DOTALL)
EMULATORS = {
    "host": "compiled for this computer",
    "h750": "a register-level model of the board, in this project",
    "qemu-mps2-an500": "QEMU, `mps2-an500`",
    "qemu-netduinoplus2": "QEMU, `netduinoplus2`",
}


def size(number: int) -> str:
    return f"{number >> 20} MiB" if number % (1 << 20) == 0 else f"{number >> 10} KiB"


def sources(name: str) -> str:
    """The comment that a board.toml begins with."""
    text = (FOLDER / name / FILE).read_text(encoding="utf-8")
    lines = re.match(r"(?:#.*\n)+", text)
    assert lines, f"{name}: its board.toml begins with a comment that names its sources"
    return re.sub(r"^# ?", "", lines[0], flags=re.MULTILINE).strip()


def memories(board: Board) -> str:
    lines = ["| memory | address | size | kind | access | |", "|---|---|---|---|---|---|"]
    for memory in board.memories:
        notes = [
            *(["no wait states"] if memory.zero_wait else []),
            *(["outside the chip"] if memory.external else []),
        ]
        lines.append(
            f"| `{memory.name}` | `0x{memory.origin:08X}` | {size(memory.length)} | {memory.kind} |"
            f" {memory.access} | {', '.join(notes)} |"
        )
    return "\n".join(lines)


def placements(board: Board) -> str:
    lines = ["| object | runs from, the first that has room |", "|---|---|"]
    for name, places in board.placement.items():
        lines.append(f"| {name} | {', '.join(places)} |")
    lines.append(f"| what runs elsewhere is stored in | {', '.join(board.load)} |")
    return "\n".join(lines)


def section(board: Board) -> str:
    cpu = board.cpu
    fpu = "no FPU" if cpu.fpu == "none" else f"FPU {cpu.fpu}, {cpu.float_abi} ABI"
    facts = ["this computer's processor" if cpu.native else f"{cpu.core}, {fpu}"]
    facts.append(f"runs here on: {EMULATORS[board.emulator] if board.emulator else 'nothing'}")
    if board.programmers:
        facts.append(f"is flashed by: {', '.join(board.programmers)}")
    if board.console.kind == "serial":
        facts.append(f"console: serial, {board.console.baud} baud")
    text = f"## `{board.name}`: {board.title}\n\n{sources(board.name)}\n\n"
    text += "".join(f"- {fact}\n" for fact in facts)
    if board.memories:
        text += f"\n{memories(board)}\n\n{placements(board)}\n"
    return text


def test_the_page_has_todays_boards() -> None:
    text = PAGE.read_text(encoding="utf-8")
    found = "\n".join(section(board_named(name)) for name in names())
    made = MARKED.sub(lambda _: f"\n{found}\n", text)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(made, encoding="utf-8")
    assert made == PAGE.read_text(encoding="utf-8"), "UPDATE_DOCS=1 writes it"


def test_what_the_page_says_is_in_the_files() -> None:
    """Read apart from device/: names, memories, addresses."""
    text = PAGE.read_text(encoding="utf-8")
    for name in names():
        facts = tomllib.loads((FOLDER / name / FILE).read_text(encoding="utf-8"))
        own = text.partition(f"## `{name}`")[2].partition("\n## ")[0]
        assert facts["board"]["title"] in own
        for memory in facts.get("memory", []):
            assert f"| `{memory['name']}` | `0x{memory['origin']:08X}` |" in own
        for tool in facts.get("programmers", {}):
            assert tool in own
