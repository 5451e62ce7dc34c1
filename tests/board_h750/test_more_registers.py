"""Numbers of the manuals that this board's firmware does not need, on the blocks of the model."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from device.elf import Elf
from device.emulators.h750 import fmc, quadspi, rcc, usart
from device.emulators.h750.chip import Chip
from device.emulators.h750.fence import Fence
from device.emulators.h750.machine import Machine
from device.emulators.h750.mpu import Mpu
from device.emulators.h750.mt25q import Command, Mt25q
from device.emulators.h750.peripheral import Countdown
from device.emulators.h750.rules import Examiner, RuleBroken
from device.emulators.h750.storage import ExternalChip, Storage
from device.emulators.h750.wiring import STM32H750B_DK, Wiring
from support.errors import UserError

# RM0433, "Memory map and register boundary addresses", RCC_APB1LENR, RCC_APB2ENR: address of the
# block, RCC's enable register, bit.
PORTS = {
    1: (0x40011000, 0xF0, 4),
    2: (0x40004400, 0xE8, 17),
    3: (0x40004800, 0xE8, 18),
    4: (0x40004C00, 0xE8, 19),
    5: (0x40005000, 0xE8, 20),
    6: (0x40011400, 0xF0, 5),
    7: (0x40007800, 0xE8, 30),
    8: (0x40007C00, 0xE8, 31),
}


def chip_of(wiring: Wiring = STM32H750B_DK) -> Chip:
    return Chip("V", Storage(wiring=wiring), lambda byte: None, Examiner())


@pytest.mark.parametrize("number", PORTS)
def test_a_serial_port_is_where_the_manual_has_it(number: int) -> None:
    base, register, bit = PORTS[number]
    chip = chip_of(replace(STM32H750B_DK, usart=number))
    with pytest.raises(RuleBroken, match=r"bus\.clock-off"):
        chip.bus.write(base + usart.BRR, 4, 1)
    chip.bus.write(chip.rcc.base + register, 4, 1 << bit)
    chip.bus.read(chip.rcc.base + register, 4)
    chip.bus.write(base + usart.BRR, 4, 1)
    assert chip.usart.values[usart.BRR] == 1


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize(("source", "hertz"), [(0, 64e6), (3, 64e6), (4, 4e6), (2, 0)])
def test_a_serial_port_s_clock_is_chosen(number: int, source: int, hertz: float) -> None:
    """RCC_D2CCIP2R: the bus, HSI, CSI; PLL2 and PLL3, which the model has not, give none."""
    chip = chip_of(replace(STM32H750B_DK, usart=number))
    chip.rcc.values[rcc.D2CCIP2R] = source << (3 if number == 1 else 0)
    chip.usart.values |= {usart.CR1: 0b1001, usart.BRR: max(1, round(hertz / 115200))}
    # The next rule, where the baud rate is right.
    rule = r"pins\.function" if hertz else r"console\.setup"
    with pytest.raises(RuleBroken, match=rule):
        chip.usart.write(usart.TDR, 4, 0)


def test_a_reset_bit_resets_its_own_block() -> None:
    """RM0433, RCC_AHB3RSTR 0x07C bit 14 QSPIRST, RCC_APB1LRSTR 0x090 bit 18 USART3RST."""
    chip = chip_of()
    chip.quadspi.write(quadspi.DCR, 4, 0x100)
    chip.usart.write(usart.BRR, 4, 5)
    for other in (1 << 12, 1 << 19):
        chip.rcc.write(0x7C, 4, other)
        chip.rcc.write(0x90, 4, other)
    assert (chip.quadspi.values[quadspi.DCR], chip.usart.values[usart.BRR]) == (0x100, 5)
    chip.rcc.write(0x7C, 4, 1 << 14)
    chip.rcc.write(0x90, 4, 1 << 18)
    assert (chip.quadspi.values[quadspi.DCR], chip.usart.values[usart.BRR]) == (0, 0)


def test_dividers_of_the_clock() -> None:
    """RM0433, RCC_D1CFGR: D1CPRE, HPRE and D1PPRE."""
    chip = chip_of()
    for field in range(16):
        divider = 1 if field < 8 else (2, 4, 8, 16, 64, 128, 256, 512)[field - 8]
        chip.rcc.values[rcc.D1CFGR] = field
        assert chip.rcc.clocks().hclk == 64_000_000 // divider
        chip.rcc.values[rcc.D1CFGR] = field << 8
        assert chip.rcc.clocks().cpu == 64_000_000 // divider
    for field in range(8):
        chip.rcc.values[rcc.D1CFGR] = field << 4
        divider = 1 if field < 4 else (2, 4, 8, 16)[field - 4]
        assert chip.rcc.clocks().apb[0] == 64_000_000 // divider


@pytest.mark.parametrize("offset", [0x004, 0x008, 0x01C])
def test_registers_of_the_core_that_nobody_asks_for_are_there(offset: int) -> None:
    """ICTR, ACTLR, SYST_CALIB (ARMv7-M ARM, B3.2.2)."""
    assert chip_of().scs.read(offset, 4) == 0


@pytest.mark.parametrize("base", [0xC0000000, 0xD0000000])
def test_either_bank_of_sdram(base: int) -> None:
    """RM0433, FMC_SDCMR: bit 4 is bank 1, at 0xC0000000, bit 3 bank 2."""
    assert STM32H750B_DK.sdram
    chip = chip_of(replace(STM32H750B_DK, sdram=replace(STM32H750B_DK.sdram, base=base)))
    chip.fmc.values[fmc.BCR1] |= 1 << 31
    other = 1 << (3 if base == 0xC0000000 else 4)
    with pytest.raises(RuleBroken, match=r"sdram\.sequence"):
        chip.fmc.write(fmc.SDCMR, 4, 1 | other)
    # It is the bank's own command: what nobody has set up is looked at next.
    with pytest.raises(RuleBroken, match=r"pins\.function|sdram\.(window-open|settings)"):
        chip.fmc.write(fmc.SDCMR, 4, 1 | 1 << (4 if base == 0xC0000000 else 3))


@pytest.mark.parametrize(("count", "enough"), [(1, False), (2, True), (15, True)])
def test_refreshes_at_the_start(count: int, enough: bool) -> None:
    """JEDEC: two at least; RM0433, FMC_SDCMR.NRFS is one less."""
    chip = chip_of()
    chip.fmc.values[fmc.BCR1] |= 1 << 31
    chip.fmc._done = [1, 2]
    if enough:
        chip.fmc.write(fmc.SDCMR, 4, 3 | 1 << 3 | (count - 1) << 5)
    else:
        with pytest.raises(RuleBroken, match=r"sdram\.sequence"):
            chip.fmc.write(fmc.SDCMR, 4, 3 | 1 << 3 | (count - 1) << 5)


@pytest.mark.parametrize("bits", [8, 9, 12])
def test_an_eighth_of_a_region_is_left_out(bits: int) -> None:
    """From 256 bytes on (ARMv7-M ARM, MPU_RASR.SRD)."""
    mpu = Mpu()
    mpu.control = 1
    mpu.write_base(0x20000000)
    mpu.write_attributes(3 << 24 | 1 << (8 + 5) | (bits - 1) << 1 | 1)
    eighth = 1 << (bits - 3)
    readable = [mpu.at(0x20000000 + part * eighth).read for part in range(9)]
    assert readable == [True] * 5 + [False] + [True] * 2 + [False]


def test_a_flag_that_nobody_asked_for_is_not_waited_for() -> None:
    flag = Countdown()
    assert flag.over
    assert flag.look()
    flag.start()
    assert [flag.look() for _ in range(4)] == [False, False, True, True]


@pytest.fixture
def flash() -> Mt25q:
    return Mt25q(ExternalChip(Storage(), 0), Examiner(["qspi.protocol"]))


def status(flash: Mt25q, lines: int = 1) -> int:
    return flash.execute(Command(0x05, lines, 0, 1, lines, 0, length=1))[0]


def test_write_enable_is_one_bit_of_the_status(flash: Mt25q) -> None:
    flash.execute(Command(0x06, 1, 0, 1, 0, 0))
    assert status(flash) == 2
    flash.execute(Command(0x12, 1, 1, 4, 1, 0, data=b"\x12"))
    assert status(flash) == 1
    while status(flash):
        pass


@pytest.mark.parametrize(("opcode", "address", "data"), [(0x12, 1, 1), (0x34, 1, 4), (0x3E, 4, 4)])
def test_lines_of_each_program(opcode: int, address: int, data: int, flash: Mt25q) -> None:
    """MT25Q, "Command definitions": on other lines of address or data nothing is programmed."""
    read = Command(0x13, 1, 1, 4, 1, 0, length=1, hertz=1_000_000)
    for wrong in ((5 - address, data), (address, 5 - data)):
        flash.execute(Command(0x06, 1, 0, 1, 0, 0))
        try:
            flash.execute(Command(opcode, 1, wrong[0], 4, wrong[1], 0, data=b"\x12"))
        except RuleBroken:
            continue
        assert status(flash) == 2, "taken on other lines"
    flash.execute(Command(0x06, 1, 0, 1, 0, 0))
    flash.execute(Command(opcode, 1, address, 4, data, 0, data=b"\x12"))
    while status(flash):
        pass
    assert flash.execute(read) == b"\x12"


def test_four_lines_are_entered_and_left_by_command(flash: Mt25q) -> None:
    flash.execute(Command(0x35, 1, 0, 1, 0, 0))
    assert flash.lines == 4
    flash.execute(Command(0x35, 1, 0, 1, 0, 0))
    assert flash.lines == 4, "nothing is understood on one line"
    flash.execute(Command(0xF5, 4, 0, 1, 0, 0))
    assert flash.lines == 1


def test_one_of_two_flash_chips_is_chosen() -> None:
    """RM0433, QUADSPI_CR.FSEL, while DFM is 0."""
    chip = chip_of()
    second = chip.quadspi.flashes[1]
    second.execute(Command(0x06, 1, 0, 1, 0, 0))
    for select, wanted in ((0, 0), (1, 2)):
        chip.quadspi.reset()
        chip.quadspi.values[quadspi.CR] = 1 | select << 7
        chip.quadspi._run(0x05 | 1 << 8 | 1 << 24 | 1 << 26)
        assert chip.quadspi.read(quadspi.DR, 1) == wanted


def test_a_voltage_is_ready_after_its_write_was_read_back() -> None:
    """RM0433, PWR_D3CR, 0x18: VOS in bits 15 and 14; VOSRDY, 13, is the former one's at first."""
    chip = chip_of()
    chip.pwr.run_mode = True
    register, wanted, ready = 0x58024818, 3 << 14, 1 << 13
    chip.bus.write(register, 4, wanted)
    found = [chip.bus.read(register, 4) for _ in range(5)]
    assert found[:2] == [wanted | ready, wanted]
    assert found[-1] == wanted | ready


def linked(source: str, folder: Path) -> Elf:
    """An assembly source in the chip's own flash, behind where vectors would be."""
    (folder / "code.S").write_text(f"{source}\n")
    words = ["arm-none-eabi-gcc", "-mcpu=cortex-m7", "-mthumb", "-nostdlib", "code.S", "-o", "elf"]
    subprocess.run([*words, "-Wl,-Ttext=0x08000400,-e,0x08000400"], cwd=folder, check=True)
    return Elf(folder / "elf")


def test_a_flash_without_vectors_starts_nothing(tmp_path: Path) -> None:
    """RM0433, "Boot modes": the first two words are the stack and where code begins."""
    elf = linked(".global board_finish\nboard_finish: b board_finish", tmp_path)
    machine = Machine(elf, "V", lambda byte: None, Examiner(), storage=Storage())
    with pytest.raises(UserError, match="no vector table at 0x08000000"):
        machine.run(10)


def test_an_inference_begins_at_the_first_function_that_was_put_in_front(tmp_path: Path) -> None:
    """Not at one of another place, nor at a datum."""
    labels = ["before", "__nn_kernels_start", "table", "inference", "__nn_inference_end", "behind"]
    functions = ("before", "inference", "behind")
    lines = [
        f".global {name}\n.type {name}, %{'function' if name in functions else 'object'}"
        f"\n{name}: .word 0"
        for name in labels
    ]
    elf = linked("\n".join(lines), tmp_path)
    assert Fence(elf).entry == elf.address("inference")
