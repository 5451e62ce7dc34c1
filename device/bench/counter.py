"""A Cortex-M7 on Unicorn that runs functions of an ELF and counts what they execute."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import unicorn
from elftools.elf.elffile import ELFFile
from unicorn import arm_const

from device.bench.native import library
from support.errors import UserError

# Beyond every memory of the boards this runs: scratch for inputs, outputs, the return, the stack.
SCRATCH = 0x70000000
INPUT, OUTPUT, RETURN = SCRATCH, SCRATCH + 0x40000, SCRATCH + 0x80000
# Room for every tensor of a network in floats: some runtimes have them there.
STACK_LOW, STACK_TOP = SCRATCH + 0x90000, SCRATCH + 0x1000000
SCRATCH_BYTES = 0x1001000
STACK_PAINT = 0xA5
# System control space (ARMv7-M ARM B3.2): plain memory here, so that CPACR and VTOR can be written.
SYSTEM_CONTROL = 0xE000E000
PAGE = 0x1000

Counts = npt.NDArray[np.uint32]
Int8Array = npt.NDArray[np.int8]
# Addresses of instructions in the order of execution.
Trace = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Function:
    """A function of the ELF: its name and the bytes it takes."""

    name: str
    address: int
    size: int


@dataclass(frozen=True)
class Windows:
    """Pieces of what is executed, counted in instructions: where each begins, how long it is."""

    starts: tuple[int, ...]
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Mark:
    """A layer that begins, or is over: how many instructions had been executed then."""

    layer: int
    after: bool
    instructions: int


class Machine:
    """The segments of one ELF in an emulated Cortex-M7.

    Args:
        elf: a bare-metal ELF. Segments are put where they run; code that start-up would copy is
            put there by running start-up (`run_until`).
        folder: where the compiled counter is kept.
        model: Unicorn's number of another core.
    """

    def __init__(
        self, elf: Path, folder: Path, model: int = arm_const.UC_CPU_ARM_CORTEX_M7
    ) -> None:
        self.elf = elf
        self.engine = unicorn.Uc(
            unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS
        )
        self.engine.ctl_set_cpu_model(model)
        self._native = library(folder)
        self._mapped: set[int] = set()
        with elf.open("rb") as stream:
            image = ELFFile(stream)
            segments = [s for s in image.iter_segments() if s["p_type"] == "PT_LOAD"]
            parts = [(s["p_paddr"], s["p_vaddr"], s["p_memsz"], s.data()) for s in segments]
            table = image.get_section_by_name(".symtab")
            symbols = list(table.iter_symbols()) if table else []
        self.symbols = {
            s.name: int(s["st_value"]) & ~1
            for s in symbols
            if s.name and s["st_shndx"] != "SHN_UNDEF"
        }
        self.functions = sorted(
            (
                Function(s.name, int(s["st_value"]) & ~1, int(s["st_size"]))
                for s in symbols
                if s["st_info"]["type"] == "STT_FUNC" and s["st_size"]
            ),
            key=lambda f: f.address,
        )
        for load, run, size, data in parts:
            self.map(run, size)
            self.map(load, len(data))
            if data:
                self.engine.mem_write(load, data)
        self.map(SCRATCH, SCRATCH_BYTES)
        self.map(SYSTEM_CONTROL, PAGE)
        self._counter = self._native.counter_attach(self.engine._uch, RETURN)
        self._profile: Counts | None = None

    def map(self, start: int, size: int) -> None:
        """Make bytes accessible, whole pages, also when part of them is already."""
        first, last = start // PAGE, (start + max(size, 1) - 1) // PAGE
        missing = [page for page in range(first, last + 1) if page not in self._mapped]
        while missing:
            length = 1
            while length < len(missing) and missing[length] == missing[0] + length:
                length += 1
            self.engine.mem_map(missing[0] * PAGE, length * PAGE)
            self._mapped.update(missing[:length])
            missing = missing[length:]

    def run_until(self, start: str, stop: str, limit: int = 100_000_000) -> None:
        """Run from symbol `start` until symbol `stop` is reached: start-up, for example.

        Raises:
            UserError: a missing symbol, or `stop` was not reached.
        """
        top = self.symbol("__stack_top")
        self.map(top - 0x4000, 0x4000)
        self.engine.reg_write(arm_const.UC_ARM_REG_SP, top)
        target = self.symbol(stop)
        self.engine.emu_start(self.symbol(start) | 1, target, count=limit)
        if self.engine.reg_read(arm_const.UC_ARM_REG_PC) & ~1 != target:
            raise UserError(f"'{stop}' was not reached from '{start}'", "is this our firmware?")

    def symbol(self, name: str) -> int:
        """Address of a symbol, or a `UserError` that names it."""
        if name not in self.symbols:
            raise UserError(f"the ELF has no symbol '{name}'", "build it again, not stripped")
        return self.symbols[name]

    def call(self, name: str, arguments: Sequence[int] = ()) -> int:
        """Call a function with up to four words; returns r0."""
        for register, value in zip(
            (
                arm_const.UC_ARM_REG_R0,
                arm_const.UC_ARM_REG_R1,
                arm_const.UC_ARM_REG_R2,
                arm_const.UC_ARM_REG_R3,
            ),
            arguments,
            strict=False,
        ):
            self.engine.reg_write(register, value)
        self.engine.reg_write(arm_const.UC_ARM_REG_SP, STACK_TOP)
        self.engine.reg_write(arm_const.UC_ARM_REG_LR, RETURN | 1)
        self.engine.emu_start(self.symbol(name) | 1, RETURN)
        return int(self.engine.reg_read(arm_const.UC_ARM_REG_R0))

    def count(self, name: str, inputs: Int8Array, output_size: int) -> tuple[Int8Array, Counts]:
        """Call `name(input, output)` for each row of int8 [N, n].

        Returns:
            int8 [N, output_size] and the instructions of each call, uint32 [N].

        Raises:
            UserError: a call that faulted.
        """
        rows = np.ascontiguousarray(inputs)
        outputs = np.zeros((len(rows), output_size), np.int8)
        counts = np.zeros(len(rows), np.uint32)
        self._native.counter_reset(self._counter)
        failed = self._native.counter_calls(
            ctypes.c_void_p(self._counter),
            *map(ctypes.c_uint32, (self.symbol(name), STACK_TOP, INPUT, OUTPUT)),
            rows.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_uint32(rows.shape[1]),
            outputs.ctypes.data_as(ctypes.c_void_p),
            *map(ctypes.c_uint32, (output_size, len(rows))),
            counts.ctypes.data_as(ctypes.c_void_p),
        )
        if failed:
            raise UserError(f"'{name}' faulted on input {failed - 1}")
        return outputs, counts

    def profile(
        self, name: str, inputs: Int8Array, output_size: int, shared: str | None = None
    ) -> dict[str, int]:
        """Instructions by function over all inputs.

        Args:
            shared: a function that others jump to: what it executes belongs to who jumped.
        """
        found: dict[str, int] = {}
        within = next((f for f in self.functions if f.name == shared), Function("", 0, 0))
        low = min(f.address for f in self.functions)
        # Functions may lie in two far memories (flash and TCM): one profile for each 1 MiB block.
        blocks = sorted({(f.address - low) >> 20 for f in self.functions})
        for block in blocks:
            base = low + (block << 20)
            hits = np.zeros((1 << 19) + 1, np.uint32)
            self._native.counter_profile(
                ctypes.c_void_p(self._counter),
                ctypes.c_uint32(base),
                ctypes.c_uint32(1 << 20),
                hits.ctypes.data_as(ctypes.c_void_p),
                ctypes.c_uint32(within.address),
                ctypes.c_uint32(within.size),
            )
            self.count(name, inputs, output_size)
            for function in self.functions:
                if base <= function.address < base + (1 << 20):
                    first = (function.address - base) // 2
                    total = int(hits[first : first + (function.size + 1) // 2].sum())
                    if total:
                        found[function.name] = found.get(function.name, 0) + total
        self._native.counter_profile(
            ctypes.c_void_p(self._counter),
            ctypes.c_uint32(0),
            ctypes.c_uint32(0),
            None,
            ctypes.c_uint32(0),
            ctypes.c_uint32(0),
        )
        return found

    def length(self, run: Callable[[], object]) -> int:
        """How many instructions `run`, calls of this machine, executes."""
        self._native.counter_reset(self._counter)
        run()
        return int(self._native.counter_read(self._counter))

    def recorded(self, run: Callable[[], object], windows: Windows) -> list[Trace]:
        """Addresses of the instructions that `run` executes, those in windows.

        Args:
            run: makes the same calls each time.
            windows: ascending and apart.
        """
        starts, sizes = (np.array(each, np.uint64) for each in (windows.starts, windows.sizes))
        found = np.zeros(sum(windows.sizes), np.uint32)
        counter = ctypes.c_void_p(self._counter)
        places = [ctypes.c_void_p(each.ctypes.data) for each in (starts, sizes, found)]
        count, none = ctypes.c_uint32(len(starts)), ctypes.c_uint32(0)
        self._native.counter_record(counter, places[0], places[1], count, places[2])
        self._native.counter_reset(counter)
        run()
        self._native.counter_record(counter, places[0], places[1], none, places[2])
        return np.split(found, np.cumsum(windows.sizes)[:-1])

    def trace(self, name: str, value: Int8Array) -> Trace:
        """Addresses of all instructions that `name(input, output)` executes for int8 [n]."""

        def run() -> None:
            self.count(name, value[np.newaxis], 1)

        return self.recorded(run, Windows((0,), (self.length(run),)))[0]

    def marks(self, function: str, run: Callable[[], object], most: int = 4096) -> list[Mark]:
        """What had been executed at each call `function(…, layer, after)` while `run` runs.

        At its beginning where `after` is true, else where it returns to.
        """
        found = np.zeros((most, 3), np.uint64)
        counter = ctypes.c_void_p(self._counter)
        address, space = ctypes.c_uint32(self.symbol(function)), ctypes.c_uint32(most)
        self._native.counter_marks(counter, address, ctypes.c_void_p(found.ctypes.data), space)
        run()
        count = self._native.counter_marks(counter, ctypes.c_uint32(0), None, ctypes.c_uint32(0))
        return [Mark(int(layer), bool(after), int(at)) for layer, after, at in found[:count]]

    def stack(self, name: str, inputs: Int8Array, output_size: int) -> int:
        """Deepest stack in bytes over all inputs.

        What was reserved counts, written or not: an interrupt's frame goes below it.
        """
        paint = bytes([STACK_PAINT]) * (STACK_TOP - STACK_LOW)
        self.engine.mem_write(STACK_LOW, paint)
        lowest = self.lowest_stack(lambda: self.count(name, inputs, output_size))
        used = np.frombuffer(bytes(self.engine.mem_read(STACK_LOW, len(paint))), np.uint8)
        touched = np.nonzero(used != STACK_PAINT)[0]
        written = int(len(paint) - touched[0]) if len(touched) else 0
        return max(written, STACK_TOP - lowest)

    def lowest_stack(self, run: Callable[[], object]) -> int:
        """The lowest stack pointer at the start of any block while `run` executes."""
        self._native.counter_lowest(ctypes.c_void_p(self._counter), ctypes.c_uint32(STACK_TOP))
        run()
        return int(self._native.counter_lowest(ctypes.c_void_p(self._counter), ctypes.c_uint32(0)))
