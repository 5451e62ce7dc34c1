"""Kernels in C on this computer, called with their input and output anywhere in one memory."""

from __future__ import annotations

import ctypes
import re
import subprocess
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from codegen.ir.graph import Graph
from codegen.kernels.conv.depthwise_rows import RoutineFields
from codegen.kernels.conv.portable import ConvFields
from codegen.kernels.conv.quads import QuadsFields
from codegen.kernels.conv.stacked import StackedFields
from codegen.kernels.conv.tables import TablesFields
from codegen.kernels.kernel import Lowered
from codegen.kernels.pool.portable import PoolFields
from codegen.kernels.registry import candidates
from codegen.target import CORTEX_M7
from tests.codegen.shared_objects import compiled_once

RUNTIME = Path(__file__).resolve().parents[2] / "firmware/runtime"
CONVOLUTIONS = ("conv", "conv_packed", "conv_window", "depthwise_planes", "depthwise_routines")
QUADS = ("quads", "conv_quads", "conv_quad_rows", "conv_quad_copies", "conv_rows", "words")
STACKED = ("conv_stacked", "conv_stacked_group")
TABLES = ("conv_tables", "conv_tables_group", "conv_tables_rows")
FILES = ("pool", *CONVOLUTIONS, *QUADS, *STACKED, *TABLES)
# Bytes that any layer may have for tables of weights.
TABLE_MEMORY = 1 << 20

Bytes = npt.NDArray[np.uint8]


@cache
def library() -> ctypes.CDLL:
    """The kernels, compiled without a network."""
    sources = [RUNTIME / f"kernels/nn_{name}.c" for name in FILES]
    command = ["gcc", "-std=c11", "-O1", "-shared", "-fPIC", "-ffp-contract=off", f"-I{RUNTIME}"]

    def compile_into(folder: Path) -> None:
        folder.mkdir()
        subprocess.run([*command, *sources, "-o", folder / "kernels.so"], check=True)

    files = sorted((RUNTIME / "kernels").glob("nn_*.[ch]"))
    found = compiled_once(command, RUNTIME, files, compile_into)
    return ctypes.CDLL(str(found / "kernels.so"))


def structure(header: str, name: str, values: dict[str, int]) -> ctypes.Array[ctypes.c_int32]:
    """A structure of int32 as a header declares it, from its members' values."""
    text = (RUNTIME / f"kernels/nn_{header}.h").read_text()
    body = re.findall(r"typedef struct \{(.*?)\} (\w+);", text, re.DOTALL)
    (members,) = (inside for inside, called in body if called == name)
    order = []
    for kind, member in re.findall(r"^ *(\w+) (\w+);", members, re.MULTILINE):
        if kind == "nn_sums":
            sums = (RUNTIME / "kernels/nn_sums.h").read_text()
            order += re.findall(r"^ *ai_i32 (\w+);", sums.split("} nn_sums")[0], re.MULTILINE)
        else:
            order.append(member)
    return (ctypes.c_int32 * len(order))(*(values[member] for member in order))


def _values(given: Any) -> dict[str, int]:
    """Members of dataclasses of a kernel's fields, windows by their C names."""
    found: dict[str, int] = {}
    for each in fields(given):
        value = getattr(given, each.name)
        if each.name == "window":
            for pair, names in (
                (value.input, ("height", "width")),
                (value.output, ("output_height", "output_width")),
                (value.kernel, ("kernel_height", "kernel_width")),
                (value.strides, ("stride_y", "stride_x")),
                (value.dilations, ("dilation_y", "dilation_x")),
                (value.pads, ("pad_top", "pad_left", "pad_bottom", "pad_right")),
            ):
                found |= dict(zip(names, pair, strict=True))
        elif is_dataclass(value):
            # A layer's own members before its loop's: both have channels.
            found = _values(value) | found
        elif isinstance(value, int):
            found[each.name] = int(value)
    return found


Call = Callable[[int, int], None]


def call_of(lowered: Lowered) -> Call:
    """A kernel as a function of its input's and output's addresses."""
    constants = {
        block.key: ctypes.create_string_buffer(block.data, max(len(block.data), 1))
        for block in lowered.constants
    }
    given = lowered.fields
    values = _values(given)
    if isinstance(given, ConvFields):
        shape = structure("conv", "nn_conv_shape", values)
        scratch = ctypes.create_string_buffer(lowered.scratch + 8)
        last = scratch if lowered.scratch else constants.get("zero_points")
        function = getattr(library(), given.function)
        if isinstance(given, QuadsFields):
            return _quads(given, shape, constants["weights"], scratch)
        if isinstance(given, StackedFields):
            return _stacked(given, shape, constants["weights"], scratch)
        if isinstance(given, TablesFields):
            return _tables(lowered, given, shape, constants, scratch)
        blocks = [constants[key] for key in ("weights", "bias", "multipliers")]

        def convolve(source: int, target: int) -> None:
            function(shape, *map(ctypes.c_void_p, (source, target)), *blocks, last)

        return convolve
    if isinstance(given, RoutineFields):
        # In C the routines are left out: the shape, words of a row, the shifts.
        conv = structure("conv", "nn_conv_shape", values)
        shifts = (given.shift, given.finer, given.finer_shift)
        layer = (ctypes.c_int32 * (len(conv) + 4))(*conv, given.words, *shifts)
        scratch = ctypes.create_string_buffer(lowered.scratch + 8)
        return lambda source, target: library().nn_depthwise_routines(
            layer, *map(ctypes.c_void_p, (source, target)), constants["constants"], scratch
        )
    assert isinstance(given, PoolFields)
    shape = structure("pool", "nn_pool_shape", values)
    if given.average is None:
        return lambda source, target: library().nn_max_pool(
            shape, *map(ctypes.c_void_p, (source, target))
        )
    average = structure("pool", "nn_average", values)
    return lambda source, target: library().nn_average_pool(
        shape, average, *map(ctypes.c_void_p, (source, target)), constants["multipliers"]
    )


def _quads(given: QuadsFields, shape: Any, words: Any, scratch: Any) -> Call:
    """A convolution by quads, with its loop and its ends, as nn_quads_end.h has them in C."""
    function, loop = getattr(library(), given.function), given.loop
    steps = (loop.rest, loop.turn, loop.hop, loop.step, loop.apart)
    ways = (ctypes.c_int32 * len(steps))(*steps)
    made = {end.first: end.shift + 256 * end.bits for end in given.ends}
    by_integers = (ctypes.c_int32 * 4)(*given.counts, made.get(True, 0), made.get(False, 0))

    def convolve(source: int, target: int) -> None:
        ends = map(ctypes.c_void_p, (source, target))
        function(shape, *ends, words, by_integers, ways, scratch)

    return convolve


def _stacked(given: StackedFields, shape: Any, words: Any, scratch: Any) -> Call:
    """A convolution of stacked pixels, with its loop and the shift of its end."""
    ways = (ctypes.c_int32 * 4)(*given.loop.arguments)

    def convolve(source: int, target: int) -> None:
        ends = map(ctypes.c_void_p, (source, target))
        how = (ways, ctypes.c_uint32(given.shift), given.loop.pitch, scratch)
        getattr(library(), given.function)(shape, *ends, words, given.integers, *how)

    return convolve


def _tables(
    lowered: Lowered, given: TablesFields, shape: Any, constants: dict[str, Any], scratch: Any
) -> Call:
    """A convolution with tables, which are made of its weights as init makes them."""
    loop = given.loop
    table = ctypes.create_string_buffer(lowered.tables)
    library().nn_conv_tables_make(given.pairs, loop.steps, constants["weights"], table)
    steps = (ctypes.c_int32 * 3)(loop.steps, loop.across, loop.tiles)

    def convolve(source: int, target: int) -> None:
        ends = map(ctypes.c_void_p, (source, target))
        weights = (constants["constants"], given.integers, table)
        ways = (loop.across, steps, ctypes.c_uint32(given.shift))
        getattr(library(), given.function)(shape, *ends, *weights, *ways, scratch)

    return convolve


def kernels_of(graph: Graph) -> list[Lowered]:
    """The only operation of a network as each kernel that fits computes it, in all its forms."""
    (op,) = graph.ops
    looked_at = candidates(op, CORTEX_M7, {}, tables=TABLE_MEMORY)
    fitting = [each.kernel for each in looked_at if each.cost is not None]
    return [form for kernel in fitting for form in kernel.forms(op, CORTEX_M7)]


def play(lowered: Lowered, stored: Bytes, distance: int) -> Bytes:
    """The output when the input begins `distance` bytes behind it.

    Args:
        stored: the input's bytes.
    """
    size = lowered.op.output.bytes
    before = max(0, -distance)
    memory = np.zeros(before + max(size, distance + len(stored)) + 8, np.uint8)
    start = before + distance
    memory[start : start + len(stored)] = stored
    address = memory.ctypes.data
    call_of(lowered)(address + start, address + before)
    return memory[before : before + size].copy()
