"""The board behind its debug port: the processor halts, steps and runs as a debugger tells it.

ARMv7-M ARM, C1 "ARMv7-M Debug". The rules of the hardware are held from a reset until a debugger
stops the core: they are for firmware. Tools and their loaders are held to what no chip can do, a
clock above what the voltage or the flash's wait states allow; a debugger that sets one is refused
from then on, so that no tool can take the board for a sound one. The model has no exceptions: a
fault locks the core up where it happened.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

import unicorn as uc
from unicorn import arm_const as arm

from device.debugport.memory import BusFault
from device.emulators.h750.backing import make_backings
from device.emulators.h750.breakpoints import FP_BASE, Breakpoints
from device.emulators.h750.chip import Chip
from device.emulators.h750.components import ROM_TABLE, component_register
from device.emulators.h750.flash import DBECCERR, RDPERR
from device.emulators.h750.memories import FLASH
from device.emulators.h750.mt25q import Mt25q
from device.emulators.h750.processor import Processor
from device.emulators.h750.registers import CORE_REGISTERS
from device.emulators.h750.rules import RuleBroken, TargetRules
from device.emulators.h750.storage import Storage

T = TypeVar("T")

DFSR, DHCSR, DCRSR, DCRDR, DEMCR = 0xE000ED30, 0xE000EDF0, 0xE000EDF4, 0xE000EDF8, 0xE000EDFC
AIRCR = 0xE000ED0C
_C_DEBUGEN, _C_HALT, _C_STEP, _C_MASKINTS = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_S_REGRDY, _S_HALT, _S_LOCKUP, _S_RETIRE, _S_RESET = (1 << n for n in (16, 17, 19, 24, 25))
_DEBUG_KEY, _RESET_KEY = 0xA05F, 0x05FA
_SYSRESETREQ, _VECTRESET = 1 << 2, 1 << 0
_VC_CORERESET, _VC_HARDERR, _TRCENA = 1 << 0, 1 << 10, 1 << 24
_HALTED, _BKPT, _VCATCH = 1 << 0, 1 << 1, 1 << 3
_EXCEPTION_BKPT = 7  # of QEMU's target/arm/cpu.h
_THUMB = 1 << 24  # of xPSR; Unicorn takes it from the address it starts at
_PPB = 0xE0000000
_STEP_BLOCKS = 4  # an instruction that changes the rights of memories is begun twice
# System memory: the unique ID and the size of the flash in KiB (RM0433 "Device electronic
# signature").
_SIGNATURE = {0x1FF1E800: 0x00350028, 0x1FF1E804: 0x30365105, 0x1FF1E808: 0x20363548}
_FLASH_SIZE = 0x1FF1E880
_DEBUG_APB = 0xE00E1000  # DBGMCU as the debug bus shows it
_DBGMCU = 0x5C001000


@dataclass
class _Core:
    """The debug state that survives a reset of the processor."""

    control: int = 0  # C_… bits of DHCSR
    demcr: int = 0
    dfsr: int = 0
    data: int = 0  # DCRDR
    was_reset: bool = True
    halted: bool = False
    locked_up: bool = False
    stepping: bool = False


class Target(Processor):
    """A board after power-on, held in reset until `release`.

    Args:
        storage: what it keeps without power.
        revision: silicon revision.
        console: takes each byte the firmware sends.
        say: takes a line for the person who watches the board.
        broken: defects of the board, out of `chip.DEFECTS`.
        ignored: rules that are not held.
        finish: address at which the firmware is done; it stays there until a debugger comes.
        protocol: of the flash chips at the start, out of `mt25q.PROTOCOLS`.

    Attributes:
        refuses: whether a debugger broke a rule: its accesses fail until the board is switched off.
    """

    rom_table = ROM_TABLE
    refuses = False

    def __init__(
        self,
        storage: Storage,
        revision: str,
        *,
        console: Callable[[int], None],
        say: Callable[[str], None],
        broken: Collection[str] = (),
        ignored: Collection[str] = (),
        finish: int | None = None,
        protocol: str = "spi",
    ) -> None:
        self.storage, self._say = storage, say
        rules = self._rules = TargetRules([*ignored, "inference.memory"])
        self._new_chip: Callable[[tuple[Mt25q, ...] | None], Chip] = lambda chips: Chip(
            revision, storage, console, rules, broken, protocol=protocol, chips=chips
        )
        super().__init__(
            rules,
            lambda engine: make_backings(engine, storage, broken),
            lambda: self._new_chip(None),
        )
        self._core, self._pc = _Core(), 0
        self._breakpoints = Breakpoints(self.engine)
        self._in_reset = self._code_changed = False
        self._reset_wanted = False
        self._blocks = 0
        self._finish = finish
        self._exception: int | None = None
        self.engine.hook_add(uc.UC_HOOK_INTR, self._on_exception)
        self.reset()

    # --- reset ------------------------------------------------------------------------------------
    def hold_reset(self, held: bool) -> None:
        """The reset pin: low while `held`."""
        if held and not self._in_reset:
            self._restart_chip()
        released = self._in_reset and not held
        self._in_reset = held
        if released:
            self._leave_reset()

    def reset(self) -> None:
        """A reset of the processor and everything on the chip but its debug registers."""
        self._restart_chip()
        if not self._in_reset:
            self._leave_reset()

    def _restart_chip(self) -> None:
        receive = self.chip.receive
        self.chip = self._new_chip(self.chip.quadspi.flashes)
        self.chip.receive = receive
        self.chip.stale = True
        self._replay = self.broken = self.fault = self._exception = None
        self.ecc_failed = self._reset_wanted = False
        core = self._core
        core.was_reset, core.locked_up, core.halted, core.stepping = True, False, False, False
        core.control &= ~(_C_HALT | _C_STEP)
        self._rules.strict = False
        self.stops = set()

    def _leave_reset(self) -> None:
        core = self._core
        for register in CORE_REGISTERS.values():
            self.engine.reg_write(register, 0)
        self.engine.reg_write(arm.UC_ARM_REG_XPSR, _THUMB)
        self.engine.reg_write(arm.UC_ARM_REG_LR, 0xFFFFFFFF)
        try:
            stack, entry = (self.read_memory(FLASH.base + i, 4) for i in (0, 4))
        except BusFault:
            stack, entry = 0, 0
        self.engine.reg_write(arm.UC_ARM_REG_MSP, stack & ~3)
        self.engine.reg_write(arm.UC_ARM_REG_PC, entry & ~1)
        self._pc = entry & ~1
        if core.control & _C_DEBUGEN and core.demcr & _VC_CORERESET:
            self._halt(_VCATCH)
        elif core.control & _C_DEBUGEN and core.control & _C_HALT:
            self._halt(_HALTED)
        elif not entry & 1 or self.chip.wiring.region_at(entry) is None:
            self._lock_up(f"there is no firmware: the reset vector is {entry:#010x}")
        else:
            self._rules.strict = True
            self.stops = set() if self._finish is None else {self._finish}
            self.chip.stale = True

    # --- halting ----------------------------------------------------------------------------------
    @property
    def runs(self) -> bool:
        """Whether the core executes instructions."""
        core = self._core
        return not (self._in_reset or core.halted or core.locked_up or self.finished)

    def _halt(self, reason: int) -> None:
        self._core.halted, self._core.stepping = True, False
        self._core.control |= _C_HALT  # as the hardware does when it enters Debug state
        self._core.dfsr |= reason
        if self._rules.strict:
            self._rules.strict = False
            self.stops = set()
            self.chip.stale = True

    def _lock_up(self, why: str) -> None:
        self._core.locked_up = True
        if self._core.control & _C_DEBUGEN:
            self._halt(_VCATCH if self._core.demcr & _VC_HARDERR else _HALTED)
        self._say(why)

    def _on_exception(self, engine: uc.Uc, number: int, _: object) -> None:
        self._exception = number
        engine.emu_stop()

    # --- running ----------------------------------------------------------------------------------
    def run(self, blocks: int) -> None:
        """Run about that many blocks of code, or to the next stop."""
        if not self.runs:
            return
        self._blocks = blocks
        while self._blocks > 0 and self.runs:
            if self.chip.stale:
                self.map_memories()
            count = 1 if self._core.stepping else 0
            try:
                self._pc = self.emulate(self._pc, count=count)
            except uc.UcError as error:
                self._pc = self.engine.reg_read(arm.UC_ARM_REG_PC)
                self._after_fault(str(error))
                return
            self._after_stop()

    @property
    def finished(self) -> bool:
        """Whether firmware that nobody stopped since its reset stands at its end."""
        return self._rules.strict and self._pc == self._finish

    def _on_block(self, engine: uc.Uc, address: int, size: int, data: object) -> None:
        self._blocks -= 1
        if self._blocks < 0:
            engine.emu_stop()
        else:
            super()._on_block(engine, address, size, data)

    def _after_stop(self) -> None:
        if self.broken is not None:
            rule, detail = self.broken.rule, self.broken.detail
            self.broken = None
            self._lock_up(f"{self._pc:#010x} breaks the rule {rule.name}: {rule.text} ({detail})")
        elif self.ecc_failed:
            self.ecc_failed = False
            self._after_fault("ECC error")
        elif self._reset_wanted:
            self.reset()
        elif self._exception is not None:
            number, self._exception = self._exception, None
            if number == _EXCEPTION_BKPT and self._core.control & _C_DEBUGEN:
                self._halt(_BKPT)
            else:
                what = "breakpoint instruction" if number == _EXCEPTION_BKPT else "fault"
                self._lock_up(f"{self._pc:#010x}: a {what}, and no debugger is there")
        elif self._breakpoints.hit():
            self._halt(_BKPT)
        elif self._core.stepping and self._replay is None:
            self._halt(_HALTED)

    def _after_fault(self, what: str) -> None:
        place = f" at {self.fault[0]:#010x}" if self.fault else ""
        self._lock_up(f"{self._pc:#010x}: the processor faults{place}: {what}")

    def write_register(self, address: int, size: int, value: int) -> None:
        if address == AIRCR and value >> 16 == _RESET_KEY and value & _SYSRESETREQ:
            self._reset_wanted = True
            self.engine.emu_stop()
        else:
            super().write_register(address, size, value)

    # --- the debugger's memory accesses -----------------------------------------------------------
    def read_memory(self, address: int, size: int) -> int:
        """A read by the debug port.

        Raises:
            BusFault: nothing answers.
        """
        if self.refuses:
            raise BusFault
        if address >= _PPB:
            return self._read_debug(address, size)
        wiring = self.chip.wiring
        region = wiring.region_at(address)
        if region is None:
            return self._read_register(address, size)
        offset = address - region.base
        if region is FLASH:
            flash = self.chip.flash
            if flash.read_protected or flash.execute_only(offset):
                flash.note(RDPERR)
                raise BusFault
            if not flash.check_word(offset):
                flash.note(DBECCERR)
                raise BusFault
        if region is wiring.qspi and not self.chip.quadspi.mapped:
            raise BusFault
        if region is wiring.sdram_region and not self.chip.fmc.ready:
            raise BusFault
        if region is wiring.qspi and self.chip.quadspi.garbled:
            return (1 << 8 * size) - 1
        return int.from_bytes(self.backings[region].read(offset, size), "little")

    def write_memory(self, address: int, size: int, value: int) -> None:
        """A write by the debug port.

        Raises:
            BusFault: nothing takes it.
        """
        if self.refuses:
            raise BusFault
        if address >= _PPB:
            self._write_debug(address, size, value)
            return
        wiring = self.chip.wiring
        region = wiring.region_at(address)
        if region is None:
            if not self.chip.bus.knows(address):
                raise BusFault
            self._leniently(lambda: self.chip.bus.write(address, size, value))
        elif region is FLASH:
            self.chip.flash.store(address - FLASH.base, size, value)
        elif region is wiring.qspi or (region is wiring.sdram_region and not self.chip.fmc.ready):
            raise BusFault
        else:
            offset = address - region.base
            data = value.to_bytes(size, "little")
            self.backings[region].content[offset : offset + size] = data
            self._code_changed = True

    def _read_register(self, address: int, size: int) -> int:
        if address in _SIGNATURE:
            return _SIGNATURE[address]
        if address == _FLASH_SIZE:
            return FLASH.size >> 10
        if not self.chip.bus.knows(address):
            raise BusFault
        # A debugger comes milliseconds later, and waits by the clock: OpenOCD 0.1 s for BUSY.
        self.chip.quadspi.settle()
        return self._leniently(lambda: self.chip.bus.read(address, size))

    def _leniently(self, access: Callable[[], T]) -> T:
        """A debugger's access, held to the rules for tools.

        Raises:
            BusFault: it broke one.
        """
        before, self._rules.strict = self._rules.strict, False
        try:
            return access()
        except RuleBroken as broken:
            self.refuses, rule = True, broken.rule
            self._say(f"the tool breaks the rule {rule.name}: {rule.text} ({broken.detail})")
            raise BusFault from None
        finally:
            self._rules.strict = before

    def _read_debug(self, address: int, size: int) -> int:
        core = self._core
        if address == DHCSR:
            state = _S_REGRDY | _S_RETIRE | core.control
            state |= _S_HALT if core.halted else 0
            state |= _S_LOCKUP if core.locked_up else 0
            state |= _S_RESET if core.was_reset or self._in_reset else 0
            core.was_reset = False
            return state
        own = {DFSR: core.dfsr, DCRSR: 0, DCRDR: core.data, DEMCR: core.demcr}
        if address in own:
            return own[address]
        if address == AIRCR:
            return 0xFA050000
        if FP_BASE <= address < FP_BASE + 0xFD0:
            return self._breakpoints.read(address - FP_BASE)
        found = component_register(address)
        if found is not None:
            return found
        if address >> 12 == _DEBUG_APB >> 12:
            return self._read_register(_DBGMCU + address % 0x1000, size)
        if not self.chip.bus.knows(address):
            return 0  # the private peripheral bus and the debug bus: other components, not modelled
        return self._leniently(lambda: self.chip.bus.read(address, size))

    def _write_debug(self, address: int, size: int, value: int) -> None:
        core = self._core
        if address == DHCSR:
            if value >> 16 == _DEBUG_KEY:
                self._write_control(value & 0x2F)
        elif address == DCRSR:
            self._transfer(value)
        elif address == DCRDR:
            core.data = value
        elif address == DEMCR:
            core.demcr = value
            self._leniently(lambda: self.chip.bus.write(address, size, value))
        elif address == DFSR:
            core.dfsr &= ~value
        elif address == AIRCR:
            if value >> 16 == _RESET_KEY and value & (_SYSRESETREQ | _VECTRESET):
                self.reset()
        elif FP_BASE <= address < FP_BASE + 0xFD0:
            self._breakpoints.write(address - FP_BASE, value)
        elif address >> 12 == _DEBUG_APB >> 12:
            self.write_memory(_DBGMCU + address % 0x1000, size, value)
        elif self.chip.bus.knows(address):
            self._leniently(lambda: self.chip.bus.write(address, size, value))

    def _write_control(self, control: int) -> None:
        core = self._core
        if not control & _C_DEBUGEN:
            control = 0
        core.control = control
        if self._in_reset:
            return
        if control & _C_HALT:
            if not core.halted:
                self._halt(_HALTED)
        elif core.halted:
            core.halted, core.locked_up = False, False
            core.stepping = bool(control & _C_STEP)
            if self._code_changed:
                self._code_changed = False
                self.counter.known.clear()
                self.engine.ctl_flush_tb()
            if core.stepping:
                self.run(_STEP_BLOCKS)

    def _transfer(self, selector: int) -> None:
        """Move a core register to or from DCRDR."""
        if not self._core.halted:
            return
        number, core = selector & 0x7F, self._core
        writes = bool(selector >> 16 & 1)
        if number == 15:
            if writes:
                self._pc = core.data & ~1
                self.engine.reg_write(arm.UC_ARM_REG_PC, self._pc)
                self._replay = None
            else:
                core.data = self._pc
        elif number == 20:
            self._transfer_special(writes)
        elif number in CORE_REGISTERS:
            register = CORE_REGISTERS[number]
            if writes:
                self.engine.reg_write(register, core.data)
            else:
                core.data = self.engine.reg_read(register) & 0xFFFFFFFF
                core.data |= _THUMB if number == 16 else 0

    def _transfer_special(self, writes: bool) -> None:
        """CONTROL, FAULTMASK, BASEPRI and PRIMASK in one word."""
        names = (
            arm.UC_ARM_REG_PRIMASK,
            arm.UC_ARM_REG_BASEPRI,
            arm.UC_ARM_REG_FAULTMASK,
            arm.UC_ARM_REG_CONTROL,
        )
        if writes:
            for name, value in zip(names, self._core.data.to_bytes(4, "little"), strict=True):
                self.engine.reg_write(name, value)
        else:
            values = bytes(self.engine.reg_read(name) & 0xFF for name in names)
            self._core.data = int.from_bytes(values, "little")
