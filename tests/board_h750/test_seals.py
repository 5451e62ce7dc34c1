"""External flash is looked at before it is relied on: erased, of another build, or damaged."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from device.elf import Elf
from device.images import raw_image
from tests.board_h750.conftest import Run
from tests.board_h750.firmware import BOARD, RESULTS, Edit, Workshop

_QSPI = BOARD.memory("qspi")
_FAILED = 64


def _content(elf: Path) -> bytes:
    return raw_image(Elf(elf).segments, _QSPI)


def _with_content(elf: Path, content: bytes) -> Path:
    """The same firmware in the chip, something else in the external flash."""
    changed = elf.with_name(f"{elf.stem}-{zlib.crc32(content):08x}.elf")
    changed.write_bytes(Elf(elf).patched({_QSPI.origin: content}))
    return changed


def test_the_content_of_this_build_is_taken(workshop: Workshop, run: Run) -> None:
    elf = workshop.build(qspi=True)
    assert len(_content(elf)) > 64
    assert run(_with_content(elf, _content(elf)), revision="V").results == RESULTS


def _flip(position: int) -> Callable[[bytes, bytes], bytes]:
    def change(own: bytes, other: bytes) -> bytes:
        at = position % len(own)
        return own[:at] + bytes([own[at] ^ 0x10]) + own[at + 1 :]

    return change


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda own, other: b"\xff" * len(own), "erased"),
        (lambda own, other: other, "holds another build"),
        (lambda own, other: other[:16] + own[16:], "holds another build"),
        (lambda own, other: own[:16] + other[16:], "its checksum is wrong"),
        (lambda own, other: own[: len(own) // 2] + b"\xff" * (len(own) // 2), "checksum is wrong"),
        (_flip(16), "its checksum is wrong"),
        (_flip(-1), "its checksum is wrong"),
    ],
)
def test_other_content_is_refused(
    change: Callable[[bytes, bytes], bytes], text: str, workshop: Workshop, run: Run
) -> None:
    elf = workshop.build(qspi=True)
    more = Edit("bringup.c", "{3, 1, 4, 1, 5,", "{2, 7, 1, 8, 2,")
    other = _content(workshop.build(qspi=True, edits=[more]))
    own = _content(elf)
    assert len(own) == len(other) and own != other
    result = run(_with_content(elf, change(own, other)), revision="V")
    assert (result.status, result.results) == (_FAILED, b"")
    assert "error: external flash: " in result.console and text in result.console


def test_sealing_again_changes_nothing(workshop: Workshop) -> None:
    from device.seal import seals

    elf = workshop.build(qspi=True)
    program = Elf(elf)
    assert program.patched(seals(program, BOARD.memories)) == elf.read_bytes()
