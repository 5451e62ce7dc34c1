"""The processor: Unicorn runs instructions, the chip model answers for the rest.

How Unicorn 2.1 is used, and why:
- Registers are `mmio_map` callbacks. `emu_stop` in one stops at the very instruction, with its
  address in PC. Hooks on memory accesses would corrupt conditional stores.
- Rights of memories change only while the emulator is stopped: the access that causes a change is
  stopped, the change is made, and the access is done again, this time without effect.
- Time is counted per block.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import unicorn as uc
from unicorn import arm_const as arm

from device.emulators.h750.backing import PAGE, Backing, Span
from device.emulators.h750.chip import Chip
from device.emulators.h750.counting import BlockCounter
from device.emulators.h750.memories import (
    EXECUTE,
    FLASH,
    READ,
    WRITE,
    Region,
    rights,
)
from device.emulators.h750.rules import Examiner, RuleBroken

_REGISTERS = ((0x40000000, 0x20000000), (0xE0000000, 0x00100000))
_GAP = 32 << 10  # all memories begin and end at multiples of it
_NOWHERE = 0xFFFFFFFE
_WANTED = {
    **dict.fromkeys((uc.UC_MEM_READ_UNMAPPED, uc.UC_MEM_READ_PROT), READ),
    **dict.fromkeys((uc.UC_MEM_WRITE_UNMAPPED, uc.UC_MEM_WRITE_PROT), WRITE),
    **dict.fromkeys((uc.UC_MEM_FETCH_UNMAPPED, uc.UC_MEM_FETCH_PROT), EXECUTE),
}


class Processor:
    """A core with its memories and registers; subclasses decide what runs and what a stop means.

    Args:
        examiner: holds the rules.
        backings: makes the memories for an engine.
        chip: makes the register blocks after power-on.

    Attributes:
        engine: the Unicorn instance.
        backings: memory -> its bytes.
        chip: the register blocks.
        stops: addresses at which a block that begins there is not run.
        fault: address and right of the access that failed last, or None.
        broken: the rule that was broken, or None.
        ecc_failed: whether the core read a flash word whose ECC does not fit: a bus fault.
    """

    def __init__(
        self,
        examiner: Examiner,
        backings: Callable[[uc.Uc], Mapping[Region, Backing]],
        chip: Callable[[], Chip],
    ) -> None:
        self.examiner = examiner
        self.engine = uc.Uc(uc.UC_ARCH_ARM, uc.UC_MODE_THUMB | uc.UC_MODE_MCLASS)
        self.engine.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M7)
        self.backings = backings(self.engine)
        self.chip = chip()
        self.counter = BlockCounter(self.engine.mem_read)
        self.stops: set[int] = set()
        self.fault: tuple[int, int] | None = None
        self.broken: RuleBroken | None = None
        self.ecc_failed = False
        self._block_end = 0
        self._resumed = -1
        self._replay: int | None = None
        self._fillers: list[int] = []
        self._watches_ecc = self._flash_is_registers = False
        for base, size in _REGISTERS:
            self.engine.mmio_map(base, size, self._load, base, self._store, base)
        self.engine.hook_add(uc.UC_HOOK_BLOCK, self._on_block)
        self.engine.hook_add(uc.UC_HOOK_MEM_INVALID, self._on_fault)

    # --- what a subclass may decide ---------------------------------------------------------------
    def before_register(self, address: int) -> None:
        """Called before the core uses a register; may raise `RuleBroken`."""

    def spans(self, backing: Backing) -> list[Span]:
        """What the core sees of a memory."""
        return [backing.span]

    def fills_gaps(self) -> bool:
        """Whether erased external flash, and gaps that no rule forbids, may be read."""
        return True

    # --- callbacks --------------------------------------------------------------------------------
    def _load(self, engine: uc.Uc, offset: int, size: int, base: int) -> int:
        if self._replay is not None:
            value, self._replay = self._replay, None
            return value
        value = 0
        try:
            self.before_register(base + offset)
            value = self.read_register(base + offset, size)
        except RuleBroken as broken:
            self.broken = broken
        self._stop_after_register(engine, value)
        return value

    def _store(self, engine: uc.Uc, offset: int, size: int, value: int, base: int) -> None:
        if self._replay is not None:
            self._replay = None
            return
        try:
            self.before_register(base + offset)
            self.write_register(base + offset, size, value)
        except RuleBroken as broken:
            self.broken = broken
        self._stop_after_register(engine, value)

    def read_register(self, address: int, size: int) -> int:
        """A load by the core."""
        return self.chip.bus.read(address, size)

    def write_register(self, address: int, size: int, value: int) -> None:
        """A store by the core."""
        self.chip.bus.write(address, size, value)

    def _stop_after_register(self, engine: uc.Uc, value: int) -> None:
        if self.broken is not None:
            engine.emu_stop()
        elif self.chip.stale:
            self._replay = value
            engine.emu_stop()

    def _on_block(self, engine: uc.Uc, address: int, size: int, _: object) -> None:
        if address in self.stops and address != self._resumed:
            engine.emu_stop()
            return
        # This runs for each block: millions of times.
        self._resumed = -1
        self._block_end = address + size
        self.chip.time.instructions += self.counter.known.get((address, size)) or (
            self.counter.count(address, size)
        )

    def _on_fault(
        self, engine: uc.Uc, access: int, address: int, size: int, value: int, _: object
    ) -> bool:
        wanted = _WANTED[access]
        self.fault = (address, wanted)
        if not self.fills_gaps():
            return False
        region = self.chip.wiring.region_at(address)
        if region is None:
            filler = None if self.examiner.holds("memory.none") else b"\0"
        else:  # QSPI flash that nobody wrote
            erased = region is self.chip.wiring.qspi and rights(self.chip, region) & wanted
            filler = b"\xff" if erased else None
        if filler is None:
            return False
        size = _GAP if region is None else PAGE
        start = address // size * size
        engine.mem_map(start, size)
        engine.mem_write(start, filler * size)
        if region is not None:
            self._fillers.append(start)
        return True

    # --- the chip's own flash ---------------------------------------------------------------------
    # While it is being programmed its stores fill the write buffer: it is mapped like registers.
    def _map_flash(self) -> None:
        wanted = self.chip.flash.programming
        if wanted != self._flash_is_registers:
            if wanted:
                self.backings[FLASH].map([], 0)
                call = (self._load_flash, None, self._store_flash, None)
                self.engine.mmio_map(FLASH.base, FLASH.size, *call)
            else:
                self.engine.mem_unmap(FLASH.base, FLASH.size)
            self._flash_is_registers = wanted
        if self.chip.storage.damaged and not self._watches_ecc:
            self._watches_ecc = True
            span = (FLASH.base, FLASH.end - 1)
            self.engine.hook_add(uc.UC_HOOK_MEM_READ, self._on_flash_read, None, *span)
            self.engine.hook_add(uc.UC_HOOK_CODE, self._on_flash_code, None, *span)
            self.engine.ctl_flush_tb()

    def _load_flash(self, engine: uc.Uc, offset: int, size: int, _: object) -> int:
        if not self.chip.flash.check_word(offset):
            self._ecc_fault(engine, FLASH.base + offset, READ)
        return int.from_bytes(self.backings[FLASH].read(offset, size), "little")

    def _store_flash(self, engine: uc.Uc, offset: int, size: int, value: int, _: object) -> None:
        del engine
        self.chip.flash.store(offset, size, value)

    def _on_flash_read(
        self, engine: uc.Uc, access: int, address: int, size: int, value: int, _: object
    ) -> None:
        del access, size, value
        if not self.chip.flash.check_word(address - FLASH.base):
            self._ecc_fault(engine, address, READ)

    def _on_flash_code(self, engine: uc.Uc, address: int, size: int, _: object) -> None:
        del size
        if not self.chip.flash.check_word(address - FLASH.base):
            self._ecc_fault(engine, address, EXECUTE)

    def _ecc_fault(self, engine: uc.Uc, address: int, wanted: int) -> None:
        self.fault = (address, wanted)
        self.ecc_failed = True
        engine.emu_stop()

    # --- running ----------------------------------------------------------------------------------
    def map_memories(self) -> None:
        """Give each memory the rights it has now."""
        self.chip.stale = False
        while self._fillers:
            self.engine.mem_unmap(self._fillers.pop(), PAGE)
        self._map_flash()
        for region, backing in self.backings.items():
            if region is FLASH and self._flash_is_registers:
                continue
            backing.map(self.spans(backing), rights(self.chip, region))

    def emulate(self, pc: int, seconds: float = math.inf, count: int = 0) -> int:
        """Run from `pc` to the next stop; where that is.

        Args:
            seconds: of real time, at most.
            count: instructions, at most; 0 for no limit.

        Raises:
            unicorn.UcError: a fault.
        """
        if self.chip.stale:
            self.map_memories()
        self._resumed = pc
        microseconds = 0 if math.isinf(seconds) else int(seconds * 1e6) + 1
        self.engine.emu_start(pc | 1, _NOWHERE, timeout=microseconds, count=count)
        stopped: int = self.engine.reg_read(arm.UC_ARM_REG_PC)
        if self._replay is not None:
            # The rest of the block is counted again when it goes on.
            left = max(0, self._block_end - stopped)
            self.chip.time.instructions -= self.counter.count(stopped, left)
        return stopped
