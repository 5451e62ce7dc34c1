"""Flash images: as binutils reads them, and only of what a board can store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from device.boards import Board, Memory
from device.elf import Elf, Segment
from device.images import intel_hex, raw_image
from device.layout import check_layout
from support.errors import UserError
from tests.device.conftest import ROOT, Build, board_toml


def objcopy(*arguments: object) -> None:
    subprocess.run(["arm-none-eabi-objcopy", *map(str, arguments)], check=True)


def test_raw_image_is_what_objcopy_makes(tmp_path: Path, mps2: Board, build: Build) -> None:
    elf, expected = build("echo"), tmp_path / "expected.bin"
    objcopy("-O", "binary", "--remove-section=.nn_subset", "--gap-fill=0xff", elf, expected)
    code = expected.read_bytes()
    assert raw_image(Elf(elf).segments, mps2.memory("code")) == code + b"\xff" * (-len(code) % 4)
    subset = raw_image(Elf(elf).segments, mps2.memory("psram"))
    assert subset == bytes([1, 2, 3, 4]) + bytes(6) + b"\xff" * 2
    assert raw_image(Elf(elf).segments, mps2.memory("ram")) == b""


def test_gaps_are_erased_flash() -> None:
    memory = Memory("flash", 0x100, 0x100, "flash", "rx", word=4)
    segments = [Segment(0x108, 0x108, b"B", 1), Segment(0x102, 0x102, b"A", 1)]
    assert raw_image(segments, memory) == b"\xff\xffA\xff\xff\xff\xff\xffB\xff\xff\xff"


def test_hex_reads_back(tmp_path: Path) -> None:
    """Across 64 KiB borders, odd sizes, three memories and the end of the address space."""
    memories = [
        Memory("external", 0x9000FFF0, 0x100000, "flash", "rx", word=1),
        Memory("flash", 0x08000000, 0x20000, "flash", "rx", word=32),
        Memory("ram", 0x20000000, 0x1000, "ram", "rwx"),
        Memory("last", 0xFFFFFFF0, 16, "flash", "r"),
    ]
    segments = [
        Segment(0x9000FFF3, 0, bytes(range(256)) * 300, 76800),
        Segment(0x08000021, 0, b"odd", 3),
        Segment(0xFFFFFFF0, 0, bytes(16), 16),
        Segment(0x20000000, 0, b"", 64),
    ]
    hex_file = tmp_path / "image.hex"
    hex_file.write_text(intel_hex(segments, memories, 0x08000001))
    objcopy("-I", "ihex", hex_file, "-O", "elf32-littlearm", tmp_path / "back.elf")
    with (tmp_path / "back.elf").open("rb") as stream:
        sections = [s for s in ELFFile(stream).iter_sections() if s["sh_type"] == "SHT_PROGBITS"]
        parts = sorted((section["sh_addr"], section.data()) for section in sections)
    internal = b"\xff" * 33 + b"odd" + b"\xff" * 28
    external = b"\xff" * 3 + segments[0].data
    assert b"".join(data for _, data in parts) == internal + external + bytes(16)
    assert {0x08000000, 0x9000FFF0, 0xFFFFFFF0} <= {address for address, _ in parts}


def test_command(tmp_path: Path, build: Build) -> None:
    memories = tmp_path / "memories.json"
    run("memories", "--board", board_toml("mps2_an500"), "--out", memories)
    hex_file, code, ram = (tmp_path / name for name in ("a.hex", "code.bin", "ram.bin"))
    arguments = ["--elf", build("echo"), "--memories", memories, "--hex", hex_file]
    assert run("images", *arguments, "--bin", f"code={code}", "--bin", f"ram={ram}") == (0, "")
    assert hex_file.read_text().endswith(":00000001FF\n")
    assert code.stat().st_size > 1000
    assert ram.read_bytes() == b""
    status, errors = run("images", *arguments, "--bin", f"cod={code}")
    assert status == 1 and "no memory 'cod'" in errors and "did you mean 'code'?" in errors


@pytest.mark.parametrize(
    ("moved", "message"),
    [
        ("PSRAM=0x70000000", "lies in no memory of the board"),
        ("PSRAM=0x60fffffc", "lies in no memory of the board"),
        ("PSRAM=0x20100000", "which is empty after power-on"),
        ("RAM=0x60001000", "is writable"),
    ],
)
def test_layout(mps2: Board, build: Build, moved: str, message: str) -> None:
    elf = build("echo", flags=[f"-Wl,--defsym={moved}"])
    with pytest.raises(UserError, match=message):
        check_layout(Elf(elf), mps2.memories)


def test_layout_reserved_and_not_executable(mps2: Board, build: Build) -> None:
    elf = Elf(build("echo"))
    check_layout(elf, mps2.memories)
    code, ram, psram = mps2.memories
    reserved = Memory(**{**vars(code), "reserve_start": 32})
    with pytest.raises(UserError, match="first 32 bytes of 'code'"):
        check_layout(elf, [reserved, ram, psram])
    no_code = Memory(**{**vars(ram), "access": "rw"})
    with pytest.raises(UserError, match="holds code"):
        check_layout(elf, [code, no_code, psram])


def test_two_segments_may_not_share_a_flash_word(mps2: Board, build: Build) -> None:
    elf = Elf(build("echo"))
    code, ram, psram = mps2.memories
    ends = sorted((s.load, s.load + len(s.data)) for s in elf.segments if s.data)
    assert ends[0][1] == ends[1][0], "the case needs neighbours"
    word = 1 << (ends[1][0] & -ends[1][0]).bit_length()  # the smallest that both lie in
    with pytest.raises(UserError, match=f"share the {word}-byte flash word"):
        check_layout(elf, [Memory(**{**vars(code), "word": word}), ram, psram])
    check_layout(elf, [Memory(**{**vars(code), "word": word // 2}), ram, psram])


def run(*arguments: object) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "device", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr
