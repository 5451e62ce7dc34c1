"""The instructions of a 3 x 3 depthwise row, one after the other, with their registers.

Each word is loaded once a row. The weights of a channel stay in six registers, four outputs' sums
in four others, and two hold what was loaded last. Loads, and what becomes of finished sums, stand
between products.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from codegen.kernels.conv.depthwise_row import REACH, Finish, Instruction, Row, Touch

# Registers: sums, the weights (w0, w1) and (w1, w2) of each row, what is loaded.
SUMS = (2, 3, 4, 5)
EARLY, LATE = (6, 7, 8), (9, 10, 11)
LOADED = (12, 14)
# Of two pixels apart only two sums live: factor and addend stay in the others.
FACTOR, ADDEND = 4, 5
# Products that a load comes ahead, and that stand between a product and what needs it.
_AHEAD, _LATENCY = 2, 2
# What becomes of a finished sum, step by step: in float32 what is before the FPU.
_STEPS: dict[Finish, tuple[str, ...]] = {
    "integers": ("clip", "store"),
    "finer": ("clip", "store"),
    "floats": ("to_fpu",),
}
# In the FPU, and behind it by zero point: where nothing else is, one clip has both ends.
_IN_FPU = ("convert", "scale", "round")
_BEHIND_FPU = {-128: ("from_fpu", "positive", "point", "store"), 0: ("from_fpu", "clip", "store")}
_BEHIND_FPU_ANY = ("from_fpu", "limit", "point", "clip", "store")
# Sums that the FPU takes together, each in a register of its own: of one alone it is waited for.
_TOGETHER, _SINGLES = 6, range(1, 16)


@dataclass
class _Waiting:
    """A finished sum: what is left to do, and from which product on."""

    output: int
    steps: deque[str]
    ready: int


@dataclass
class _Item:
    """A product in a row of taps, or (tap -1) the scaling of a sum; the loaded values that it
    needs."""

    touch: Touch
    tap: int
    needs: tuple[tuple[str, int, int], ...]

    @property
    def product(self) -> bool:
        return self.tap >= 0


def behind_fpu(zero_point: int) -> tuple[str, ...]:
    """What becomes of the FPU's integers, step by step."""
    return _BEHIND_FPU.get(zero_point, _BEHIND_FPU_ANY)


@dataclass
class Writer:
    """The row's instructions, in their order.

    Attributes:
        behind_fpu: what becomes of the FPU's integers, step by step.
        input, output: bytes that the pointers have moved since the row began.
    """

    shape: Row
    finish: Finish
    behind_fpu: tuple[str, ...]
    input: int = 0
    output: int = 0
    _lines: list[Instruction] = field(default_factory=list)
    _free: list[int] = field(default_factory=lambda: list(LOADED))
    _where: dict[tuple[str, int, int], int] = field(default_factory=dict)
    _waiting: list[_Waiting] = field(default_factory=list)
    _started: set[int] = field(default_factory=set)
    _open: dict[int, int] = field(default_factory=dict)
    _in_fpu: list[int] = field(default_factory=list)
    _moved: int = 0

    def skip(self, times: int, input_bytes: int, output_bytes: int, outputs: int) -> None:
        """Continue behind a loop of which one round was written."""
        self.input += times * input_bytes
        self.output += times * output_bytes - self._moved
        shift = (times - 1) * outputs
        self._started = {output + shift for output in self._started}
        self._open = {output + shift: register for output, register in self._open.items()}

    def segment(self, words: range) -> tuple[list[Instruction], int]:
        """The instructions of some words, and by how much they move the pointer to the output."""
        self._lines, self._moved = [], 0
        items = [item for word in words for item in self._items(word)]
        uses: dict[tuple[str, int, int], list[int]] = {}
        for index, item in enumerate(items):
            for need in item.needs:
                uses.setdefault(need, []).append(index)
        loads = deque(sorted(uses, key=lambda need: uses[need][0]))
        for index, item in enumerate(items):
            self._fetch(item, loads, index)
            early = bool(loads) and uses[loads[0]][0] <= index + _AHEAD and bool(self._free)
            if early:
                self._load(loads.popleft())
            self._write(item, index)
            for need in item.needs:
                if uses[need][-1] == index:
                    self._free.append(self._where.pop(need))
            if not early:
                self._advance(index)
            self._empty_fpu(_TOGETHER)
        now = len(items)
        while self._waiting:
            now += 1
            self._advance(now)
        self._empty_fpu(1)
        self.output += self._moved
        return self._lines, self._moved

    def _items(self, word: int) -> list[_Item]:
        """The products of a word, and the scaling of what they end."""
        touches = self.shape.touches[word]
        ends = [t for t in touches if self.shape.last[t.output] == word]
        begins = [t for t in touches if self.shape.last[t.output] != word]
        order = [(r, t) for part in (ends, begins) for r in (0, 1) for t in part]
        order += [(2, t) for t in ends + begins]
        items = [_Item(t, r, (("word", word, r),)) for r, t in order]
        kinds = ("addend",) if self.finish == "floats" else ("factor", "addend")
        resident = self.finish != "floats" and self.shape.stride == 2
        needs = () if resident else tuple((kind, word, 0) for kind in kinds)
        return items + [_Item(t, -1, needs) for t in ends]

    def _fetch(self, item: _Item, loads: deque[tuple[str, int, int]], now: int) -> None:
        """Load what an item needs now."""
        for need in item.needs:
            while need not in self._where:
                if self._free:
                    self._load(loads.popleft())
                else:
                    self._advance(now, force=True)

    def _load(self, need: tuple[str, int, int]) -> None:
        kind, word, row = need
        register = self._where[need] = self._free.pop(0)
        offset = row * self.shape.below + 4 * word - self.input if kind == "word" else 0
        self._lines.append(Instruction(kind, register, offset=offset))

    def _write(self, item: _Item, now: int) -> None:
        touch = item.touch
        live = len(SUMS) if self.shape.stride == 1 else 2
        if item.product:
            if touch.output not in self._started:
                register = SUMS[touch.output % live]
                while register in self._open.values():
                    self._advance(now, force=True)
                self._open[touch.output] = register
            source = self._where[item.needs[0]]
            weights = (LATE if touch.late else EARLY)[item.tap]
            kind = "add" if touch.output in self._started else "begin"
            register = self._open[touch.output]
            self._lines.append(Instruction(kind, register, source, weights, touch.halves))
            self._started.add(touch.output)
            return
        registers = [self._where[need] for need in item.needs] or [FACTOR, ADDEND]
        kind = "shift" if self.finish == "floats" else "multiply"
        register = self._open[touch.output]
        if self.finish == "finer":
            self._lines.append(Instruction("raise", register))
        self._lines.append(Instruction(kind, register, registers[0], registers[-1]))
        steps = deque(_STEPS[self.finish])
        self._waiting.append(_Waiting(touch.output, steps, now + _LATENCY))

    def _advance(self, now: int, *, force: bool = False) -> None:
        """One step of one finished sum, of the first that is ready."""
        for each in self._waiting:
            if force or each.ready <= now:
                self._finish(each, now)
                return
        if force:
            raise AssertionError("no register is free")

    def _finish(self, each: _Waiting, now: int) -> None:
        step = each.steps.popleft()
        register = self._open[each.output]
        each.ready = now + 1
        if step == "store":
            self._store(each.output, register)
        elif step == "to_fpu":
            single = _SINGLES[len(self._in_fpu)]
            self._lines.append(Instruction(step, register, single=single))
            self._in_fpu.append(each.output)
        else:
            self._lines.append(Instruction(step, register))
            return
        self._waiting.remove(each)
        del self._open[each.output]

    def _empty_fpu(self, least: int) -> None:
        """Have the FPU's sums as bytes, if there are as many, and two registers for them."""
        taken = {*self._open.values(), *self._where.values()}
        free = [register for register in (*SUMS, *LOADED) if register not in taken]
        outputs = self._in_fpu
        if len(outputs) < least or len(free) < 2:
            return
        for step in _IN_FPU:
            for single in _SINGLES[: len(outputs)]:
                self._lines.append(Instruction(step, single=single))
        for first in range(0, len(outputs), len(free)):
            part = outputs[first : first + len(free)]
            for step in self.behind_fpu:
                for at, (register, output) in enumerate(zip(free, part, strict=False)):
                    if step == "store":
                        self._store(output, register)
                    else:
                        single = _SINGLES[first + at]
                        self._lines.append(Instruction(step, register, single=single))
        self._in_fpu = []

    def _store(self, output: int, register: int) -> None:
        offset = output * self.shape.pixel - self.output - self._moved
        if offset > REACH:
            self._lines.append(Instruction("move", offset=offset))
            self._moved += offset
            offset = 0
        self._lines.append(Instruction("store", register, offset=offset))
