"""Boards are data: the strict reader of `board.toml` and the JSON that codegen reads.

The schema, key by key, is in docs/add-a-board.md. Standard library only.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from device.chip_data import Chip, read_chip
from device.schema import Table, close_match
from support.build_files import KINDS
from support.errors import UserError
from support.files import check_given, read_json
from support.shape import wrong

EMULATORS = ("qemu-mps2-an500", "qemu-netduinoplus2", "host", "h750")
NATIVE = "native"
FPUS = ("none", "fpv4-sp-d16", "fpv5-sp-d16", "fpv5-d16")
CORES = ("cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", NATIVE)

# Object classes and the access that the memory they run from must grant.
CLASSES: Mapping[str, str] = {
    "vectors": "r",
    "code": "rx",
    "kernels": "rx",
    "weights": "r",
    "activations": "rw",
    "data": "rw",
    "stack": "rw",
    "subset": "r",
    "results": "rw",
}


@dataclass(frozen=True)
class Cpu:
    """The processor core, in GCC's names.

    Attributes:
        core: value of `-mcpu`, or "native" for the development machine.
        fpu: value of `-mfpu`, or "none".
        float_abi: "soft", "softfp" or "hard".
    """

    core: str
    fpu: str = "none"
    float_abi: str = "soft"

    @property
    def native(self) -> bool:
        """Whether the board is the development machine itself."""
        return self.core == NATIVE

    @property
    def flags(self) -> list[str]:
        """The compiler's machine options; gcc and clang take the same ones."""
        if self.native:
            return []
        fpu = [] if self.fpu == "none" else [f"-mfpu={self.fpu}"]
        return [f"-mcpu={self.core}", "-mthumb", *fpu, f"-mfloat-abi={self.float_abi}"]


@dataclass(frozen=True)
class Memory:
    """One memory of a board; sizes and addresses in bytes.

    Attributes:
        kind: "flash" holds what a programmer (or an emulator's loader) put there, "ram" does not.
        access: subset of "rwx" that firmware has.
        reserve_start: bytes left empty at the start.
        image: a raw `firmware-<name>.bin` is made of it.
        zero_wait: the core reads it without wait states (tightly coupled memory).
        external: outside the chip, so a programmer needs a loader for it.
        word: bytes that are programmed at once: after an erase each such word can be written one
            time, so no two stored sections share one.
    """

    name: str
    origin: int
    length: int
    kind: str
    access: str
    reserve_start: int = 0
    image: bool = False
    zero_wait: bool = False
    external: bool = False
    word: int = 4

    @property
    def end(self) -> int:
        """First address behind the memory."""
        return self.origin + self.length

    def contains(self, address: int, size: int = 1) -> bool:
        """Whether `size` bytes from `address` lie inside."""
        return self.origin <= address and address + size <= self.end


@dataclass(frozen=True)
class Console:
    """How the firmware's text reaches a person.

    Attributes:
        kind: "serial" (a port of this computer) or "emulator".
        baud: bits per second of a serial console.
        usb_vendor: USB vendor id that finds the port, 0 when unknown.
        reset_button: what a person presses to start the firmware again, "" when unknown.
    """

    kind: str
    baud: int = 115200
    usb_vendor: int = 0
    reset_button: str = ""


@dataclass(frozen=True)
class Board:
    """A validated board.

    Attributes:
        emulator: what runs its firmware on this computer; "" when nothing does.
        chip: what the C code of the chip's family must know of the board.
        placement: class -> names of the memories it may run from, best first.
        load: names of the memories that store what runs elsewhere, best first.
        code_reserve: bytes of the first flash kept free of data, for code and start-up.
        stack: bytes of stack.
        programmers: tool name -> its settings, in order of preference.
        folder: where its board.toml lies, and what its settings name beside it.
    """

    name: str
    title: str
    emulator: str
    cpu: Cpu
    chip: Chip
    memories: tuple[Memory, ...]
    placement: dict[str, list[str]]
    load: list[str]
    code_reserve: int
    stack: int
    console: Console
    programmers: dict[str, dict[str, str]] = field(default_factory=dict)
    folder: Path = Path()

    def memory(self, name: str) -> Memory:
        """The memory of that name; a `UserError` with the nearest name when there is none."""
        for memory in self.memories:
            if memory.name == name:
                return memory
        names = [memory.name for memory in self.memories]
        raise UserError(f"board {self.name}: no memory '{name}'", close_match(name, names))

    def memory_at(self, address: int) -> Memory | None:
        """The memory that holds `address`, or None."""
        return next((m for m in self.memories if m.contains(address)), None)

    def to_json(self) -> dict[str, Any]:
        """The content of `memories.json`: what compiling and linking need, nothing of probes."""
        return {
            "board": {"name": self.name, "title": self.title, "emulator": self.emulator},
            "cpu": {**asdict(self.cpu), "flags": self.cpu.flags},
            "chip": asdict(self.chip),
            "console": {"baud": self.console.baud},
            "memories": [asdict(memory) for memory in self.memories],
            "placement": {**self.placement, "load": self.load},
            "budget": {"code": self.code_reserve, "stack": self.stack},
        }


def read_board(path: Path | str) -> Board:
    """Read and check a `board.toml`.

    Raises:
        UserError: naming the file and the key: not TOML, unknown or missing keys (with the nearest
            name), wrong types or values, memories that overlap or leave the 32-bit address space,
            placement into memories that do not exist or do not grant the access.
    """
    check_given(Path(path))
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", _known_boards(Path(path))) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        why = "no UTF-8" if isinstance(error, UnicodeDecodeError) else error
        raise UserError(
            f"{path}: not valid TOML: {why}", "mend it: docs/add-a-board.md has an example"
        ) from None
    root = Table(content, str(path))
    cpu = _read_cpu(root.table("cpu"))
    memories = tuple(_read_memory(table) for table in root.tables("memory", optional=cpu.native))
    _check_memories(str(path), memories)
    placement, load = _read_placement(root, cpu, memories)
    code_reserve, stack = _read_budget(root, cpu)
    head = root.table("board")
    board = Board(
        name=head.name("name"),
        title=head.text("title"),
        emulator=head.choice("emulator", EMULATORS, default=""),
        cpu=cpu,
        chip=read_chip(root),
        memories=memories,
        placement=placement,
        load=load,
        code_reserve=code_reserve,
        stack=stack,
        console=_read_console(root.table("console")),
        programmers=_read_programmers(root),
        folder=Path(path).parent,
    )
    head.finish()
    root.finish()
    return board


def read_memories(path: Path | str) -> tuple[Memory, ...]:
    """Read the memories back from a `memories.json` that this module wrote."""
    of = KINDS["memories"]
    content = read_json(path, of.remedy)
    if why := wrong(content, {"memories": of.shape["memories"]}):
        raise of.damaged(Path(path), why)
    try:
        return tuple(Memory(**memory) for memory in content["memories"])
    except TypeError:
        raise of.damaged(Path(path), "a memory has other keys") from None


def _known_boards(path: Path) -> str:
    folder = path.parent.parent
    names = sorted(p.parent.name for p in folder.glob("*/board.toml")) if folder.is_dir() else []
    return close_match(path.parent.name, names) if names else "give the path of a board.toml"


def _read_cpu(table: Table) -> Cpu:
    core = table.choice("core", CORES)
    if core == NATIVE:
        cpu = Cpu(core)
    else:
        cpu = Cpu(
            core,
            table.choice("fpu", FPUS),
            table.choice("float_abi", ("soft", "softfp", "hard")),
        )
        if cpu.fpu == "none" and cpu.float_abi == "hard":
            raise UserError(f"{table.where}: float_abi 'hard' needs an fpu")
    table.finish()
    return cpu


def _read_memory(table: Table) -> Memory:
    memory = Memory(
        name=table.name("name"),
        origin=table.integer("origin", multiple=4),
        length=table.integer("length", low=4, multiple=4),
        kind=table.choice("kind", ("flash", "ram")),
        access=table.text("access"),
        reserve_start=table.integer("reserve_start", default=0, multiple=4),
        image=table.boolean("image", default=False),
        zero_wait=table.boolean("zero_wait", default=False),
        external=table.boolean("external", default=False),
        word=table.integer("word", default=4, low=1, high=256),
    )
    where = f"{table.where} '{memory.name}'"
    if not memory.access or "".join(c for c in "rwx" if c in memory.access) != memory.access:
        raise UserError(f"{where}: access '{memory.access}' is no subset of 'rwx', in this order")
    if memory.end > 1 << 32:
        raise UserError(f"{where}: ends at {memory.end:#x}, beyond the 32-bit address space")
    if memory.reserve_start >= memory.length:
        raise UserError(f"{where}: reserve_start leaves nothing of its {memory.length} bytes")
    if memory.word & (memory.word - 1) or memory.origin % memory.word:
        raise UserError(
            f"{where}: word = {memory.word} must be a power of two that divides the origin"
        )
    if memory.image and memory.kind != "flash":
        raise UserError(f"{where}: image = true needs kind = 'flash'")
    table.finish()
    return memory


def _check_memories(path: str, memories: tuple[Memory, ...]) -> None:
    names = [memory.name for memory in memories]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{path}: two memories are called '{name}'")
    ordered = sorted(memories, key=lambda memory: memory.origin)
    for low, high in pairwise(ordered):
        if low.end > high.origin:
            raise UserError(
                f"{path}: memories '{low.name}' and '{high.name}' overlap at {high.origin:#010x}"
            )


def _read_placement(
    root: Table, cpu: Cpu, memories: tuple[Memory, ...]
) -> tuple[dict[str, list[str]], list[str]]:
    if cpu.native:
        return {}, []
    table = root.table("placement")
    by_name = {memory.name: memory for memory in memories}
    placement = {name: table.names(name, by_name) for name in CLASSES}
    load = table.names("load", by_name)
    for name in load:
        if by_name[name].kind != "flash":
            raise UserError(f"{table.where}: load: '{name}' is no flash: nothing is stored there")
    for class_name, candidates in placement.items():
        for name in candidates:
            missing = [right for right in CLASSES[class_name] if right not in by_name[name].access]
            if missing:
                raise UserError(
                    f"{table.where}: {class_name}: '{name}' has access '{by_name[name].access}', "
                    f"but {class_name} need '{CLASSES[class_name]}'"
                )
    if any(by_name[name].kind != "flash" for name in placement["vectors"]):
        raise UserError(f"{table.where}: vectors must lie in flash: the core reads them at reset")
    table.finish()
    return placement, load


def _read_budget(root: Table, cpu: Cpu) -> tuple[int, int]:
    if cpu.native:
        return 0, 0
    table = root.table("budget")
    # firmware/cortex_m/mpu.c guards the lowest 256 bytes of the stack, on their own size's border.
    code, stack = table.integer("code", multiple=4), table.integer("stack", low=512, multiple=256)
    table.finish()
    return code, stack


def _read_console(table: Table) -> Console:
    kind = table.choice("kind", ("serial", "emulator"))
    console = Console(kind)
    if kind == "serial":
        console = Console(
            kind,
            table.integer("baud", low=1),
            table.integer("usb_vendor", default=0, high=0xFFFF),
            table.text("reset_button", default=""),
        )
    table.finish()
    return console


def _read_programmers(root: Table) -> dict[str, dict[str, str]]:
    """`[programmers.<tool>]` tables in the file's order; each tool's module checks its own keys."""
    programmers = root.table("programmers", optional=True)
    settings: dict[str, dict[str, str]] = {}
    for tool in programmers:
        table = programmers.table(tool)
        settings[tool] = {key: table.text(key) for key in table}
        table.finish()
    programmers.finish()
    return settings
