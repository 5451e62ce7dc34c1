"""Instructions for a row of a 3 x 3 depthwise convolution: which products, and in what order.

A word of a plane holds two neighbours of one channel. Of each of the three rows it meets (w0, w1)
or (w1, w2), with both halves or one, for every output that it touches: each word is loaded once a
row. The weights of a channel stay in six registers, four outputs' sums in four others, and two hold
what was loaded last. Products start once a cycle on a Cortex-M7; loads, and what becomes of the
sums, stand between them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Literal

# Taps of a row, and rows of the window.
TAPS = 3
# Registers: sums, the weights (w0, w1) and (w1, w2) of each row, what is loaded.
SUMS = (2, 3, 4, 5)
EARLY, LATE = (6, 7, 8), (9, 10, 11)
LOADED = (12, 14)
# Of two pixels apart only two sums live: factor and addend stay in the others.
FACTOR, ADDEND = 4, 5
# The register that a loop's end is loaded to, and where it lies on the stack.
_AT_END, _END_OF_ROWS, _END_OF_LOOP = 12, 8, 28
# Products that a load comes ahead, and that stand between a product and what needs it.
_AHEAD, _LATENCY = 2, 2
# Stride → a row of more words is a loop; words of its round.
_UNROLLED, _ROUND = {1: 14, 2: 14}, {1: 8, 2: 8}
# The largest offset of LDR and STRB.
REACH = 4095

Finish = Literal["integers", "finer", "floats"]


@dataclass(frozen=True)
class Row:
    """A row of output, as the instructions see it.

    Attributes:
        width: pixels of the image's row.
        outputs: pixels of the output's.
        stride: 1 or 2.
        pad: columns left of the image.
        below: bytes from a row under the window to the next one.
        pixel: bytes from an output to its neighbour.
    """

    width: int
    outputs: int
    stride: int
    pad: int
    below: int
    pixel: int

    @property
    def words(self) -> int:
        """Words of the row that some window touches."""
        last = (self.outputs - 1) * self.stride + TAPS - self.pad
        return -(-min(self.width, last) // 2)

    def products(self, word: int) -> list[Touch]:
        """Which outputs a word adds to, by which weights."""
        found = []
        first = max(0, (2 * word + self.pad - TAPS) // self.stride)
        for output in range(first, min(self.outputs, first + 2 * TAPS)):
            tap = 2 * word - (output * self.stride - self.pad)
            low = 0 <= tap < TAPS
            high = 0 <= tap + 1 < TAPS and 2 * word + 1 < self.width
            if low and high:
                found.append(Touch(output, "d", late=tap == 1))
            elif low:
                found.append(Touch(output, "bt" if tap == 2 else "bb", late=tap > 0))
            elif high:
                found.append(Touch(output, "tb", late=False))
        return found

    @cached_property
    def touches(self) -> list[list[Touch]]:
        """Those of each word."""
        return [self.products(word) for word in range(self.words)]

    @cached_property
    def first(self) -> dict[int, int]:
        """Output → the first word that touches it."""
        words = reversed(list(enumerate(self.touches)))
        return {t.output: word for word, found in words for t in found}

    @cached_property
    def last(self) -> dict[int, int]:
        """Output → the last word that touches it."""
        return {t.output: word for word, found in enumerate(self.touches) for t in found}

    @property
    def complete(self) -> bool:
        """Whether every output is touched: no window lies in the padding alone."""
        return len(self.last) == self.outputs


@dataclass(frozen=True)
class Touch:
    """A word's part in an output: halves of SMLA<xy> or both, of (w0, w1) or of (w1, w2)."""

    output: int
    halves: str
    late: bool


@dataclass(frozen=True)
class Instruction:
    """What the template writes a line for.

    Attributes:
        kind: of the template's macro `instruction`.
        to: register that it changes, or stores.
        single: the FPU's register that it changes, or reads.
        source, weights: registers of a product.
        halves: of a product.
        offset: of a load or store; of "input" and "move", how far.
    """

    kind: str
    to: int = 0
    source: int = 0
    weights: int = 0
    halves: str = ""
    offset: int = 0
    single: int = 0


@dataclass(frozen=True)
class Segment:
    """Words of a row, once or in a loop.

    Attributes:
        times: how often; 1: no loop.
        input: bytes that a loop's pointer to the words moves in each round.
    """

    instructions: tuple[Instruction, ...]
    times: int
    input: int


@dataclass(frozen=True)
class Body:
    """A row: a loop's instructions, and those of its last segment, with the way to the next one."""

    segments: tuple[Segment, ...]

    @property
    def instructions(self) -> int:
        """Executed for a row."""
        count = 1
        for segment in self.segments:
            loop = segment.times > 1
            count += segment.times * (len(segment.instructions) + loop) + (2 if loop else 0)
        return count

    @property
    def code_bytes(self) -> int:
        """Most bytes of its instructions: some take steps that their numbers need."""
        many = sum(len(segment.instructions) + _MOST_AROUND for segment in self.segments)
        moves = sum(abs(i.offset) // _STEP for s in self.segments for i in s.instructions)
        return _LONGEST * (many + moves + _MOST_AROUND)


# Bytes of an instruction; instructions around a segment and a row; what one adds to an address.
_LONGEST, _MOST_AROUND, _STEP = 4, 24, 4095
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


@lru_cache(maxsize=64)  # asked for by every estimate of every processor
def body(row: Row, down: int, below: int, finish: Finish, zero_point: int = 0) -> Body:
    """The instructions of a row.

    Args:
        down: bytes from a window to the one below it, in the planes.
        below: bytes from an output to the one below it.
        finish: how sums become bytes.
        zero_point: that the FPU's integers are short of.
    """
    head, rounds = _loop(row)
    size = _ROUND[row.stride]
    looped = head + rounds * size
    step = size * 2 // row.stride
    made = _Writer(row, finish, _BEHIND_FPU.get(zero_point, _BEHIND_FPU_ANY))
    parts = [(range(head), 1)]
    if rounds > 1:
        parts += [(range(head, head + size), rounds), (range(looped, row.words), 1)]
    segments = []
    for words, times in parts:
        moves = (4 * size, step * row.pixel) if times > 1 else (0, 0)
        written, moved = made.segment(words)
        if times > 1:
            written += _onward(_END_OF_LOOP, moves[0], moves[1] - moved)
            made.skip(times, moves[0], moves[1], step)
        segments.append(Segment(tuple(written), times, moves[0]))
    last = segments.pop()
    onward = _onward(_END_OF_ROWS, down - made.input, below - made.output)
    return Body((*segments, replace(last, instructions=(*last.instructions, *onward))))


def _onward(end: int, down: int, below: int) -> list[Instruction]:
    """The pointers' way to the next row or round, and whether there is one.

    Args:
        end: bytes from the stack's end, of where the words' pointer stops.
        down, below: bytes that the pointers move.
    """
    steps = [Instruction("end", _AT_END, offset=end)]
    steps += [Instruction("input", offset=down)] if down else []
    steps += [Instruction("move", offset=below)] if below else []
    return [*steps, Instruction("compare", _AT_END)]


def _loop(row: Row) -> tuple[int, int]:
    """The first word of the loop, and its rounds; all words and one for a short row."""
    if row.words <= _UNROLLED[row.stride]:
        return row.words, 1

    def relative(word: int) -> list[tuple[Touch, bool]]:
        shift = 2 * word // row.stride
        return [
            (replace(t, output=t.output - shift), row.first[t.output] == word)
            for t in row.touches[word]
        ]

    kinds = [relative(word) for word in range(row.words)]
    head = next(word for word in range(1, row.words) if kinds[word] == kinds[word + 1])
    end = next((w for w in range(head, row.words) if kinds[w] != kinds[head]), row.words)
    rounds = (end - head) // _ROUND[row.stride]
    return (head, rounds) if rounds > 1 else (row.words, 1)


@dataclass
class _Writer:
    """The row's instructions, in their order.

    Attributes:
        behind_fpu: what becomes of the FPU's integers, step by step.
        input, output: bytes that the pointers have moved since the row began.
    """

    row: Row
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
        touches = self.row.touches[word]
        ends = [t for t in touches if self.row.last[t.output] == word]
        begins = [t for t in touches if self.row.last[t.output] != word]
        order = [(r, t) for part in (ends, begins) for r in (0, 1) for t in part]
        order += [(2, t) for t in ends + begins]
        items = [_Item(t, r, (("word", word, r),)) for r, t in order]
        kinds = ("addend",) if self.finish == "floats" else ("factor", "addend")
        resident = self.finish != "floats" and self.row.stride == 2
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
        offset = row * self.row.below + 4 * word - self.input if kind == "word" else 0
        self._lines.append(Instruction(kind, register, offset=offset))

    def _write(self, item: _Item, now: int) -> None:
        touch = item.touch
        live = len(SUMS) if self.row.stride == 1 else 2
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
        offset = output * self.row.pixel - self.output - self._moved
        if offset > REACH:
            self._lines.append(Instruction("move", offset=offset))
            self._moved += offset
            offset = 0
        self._lines.append(Instruction("store", register, offset=offset))
