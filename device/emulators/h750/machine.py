"""The board with one firmware: from power-on to board_finish, held to the rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

import unicorn as uc
from unicorn import arm_const as arm

from device.elf import Elf
from device.emulators.h750.backing import Backing, Span, joined_pages, make_backings
from device.emulators.h750.barriers import missing_barriers
from device.emulators.h750.chip import Chip
from device.emulators.h750.fence import Fence
from device.emulators.h750.memories import (
    EXECUTE,
    FLASH,
    READ,
    WRITE,
    broken_rule,
)
from device.emulators.h750.processor import Processor
from device.emulators.h750.rules import RULES, Examiner, RuleBroken
from device.emulators.h750.storage import Storage
from support.errors import UserError

_MAX_RESULTS = 64 << 20
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


class Machine(Processor):
    """One board with one firmware, from power-on to board_finish.

    Args:
        elf: the firmware, whose symbols tell where it ends.
        revision: silicon revision, "Y" or "V".
        console: takes each byte the firmware sends.
        examiner: holds the rules.
        broken: defects of the board, out of `chip.DEFECTS`.
        protocol: of the flash chips at the start, out of `mt25q.PROTOCOLS`.
        storage: what the board's flash holds, and how it is wired.
    """

    def __init__(
        self,
        elf: Elf,
        revision: str,
        console: Callable[[int], None],
        examiner: Examiner,
        broken: Collection[str] = (),
        *,
        protocol: str = "spi",
        storage: Storage,
    ) -> None:
        self._elf = elf
        super().__init__(
            examiner,
            lambda engine: make_backings(engine, storage, broken),
            lambda: Chip(revision, storage, console, examiner, broken, protocol=protocol),
        )
        self._fence, self._fenced = Fence(elf), False
        self._image: Span | None = None
        self._finish = elf.address("board_finish")
        self.stops |= {self._finish, *([self._fence.entry] if self._fence.entry else [])}
        self._return = -1
        self.chip.stack_limit = next(
            (s.address for s in elf.symbols if s.name == "__stack_limit"), 0
        )
        self._inferences = 0
        self.map_memories()

    # --- memories ---------------------------------------------------------------------------------
    def before_register(self, address: int) -> None:
        detail = f"register {address:#010x}"
        self.examiner.demand(not self._fenced, "inference.memory", detail)

    def map_memories(self) -> None:
        wanted, self.chip.barrier_wanted = self.chip.barrier_wanted, ""
        if wanted:
            pc = self.engine.reg_read(arm.UC_ARM_REG_PC)
            missing = missing_barriers(self.engine.mem_read, pc, wanted)
            try:
                self.examiner.demand(not missing, "core.barrier", f"no {missing} follows")
            except RuleBroken as broken:
                raise self._explain(broken) from None
        super().map_memories()

    def spans(self, backing: Backing) -> list[Span]:
        if self._fenced and self._image is not None:
            return joined_pages([*self._fence.spans, self._image], backing.span)
        return super().spans(backing)

    def fills_gaps(self) -> bool:
        return not (self._fenced and self.examiner.holds("inference.memory"))

    # --- running ----------------------------------------------------------------------------------
    def run(self, timeout: float) -> Finish:
        """Run to board_finish.

        Raises:
            UserError: a rule was broken, a fault, or more than `timeout` seconds of real time
                (infinite: never).
        """
        vectors = self.backings[FLASH].read(0, 8)
        stack, reset = (int.from_bytes(vectors[i : i + 4], "little") for i in (0, 4))
        if not reset & 1 or self.chip.wiring.region_at(reset) is not FLASH:
            raise UserError(f"{self._elf.path}: no vector table at {FLASH.base:#010x}")
        self.engine.reg_write(arm.UC_ARM_REG_SP, stack)
        pc, end = reset & ~1, time.monotonic() + timeout
        while pc != self._finish:
            left = end - time.monotonic()
            if left <= 0:
                raise self._hung(pc, timeout)
            pc = self._emulate(pc, left)
            if pc == self._fence.entry and not self._fenced:
                self._enter_fence()
            elif self._fenced and pc == self._return:
                self._leave_fence()
        return self._finished()

    def _emulate(self, pc: int, seconds: float) -> int:
        try:
            pc = self.emulate(pc, seconds)
        except uc.UcError as error:
            # Coming back from an inference is a fetch from memory that was closed for it.
            pc = self.engine.reg_read(arm.UC_ARM_REG_PC)
            if not self._fenced or pc != self._return:
                raise self._faulted(error) from None
        if self.ecc_failed and self.fault is not None:
            address = self.fault[0]
            raise UserError(
                f"{self._where()}: the flash word at {address:#010x} has an ECC error",
                "flash the board again",
            )
        if self.broken is not None:
            raise self._explain(self.broken)
        return pc

    # --- the fence around an inference ------------------------------------------------------------
    def _enter_fence(self) -> None:
        self._need_fpu()
        if not self.examiner.holds("inference.memory"):
            return
        self._fenced = True
        self._return = self.engine.reg_read(arm.UC_ARM_REG_LR) & ~1
        self.stops.add(self._return)
        self._image = self._fence.image(self.engine.reg_read(arm.UC_ARM_REG_R0))
        self.map_memories()

    def _leave_fence(self) -> None:
        self._fenced = False
        self._inferences += 1
        self.stops.discard(self._return)
        self.map_memories()

    def _need_fpu(self) -> None:
        try:
            self.examiner.demand(self.chip.scs.fpu_on, "fpu.off", "CPACR")
        except RuleBroken as broken:
            raise self._explain(broken) from None

    # --- ends -------------------------------------------------------------------------------------
    def _finished(self) -> Finish:
        self._need_fpu()
        registers = (arm.UC_ARM_REG_R0, arm.UC_ARM_REG_R1, arm.UC_ARM_REG_R2)
        status, address, size = (self.engine.reg_read(register) for register in registers)
        if size > _MAX_RESULTS:
            raise UserError(f"board_finish was called with {size} bytes of results")
        try:
            results = bytes(self.engine.mem_read(address, size)) if size else b""
        except uc.UcError:
            raise UserError(f"board_finish: no {size} bytes at {address:#010x}") from None
        signed = status - (1 << 32) if status >> 31 else status
        return Finish(signed, results, self.chip.time.instructions, self._inferences)

    def _where(self) -> str:
        pc = self.engine.reg_read(arm.UC_ARM_REG_PC)
        return f"revision {self.chip.revision}: {self._elf.describe(pc)}"

    def _explain(self, broken: RuleBroken) -> UserError:
        rule = broken.rule
        return UserError(
            f"{self._where()} breaks the rule {rule.name}: {rule.text} ({broken.detail})",
            f"see {rule.source} (the command by itself: `--set ignore={rule.name}` runs on)",
        )

    def _faulted(self, error: uc.UcError) -> UserError:
        if self.fault is None:
            return UserError(f"{self._where()}: the processor faults: {error}")
        address, wanted = self.fault
        name = broken_rule(self.chip, address, wanted)
        if self._fenced and self.chip.wiring.region_at(address) is not None:
            name = "inference.memory"
        return self._explain(RuleBroken(RULES[name], f"{_VERBS[wanted]} {address:#010x}"))

    def _hung(self, pc: int, timeout: float) -> UserError:
        return UserError(
            f"the firmware did not finish within {timeout:g} s; "
            f"revision {self.chip.revision} was at {self._elf.describe(pc)}",
            "look where it loops (the command by itself: --timeout)",
        )
