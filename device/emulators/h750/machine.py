"""The processor: Unicorn runs the firmware's instructions, the chip model answers for the rest.

How Unicorn 2.1 is used, and why:
- Registers are `mmio_map` callbacks. `emu_stop` in one stops at the very instruction, with its
  address in PC. Hooks on memory accesses would corrupt conditional stores.
- Rights of memories change only while the emulator is stopped: the access that causes a change is
  stopped, the change is made, and the access is done again, this time without effect.
- Time is counted per block.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

import unicorn as uc
from unicorn import arm_const as arm

from device.elf import Elf
from device.emulators.h750.backing import PAGE, Span, joined_pages, make_backings, stored
from device.emulators.h750.chip import Chip
from device.emulators.h750.counting import BlockCounter
from device.emulators.h750.fence import Fence
from device.emulators.h750.memories import (
    EXECUTE,
    FLASH,
    QSPI,
    READ,
    WRITE,
    broken_rule,
    region_at,
    rights,
)
from device.emulators.h750.rules import RULES, Examiner, RuleBroken
from support.errors import UserError

_REGISTERS = ((0x40000000, 0x20000000), (0xE0000000, 0x00100000))
_GAP = 32 << 10  # all memories begin and end at multiples of it
_NOWHERE = 0xFFFFFFFE
_MAX_RESULTS = 64 << 20
_WANTED = {
    **dict.fromkeys((uc.UC_MEM_READ_UNMAPPED, uc.UC_MEM_READ_PROT), READ),
    **dict.fromkeys((uc.UC_MEM_WRITE_UNMAPPED, uc.UC_MEM_WRITE_PROT), WRITE),
    **dict.fromkeys((uc.UC_MEM_FETCH_UNMAPPED, uc.UC_MEM_FETCH_PROT), EXECUTE),
}
_VERBS = {READ: "reads", WRITE: "writes", EXECUTE: "executes"}


@dataclass(frozen=True)
class Finish:
    """How the firmware ended: the arguments of board_finish, and what it took.

    Attributes:
        instructions: executed since reset.
        inferences: how many ran inside the memory fence.
    """

    status: int
    results: bytes
    instructions: int
    inferences: int


class Machine:
    """One board with one firmware, from power-on to board_finish.

    Args:
        elf: what the programmer wrote.
        revision: silicon revision, "Y" or "V".
        console: takes each byte the firmware sends.
        examiner: holds the rules.
        broken: defects of the board, out of `chip.DEFECTS`.
        qpi: whether the flash chips start in four-line mode.
    """

    def __init__(
        self,
        elf: Elf,
        revision: str,
        console: Callable[[int], None],
        examiner: Examiner,
        broken: Collection[str] = (),
        *,
        qpi: bool = False,
    ) -> None:
        self._elf, self._examiner = elf, examiner
        self._uc = uc.Uc(uc.UC_ARCH_ARM, uc.UC_MODE_THUMB | uc.UC_MODE_MCLASS)
        self._uc.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M7)
        self._backings = make_backings(self._uc, elf, broken)
        self._qspi = stored(elf, QSPI)
        self.chip = Chip(revision, self._read_qspi, console, examiner, broken, qpi=qpi)
        self._time = self.chip.time
        self._fence, self._fenced = Fence(elf), False
        self._counter = BlockCounter(self._uc.mem_read)
        self._block_end = 0
        self._finish = elf.address("board_finish")
        self._stops = {self._finish, self._fence.entry}
        self._resumed = self._return = -1
        self._replay: int | None = None
        self._broken: RuleBroken | None = None
        self._fault: tuple[int, int] | None = None
        self._fillers: list[int] = []
        self._inferences = 0
        self._connect()

    def _read_qspi(self, offset: int, length: int) -> bytes:
        return bytes(self._qspi[offset : offset + length]).ljust(length, b"\xff")

    def _connect(self) -> None:
        engine = self._uc
        for base, size in _REGISTERS:
            engine.mmio_map(base, size, self._load, base, self._store, base)
        engine.hook_add(uc.UC_HOOK_BLOCK, self._on_block)
        engine.hook_add(uc.UC_HOOK_MEM_INVALID, self._on_fault)
        self._map()

    # --- callbacks --------------------------------------------------------------------------------
    def _load(self, engine: uc.Uc, offset: int, size: int, base: int) -> int:
        if self._replay is not None:
            value, self._replay = self._replay, None
            return value
        value = 0
        try:
            self._refuse_inside_fence(base + offset)
            value = self.chip.bus.read(base + offset, size)
        except RuleBroken as broken:
            self._broken = broken
        self._stop_after_register(engine, value)
        return value

    def _store(self, engine: uc.Uc, offset: int, size: int, value: int, base: int) -> None:
        if self._replay is not None:
            self._replay = None
            return
        try:
            self._refuse_inside_fence(base + offset)
            self.chip.bus.write(base + offset, size, value)
        except RuleBroken as broken:
            self._broken = broken
        self._stop_after_register(engine, value)

    def _refuse_inside_fence(self, address: int) -> None:
        detail = f"register {address:#010x}"
        self._examiner.demand(not self._fenced, "inference.memory", detail)

    def _stop_after_register(self, engine: uc.Uc, value: int) -> None:
        if self._broken is not None:
            engine.emu_stop()
        elif self.chip.stale:
            self._replay = value
            engine.emu_stop()

    def _on_block(self, engine: uc.Uc, address: int, size: int, _: object) -> None:
        if address in self._stops and address != self._resumed:
            engine.emu_stop()
            return
        # This runs for each block: millions of times.
        self._resumed = -1
        self._block_end = address + size
        self._time.instructions += self._counter.known.get((address, size)) or (
            self._counter.count(address, size)
        )

    def _on_fault(
        self, engine: uc.Uc, access: int, address: int, size: int, value: int, _: object
    ) -> bool:
        wanted = _WANTED[access]
        self._fault = (address, wanted)
        if self._fenced and self._examiner.holds("inference.memory"):
            return False
        region = region_at(address)
        if region is None:
            filler = None if self._examiner.holds("memory.none") else b"\0"
        else:  # QSPI flash that nobody wrote
            erased = region is QSPI and rights(self.chip, region) & wanted
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

    # --- memories ---------------------------------------------------------------------------------
    def _map(self, image: Span | None = None) -> None:
        """Give each memory the rights it has now; inside the fence only to what is open."""
        self.chip.stale = False
        while self._fillers:
            self._uc.mem_unmap(self._fillers.pop(), PAGE)
        for region, backing in self._backings.items():
            spans = [backing.span]
            if self._fenced and image is not None:
                spans = joined_pages([*self._fence.spans, image], backing.span)
            backing.map(spans, rights(self.chip, region))

    # --- running ----------------------------------------------------------------------------------
    def run(self, timeout: float) -> Finish:
        """Run to board_finish.

        Raises:
            UserError: a rule was broken, a fault, or more than `timeout` seconds of real time
                (infinite: never).
        """
        vectors = self._backings[FLASH].read(0, 8)
        stack, reset = (int.from_bytes(vectors[i : i + 4], "little") for i in (0, 4))
        if not reset & 1 or region_at(reset) is not FLASH:
            raise UserError(f"{self._elf.path}: no vector table at {FLASH.base:#010x}")
        self._uc.reg_write(arm.UC_ARM_REG_SP, stack)
        pc, end = reset & ~1, time.monotonic() + timeout
        while pc != self._finish:
            if self.chip.stale:
                self._map()
            left = end - time.monotonic()
            if left <= 0:
                raise self._hung(pc, timeout)
            self._resumed = pc
            self._emulate(pc, left)
            pc = self._uc.reg_read(arm.UC_ARM_REG_PC)
            self._after_stop(pc)
        return self._finished()

    def _emulate(self, pc: int, seconds: float) -> None:
        try:
            microseconds = 0 if math.isinf(seconds) else int(seconds * 1e6) + 1
            self._uc.emu_start(pc | 1, _NOWHERE, timeout=microseconds)
        except uc.UcError as error:
            # Coming back from an inference is a fetch from memory that was closed for it.
            if not self._fenced or self._uc.reg_read(arm.UC_ARM_REG_PC) != self._return:
                raise self._faulted(error) from None
        if self._broken is not None:
            raise self._explain(self._broken)

    def _after_stop(self, pc: int) -> None:
        if self._replay is not None:
            # The rest of the block is counted again when it goes on.
            self.chip.time.instructions -= self._counter.count(pc, max(0, self._block_end - pc))
        elif pc == self._fence.entry and not self._fenced:
            self._enter_fence()
        elif self._fenced and pc == self._return:
            self._leave_fence()

    # --- the fence around an inference ------------------------------------------------------------
    def _enter_fence(self) -> None:
        self._need_fpu()
        if not self._examiner.holds("inference.memory"):
            return
        self._fenced = True
        self._return = self._uc.reg_read(arm.UC_ARM_REG_LR) & ~1
        self._stops.add(self._return)
        self._map(self._fence.image(self._uc.reg_read(arm.UC_ARM_REG_R0)))

    def _leave_fence(self) -> None:
        self._fenced = False
        self._inferences += 1
        self._stops.discard(self._return)
        self._map()

    def _need_fpu(self) -> None:
        try:
            self._examiner.demand(self.chip.scs.fpu_on, "fpu.off", "CPACR")
        except RuleBroken as broken:
            raise self._explain(broken) from None

    # --- ends -------------------------------------------------------------------------------------
    def _finished(self) -> Finish:
        self._need_fpu()
        registers = (arm.UC_ARM_REG_R0, arm.UC_ARM_REG_R1, arm.UC_ARM_REG_R2)
        status, address, size = (self._uc.reg_read(register) for register in registers)
        if size > _MAX_RESULTS:
            raise UserError(f"board_finish was called with {size} bytes of results")
        try:
            results = bytes(self._uc.mem_read(address, size)) if size else b""
        except uc.UcError:
            raise UserError(f"board_finish: no {size} bytes at {address:#010x}") from None
        signed = status - (1 << 32) if status >> 31 else status
        return Finish(signed, results, self.chip.time.instructions, self._inferences)

    def _where(self) -> str:
        pc = self._uc.reg_read(arm.UC_ARM_REG_PC)
        return f"revision {self.chip.revision}: {self._elf.describe(pc)}"

    def _explain(self, broken: RuleBroken) -> UserError:
        rule = broken.rule
        return UserError(
            f"{self._where()} breaks the rule {rule.name}: {rule.text} ({broken.detail})",
            f"see {rule.source}; `--set ignore={rule.name}` runs on without this rule",
        )

    def _faulted(self, error: uc.UcError) -> UserError:
        if self._fault is None:
            return UserError(f"{self._where()}: the processor faults: {error}")
        address, wanted = self._fault
        name = broken_rule(self.chip, address, wanted)
        if self._fenced and region_at(address) is not None:
            name = "inference.memory"
        return self._explain(RuleBroken(RULES[name], f"{_VERBS[wanted]} {address:#010x}"))

    def _hung(self, pc: int, timeout: float) -> UserError:
        return UserError(
            f"the firmware did not finish within {timeout:g} s; "
            f"revision {self.chip.revision} was at {self._elf.describe(pc)}",
            "allow more time (--timeout) or look where it loops",
        )
