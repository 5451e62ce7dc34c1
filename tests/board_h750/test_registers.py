"""Limits of registers and commands, on the blocks of the model: no firmware meets them all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from device.emulators.h750 import flash as flash_registers
from device.emulators.h750 import quadspi, rcc, usart
from device.emulators.h750.chip import Chip
from device.emulators.h750.mt25q import Command, Mt25q
from device.emulators.h750.rules import Examiner, RuleBroken
from device.emulators.h750.serve import Pipes
from device.emulators.h750.storage import ExternalChip, Storage
from device.emulators.h750.target import Target

# PLLCFGR: input 4 .. 8 MHz (PLL1RGE = 2), VCO wide or medium (PLL1VCOSEL).
WIDE, MEDIUM = 2 << 2, 2 << 2 | 1 << 1
# Multipliers of 8 MHz, from HSI, at the limits of RM0433, "PLL": 192 .. 960 and 150 .. 420 MHz.
INSIDE = [(WIDE, 24), (WIDE, 120), (MEDIUM, 19), (MEDIUM, 52)]
OUTSIDE = [(WIDE, 23), (WIDE, 121), (MEDIUM, 18), (MEDIUM, 53)]


@pytest.fixture
def chip() -> Chip:
    return Chip("V", Storage(), lambda byte: None, Examiner())


def start_pll1(chip: Chip, configuration: int, times: int) -> None:
    chip.rcc.write(rcc.PLLCKSELR, 4, 8 << 4)  # HSI, 64 MHz, divided by 8
    chip.rcc.write(rcc.PLLCFGR, 4, configuration)
    chip.rcc.write(rcc.PLL1DIVR, 4, times - 1)
    chip.rcc.write(rcc.CR, 4, chip.rcc.values[rcc.CR] | rcc.PLL1ON)


@pytest.mark.parametrize(("configuration", "times"), INSIDE)
def test_vco_within_its_range(configuration: int, times: int, chip: Chip) -> None:
    start_pll1(chip, configuration, times)
    assert chip.rcc.values[rcc.CR] & rcc.PLL1ON


@pytest.mark.parametrize(("configuration", "times"), OUTSIDE)
def test_vco_out_of_its_range(configuration: int, times: int, chip: Chip) -> None:
    with pytest.raises(RuleBroken, match=r"clock\.pll-range"):
        start_pll1(chip, configuration, times)


@pytest.mark.parametrize("offset", [quadspi.CR, quadspi.DCR, quadspi.DLR, quadspi.CCR, quadspi.AR])
def test_no_register_is_written_while_the_window_is_open(offset: int, chip: Chip) -> None:
    """BUSY is set as long as the flash is mapped (RM0433, "QUADSPI", memory-mapped mode)."""
    chip.quadspi.write(offset, 4, 0x100)
    chip.quadspi.mapped = True
    with pytest.raises(RuleBroken, match=r"qspi\.busy"):
        chip.quadspi.write(offset, 4, 0x100)


def test_every_byte_is_received(chip: Chip) -> None:
    """A zero is a byte, too."""
    bytes_ = iter((0, 255))
    chip.receive = lambda: next(bytes_, -1)
    chip.rcc.write(rcc.APB1LENR, 4, 1 << 18)
    port = chip.usart
    port.write(usart.CR1, 4, 0b101)  # UE and RE
    for byte in (0, 255):
        assert port.read(usart.ISR, 4) >> 5 & 1
        assert port.read(usart.RDR, 4) == byte
    assert not port.read(usart.ISR, 4) >> 5 & 1
    assert port.read(usart.RDR, 4) == 0


def test_option_bytes_are_not_changed_while_they_are_locked(chip: Chip) -> None:
    """What was written before the lock stays a wish (RM0433, "FLASH_OPTCR", OPTLOCK)."""
    registers = chip.flash
    before = registers.values[flash_registers.BOOT_CUR]
    for key in (0x08192A3B, 0x4C5D6E7F):
        registers.write(flash_registers.OPTKEYR, 4, key)
    registers.write(flash_registers.BOOT_PRG, 4, before ^ 1)
    registers.write(flash_registers.OPTCR, 4, 1)
    registers.write(flash_registers.OPTCR, 4, 2 | 1)
    assert registers.values[flash_registers.BOOT_CUR] == before
    for key in (0x08192A3B, 0x4C5D6E7F):
        registers.write(flash_registers.OPTKEYR, 4, key)
    registers.write(flash_registers.OPTCR, 4, 2)
    assert registers.values[flash_registers.BOOT_CUR] == before ^ 1


def test_a_console_without_input_says_so_until_nothing_else_is_done() -> None:
    """The model's, on stdin: its eighth look in a row would wait there."""
    pipes = Pipes()
    for _ in range(3):
        assert [pipes.receive() for _ in range(7)] == [-1] * 7
        pipes.send(0)


@pytest.fixture
def flash() -> Mt25q:
    return Mt25q(ExternalChip(Storage(), 0), Examiner())


ENABLE, DISABLE, RESET, ARM = (Command(code, 1, 0, 1, 0, 0) for code in (0x06, 0x04, 0x99, 0x66))
STATUS = Command(0x05, 1, 0, 1, 1, 0, length=1)
PROGRAM = Command(0x12, 1, 1, 4, 1, 0, data=b"\x12")
ERASE = Command(0xDC, 1, 1, 4, 0, 0)
READ = Command(0x13, 1, 1, 4, 1, 0, length=1, hertz=1_000_000)


def first_byte(flash: Mt25q) -> int:
    """What is stored, once the chip is no longer busy."""
    for _ in range(100):
        if not flash.execute(STATUS)[0] & 1:
            return flash.execute(READ)[0]
    raise AssertionError("busy for ever")


def test_nothing_is_programmed_before_write_enable(flash: Mt25q) -> None:
    flash.execute(PROGRAM)
    assert first_byte(flash) == 0xFF
    flash.execute(ENABLE)
    assert flash.execute(STATUS)[0] & 2
    flash.execute(DISABLE)
    flash.execute(PROGRAM)
    assert first_byte(flash) == 0xFF
    flash.execute(ENABLE)
    flash.execute(PROGRAM)
    assert first_byte(flash) == 0x12


def test_a_change_takes_the_write_enable_with_it(flash: Mt25q) -> None:
    flash.execute(ENABLE)
    flash.execute(PROGRAM)
    assert first_byte(flash) == 0x12
    assert not flash.execute(STATUS)[0] & 2
    flash.execute(ERASE)
    assert first_byte(flash) == 0x12
    flash.execute(ENABLE)
    flash.execute(ERASE)
    assert first_byte(flash) == 0xFF


def test_a_reset_takes_the_write_enable_with_it(flash: Mt25q) -> None:
    for command in (ENABLE, ARM, RESET, PROGRAM):
        flash.execute(command)
    assert first_byte(flash) == 0xFF


@pytest.mark.parametrize(
    ("evcr", "lines"),
    [(0xFF, 1), (0xBF, 2), (0x7F, 4), (0x3F, 4)],
    ids=["spi", "dpi", "qpi", "both"],
)
def test_a_chip_listens_on_the_lines_of_its_protocol_until_its_reset(
    evcr: int, lines: int, flash: Mt25q
) -> None:
    """EVCR, bits 7 and 6 (Micron, MT25Q): each command on other lines is not understood."""
    identity = bytes((0x20, 0xBA, 0x20))

    def named(on: int) -> bool:
        ask = Command(0x9F if on == 1 else 0xAF, on, 0, 1, on, 0, length=3)
        return flash.execute(ask) == identity

    flash.execute(ENABLE)
    flash.execute(Command(0x61, 1, 0, 1, 1, 0, data=bytes((evcr,))))
    assert [named(on) for on in (1, 2, 4)] == [on == lines for on in (1, 2, 4)]
    for on in (1, 2, 4):
        for opcode in (0x66, 0x99):
            flash.execute(Command(opcode, on, 0, 1, 0, 0))
        assert named(1) == (on >= lines)


def test_two_lines_program_and_read(flash: Mt25q) -> None:
    flash.lines = 2
    program = Command(0x12, 2, 2, 4, 2, 0, data=b"\x12")
    flash.execute(Command(0x06, 2, 0, 1, 0, 0))
    flash.execute(replace(program, opcode=0x34))  # quad input program: not in dual I/O
    assert not flash.execute(Command(0x05, 2, 0, 1, 2, 0, length=1))[0] & 1
    flash.execute(program)
    while flash.execute(Command(0x05, 2, 0, 1, 2, 0, length=1))[0] & 1:
        pass
    read = Command(0x0C, 2, 2, 4, 2, 8, length=2, hertz=1_000_000)
    assert flash.execute(read) == b"\x12\xff"
    with pytest.raises(RuleBroken, match=r"qspi\.protocol"):
        flash.execute(replace(read, opcode=0xEC))


def test_a_debugger_finds_a_transfer_done_when_it_looks() -> None:
    """OpenOCD waits 0.1 s by the clock, in which a busy computer may not ask three times."""
    target = Target(Storage(), "V", console=lambda byte: None, say=lambda line: None)
    base = target.chip.quadspi.base
    target.write_memory(target.chip.rcc.base + rcc.AHB3ENR, 4, 1 << 14)
    target.write_memory(base + quadspi.CR, 4, 1)
    target.write_memory(base + quadspi.CCR, 4, 0x166)
    assert target.chip.quadspi.read(quadspi.SR, 4) >> 5 & 1, "the core comes at once"
    assert not target.read_memory(base + quadspi.SR, 4) >> 5 & 1
    broken = Target(
        Storage(), "V", console=lambda byte: None, say=lambda line: None, broken=["qspi-busy"]
    )
    broken.write_memory(broken.chip.rcc.base + rcc.AHB3ENR, 4, 1 << 14)
    broken.write_memory(base + quadspi.CR, 4, 1)
    broken.write_memory(base + quadspi.CCR, 4, 0x166)
    assert broken.read_memory(base + quadspi.SR, 4) >> 5 & 1, "hardware that hangs stays so"


@pytest.mark.parametrize("protected", [True, False])
def test_a_protected_sector_takes_no_word(protected: bool, chip: Chip) -> None:
    """WRPERR, where the sector's bit in WPSN is clear (RM0433, "FLASH_WPSN_CUR1R")."""
    registers = chip.flash
    registers.values[flash_registers.WPSN_CUR] = 0 if protected else 0xFF
    for key in (0x45670123, 0xCDEF89AB):
        registers.write(flash_registers.KEYR, 4, key)
    registers.write(flash_registers.CR, 4, 2)
    for offset in range(0, 32, 4):
        registers.store(offset, 4, 0x12345678)
    assert bool(registers.values[flash_registers.SR] & flash_registers.WRPERR) is protected
    assert (chip.storage.flash[:32] == 8 * b"\x78\x56\x34\x12") is not protected
