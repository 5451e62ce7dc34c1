"""A convolutional network as arrays, and the same as C structures in emulated memory."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from device.bench.counter import Machine
from device.bench.network import ARRAYS, fixed_point
from support.described import unpacked
from support.errors import UserError
from support.files import DAMAGED_ARRAYS, check_given, in_words

Array = npt.NDArray[Any]
# Where every runtime may keep what one node needs.
SCRATCH_BYTES = 1 << 18
# bench_node of peers/graph.h, in the order of its members.
_MEMBERS = (
    "kind",
    "height",
    "width",
    "channels",
    "output_height",
    "output_width",
    "filters",
    "kernel_height",
    "kernel_width",
    "stride_y",
    "stride_x",
    "dilation_y",
    "dilation_x",
    "pad_top",
    "pad_left",
    "first_zero_point",
    "second_zero_point",
    "output_zero_point",
    "low",
    "high",
)
_NODE_WORDS = len(_MEMBERS) + 7


@dataclass(frozen=True)
class Node:
    """One node: its sizes by the names of `python -m codegen export --graph`, its constants.

    Attributes:
        weights: int8, channels last; None: it has none.
        bias: int32; None: it has none.
        multipliers: float32 [outputs], of a sum [2]; None: it has none.
    """

    name: str
    sizes: dict[str, int]
    weights: Array | None
    bias: Array | None
    multipliers: Array | None


@dataclass(frozen=True)
class ConvNetwork:
    """Nodes in order.

    Attributes:
        values: bytes of each value, the network's input first.
        ends: scale and zero point of the input, then of the output.
        macs: multiply-accumulates of one inference.
    """

    nodes: tuple[Node, ...]
    values: tuple[int, ...]
    ends: tuple[float, ...]
    macs: int

    @property
    def model_bytes(self) -> int:
        """Weights and biases."""
        constants = [each for node in self.nodes for each in (node.weights, node.bias)]
        return sum(each.nbytes for each in constants if each is not None)

    def live(self, index: int) -> int:
        """Bytes of all tensors that are there while a node runs; none shares a byte with others."""
        last = {0: 0}
        first = {0: 0}
        for at, node in enumerate(self.nodes):
            first[node.sizes["output"]] = at
            for value in (node.sizes["first"], node.sizes["second"], node.sizes["output"]):
                last[value] = at
        return sum(self.values[value] for value in last if first[value] <= index <= last[value])


def read_graph(path: Path, macs: int) -> ConvNetwork:
    """Read what `python -m codegen export --graph` wrote.

    Raises:
        UserError: missing or of another kind.
    """
    check_given(path)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names = unpacked(arrays["names"].tobytes())
            found = {key: arrays[key] for key in arrays.files}
            fields = [key for key in found if found[key].shape == (len(names),)]
            nodes = tuple(
                Node(
                    name,
                    {key: int(found[key][i]) for key in fields},
                    *(found.get(f"{kind}_{i}") for kind in ("weights", "bias", "multipliers")),
                )
                for i, name in enumerate(names)
            )
            sizes = tuple(int(size) for size in found["sizes"])
            return ConvNetwork(nodes, sizes, tuple(map(float, found["ends"])), macs)
    except DAMAGED_ARRAYS as error:
        raise UserError(
            f"{path}: not a network's arrays ({in_words(error)})",
            "make it with the command by itself: python -m codegen export --graph",
        ) from None


@dataclass(frozen=True)
class Placed:
    """A network in emulated memory.

    Attributes:
        table: address of its bench_graph.
        values: address of each value; the input's and the output's are the caller's.
    """

    table: int
    values: tuple[int, ...]


def place(machine: Machine, network: ConvNetwork) -> Placed:
    """Put all arrays, nodes and room for the tensors into memory."""
    data = bytearray()

    def put(values: Array | None, dtype: str) -> int:
        if values is None:
            return 0
        address = ARRAYS + len(data)
        data.extend(np.ascontiguousarray(values).astype(dtype).tobytes())
        data.extend(bytes(-len(data) % 8))
        return address

    # Nodes read their neighbours' values at these places: 0 is the caller's.
    output = network.nodes[-1].sizes["output"]
    values = [put(np.zeros(size), "i1") for size in network.values]
    values[0] = values[output] = 0
    records = b""
    for node in network.nodes:
        fixed = [fixed_point(float(m)) for m in _multipliers(node)]
        words = [node.sizes[key] for key in _MEMBERS]
        words += [put(node.weights, "i1"), put(node.bias, "<i4")]
        words += [put(np.array([pair[i] for pair in fixed]), "<i4") for i in (0, 1)]
        words += [values[node.sizes[key]] for key in ("first", "second", "output")]
        records += struct.pack(f"<{len(_MEMBERS)}i7I", *words)
    assert len(records) == 4 * _NODE_WORDS * len(network.nodes)
    scratch = put(np.zeros(SCRATCH_BYTES), "i1")
    nodes = put(np.frombuffer(records, np.int8), "i1")
    first = network.nodes[0].sizes
    scale, zero_point, output_scale, output_zero_point = network.ends
    table = struct.pack(
        "<III4i2f2i",
        nodes,
        len(network.nodes),
        scratch,
        first["height"],
        first["width"],
        first["channels"],
        network.values[output],
        scale,
        output_scale,
        int(zero_point),
        int(output_zero_point),
    )
    address = put(np.frombuffer(table, np.int8), "i1")
    machine.map(ARRAYS, len(data))
    machine.engine.mem_write(ARRAYS, bytes(data))
    return Placed(address, tuple(values))


def _multipliers(node: Node) -> Sequence[float]:
    return () if node.multipliers is None else node.multipliers.tolist()
