"""Chains of random networks, assembled and called on an emulated Cortex-M7.

Every buffer ends where its memory ends, so a read or write beyond it faults; inputs and weights
are read-only. Below the writable buffers are bytes that must stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import unicorn
from unicorn import arm_const

from codegen.generate import network_context
from codegen.ir.types import Int8Array
from codegen.kernels.fully_connected.chain.operation import STEM
from codegen.plan import Plan, plan_network
from codegen.reference import all_values
from codegen.render import render
from device.bench.counter import PAGE, STACK_TOP, Machine
from tests.codegen.programs import FIRMWARE, run, toolchain
from tests.kernels.networks import Network

CODE = 0x20000000
INPUT_END, OUTPUT_END, WEIGHTS_END, ARENA_END = 0x61000000, 0x62000000, 0x64000000, 0x65000000
SMALL, LARGE = 4 * PAGE, 0x00800000
GUARD = bytes([0xA5]) * 64
# Procedure Call Standard for the Arm Architecture (AAPCS32) 6.1: what a function preserves.
PRESERVED = (
    *(getattr(arm_const, f"UC_ARM_REG_R{n}") for n in range(4, 12)),
    *(getattr(arm_const, f"UC_ARM_REG_S{n}") for n in range(16, 32)),
)


@dataclass(frozen=True)
class Planned:
    """A network with its plan under a name of its own."""

    name: str
    network: Network
    plan: Plan


@dataclass(frozen=True)
class Routine:
    """A function of the assembly: (source, target, weights, arena).

    Attributes:
        reads, writes: arena offsets, or None: the chain's input, its output.
        stack: bytes that the generator says it takes.
        weights: the block that it reads.
    """

    symbol: str
    stack: int
    weights: bytes = b""
    reads: int | None = None
    writes: int | None = None


def plan_all(networks: Sequence[Network]) -> list[Planned]:
    """Plan every network: n0, n1, and so on."""
    return [Planned(f"n{i}", n, plan_network(n.graph, n.kernels)) for i, n in enumerate(networks)]


def machine_with(planned: Sequence[Planned], folder: Path, shared: Path) -> Machine:
    """One program with the assembly of all networks, in an emulated Cortex-M7.

    Args:
        folder: for sources and program.
        shared: where the compiled counter is kept.
    """
    flags = toolchain("mps2_an500").board.cpu.flags
    assembler = "arm-none-eabi-gcc"
    words = [assembler, *flags, "-nostdlib", f"-Wl,-Ttext={CODE:#x},-e,0"]
    words += ["-Wl,--no-warn-rwx-segments", f"-I{FIRMWARE / 'runtime'}", "-x", "assembler-with-cpp"]
    folder.mkdir(parents=True, exist_ok=True)
    for each in planned:
        context = {"net": network_context(each.plan, each.name)}
        source = folder / f"{each.name}_assembly.S"
        source.write_text(render("network/network_assembly.S.j2", context))
        words.append(str(source))
    elf = folder / "chains.elf"
    run([*words, "-o", str(elf)])
    machine = Machine(elf, shared)
    for end, size, access in (
        (INPUT_END, SMALL, unicorn.UC_PROT_READ),
        (OUTPUT_END, SMALL, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE),
        (WEIGHTS_END, LARGE, unicorn.UC_PROT_READ),
        (ARENA_END, 16 * PAGE, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE),
    ):
        machine.engine.mem_map(end - size, size, access)
    return machine


def chain_values(planned: Planned) -> list[tuple[Int8Array, Int8Array]]:
    """int8 inputs, and int8 outputs by the reference, of each of the network's chains."""
    values = all_values(planned.network.graph, planned.network.inputs)
    return [
        (values[step.lowered.op.input], values[step.lowered.op.output])
        for step in planned.plan.steps
        if step.lowered.stem == STEM
    ]


def routines(planned: Planned) -> list[list[Routine]]:
    """The routines of each of the network's chains, in the order of their calls."""
    chains = network_context(planned.plan, planned.name)["chains"]
    blocks = [block.data for block in planned.plan.blocks]
    return [
        [
            Routine(
                layer["symbol"],
                layer["stack"],
                blocks[layer["block"]],
                layer["reads"],
                layer["writes"],
            )
            for layer in chain["layers"]
        ]
        for chain in chains
    ]


def call(
    machine: Machine, chain: Sequence[Routine], value: Int8Array, sizes: tuple[int, int]
) -> tuple[Int8Array, list[str]]:
    """Call the routines of a chain on one input.

    Args:
        value: int8 [inputs].
        sizes: bytes of output and arena.

    Returns:
        int8 [outputs], and what they did that a function must not do.
    """
    engine = machine.engine
    given = value.tobytes()
    output, arena = OUTPUT_END - sizes[0], ARENA_END - sizes[1]
    source = INPUT_END - len(given)
    engine.mem_write(source, given)
    engine.mem_write(arena - len(GUARD), GUARD + bytes([0x5A]) * sizes[1])
    engine.mem_write(output - len(GUARD), GUARD + bytes([0x5A]) * sizes[0])
    wrong = []
    for routine in chain:
        reads = source if routine.reads is None else arena + routine.reads
        writes = output if routine.writes is None else arena + routine.writes
        wrong += _call(machine, routine, (reads, writes, arena))
    for name, start in (("arena", arena), ("output", output)):
        if bytes(engine.mem_read(start - len(GUARD), len(GUARD))) != GUARD:
            wrong.append(f"written below the {name}")
    made = np.frombuffer(bytes(engine.mem_read(output, sizes[0])), np.int8)
    return made, wrong


def _call(machine: Machine, routine: Routine, places: tuple[int, int, int]) -> list[str]:
    engine, symbol = machine.engine, routine.symbol
    reads, writes, arena = places
    weights = WEIGHTS_END - len(routine.weights)
    engine.mem_write(weights, routine.weights)
    arguments = (reads, writes, weights, arena)
    patterns = [0x40400001 + 0x01010101 * number for number in range(len(PRESERVED))]
    for register, pattern in zip(PRESERVED, patterns, strict=True):
        engine.reg_write(register, pattern)
    try:
        lowest = machine.lowest_stack(lambda: machine.call(symbol, arguments))
    except unicorn.UcError as error:
        return [f"{symbol}: {error}, pc {engine.reg_read(arm_const.UC_ARM_REG_PC):#x}"]
    wrong = []
    if [engine.reg_read(register) for register in PRESERVED] != patterns:
        wrong.append(f"{symbol}: registers not preserved")
    if engine.reg_read(arm_const.UC_ARM_REG_SP) != STACK_TOP:
        wrong.append(f"{symbol}: sp not restored")
    if STACK_TOP - lowest != routine.stack:
        wrong.append(f"{symbol}: {STACK_TOP - lowest} bytes of stack, not {routine.stack}")
    return wrong


def differences(machine: Machine, planned: Planned) -> list[str]:
    """What is wrong with the chains of a network; empty when all bytes are the reference's."""
    plan, found = planned.plan, []
    kinds = [
        f"{layer.kernel} ({layer.why})" for step in plan.steps for layer in step.lowered.layers
    ]
    about = f"{planned.network.sizes} {planned.network.kernels.wanted}: {', '.join(kinds)}"
    for chain, (inputs, expected) in zip(routines(planned), chain_values(planned), strict=True):
        sizes = (expected.shape[1], plan.arena_size)
        for row, value in enumerate(inputs):
            made, wrong = call(machine, chain, value, sizes)
            if not np.array_equal(made, expected[row]):
                wrong.append(f"{int((made != expected[row]).sum())} of {len(made)} bytes differ")
            found += [f"{about}: {chain[0].symbol}, input {row}: {what}" for what in wrong]
            if wrong:
                break
    return found
