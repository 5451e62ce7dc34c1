"""The instruction counter: exact, also for what IT blocks skip, and the stack that is reserved."""

from __future__ import annotations

import numpy as np
import pytest

from device.bench.counter import Machine, Mark, Windows
from support.errors import UserError
from tests.device.assembled import machine_of

# Each function gets r0 = input, r1 = output, as counter_calls passes them.
SOURCE = """
    .syntax unified
    .thumb
    .text
    .global straight, skipped, loop, reserves, tells, event, faults
    .type straight, %function
    .thumb_func
straight:                       // 4 instructions, of two and four bytes
    ldrb    r2, [r0]
    add.w   r2, r2, #1
    strb    r2, [r1]
    bx      lr
    .size straight, . - straight
    .type skipped, %function
    .thumb_func
skipped:                        // 6, whatever the IT block skips
    ldrsb   r2, [r0]
    cmp     r2, #0
    ite     lt
    rsblt   r2, r2, #0
    addge   r2, r2, #1
    bx      lr
    .size skipped, . - skipped
    .type loop, %function
    .thumb_func
loop:                           // 1 + 2 n + 1 instructions for the input n > 0
    ldrb    r2, [r0]
1:  subs    r2, r2, #1
    bne     1b
    bx      lr
    .size loop, . - loop
    .type reserves, %function
    .thumb_func
reserves:                       // 8 bytes written, 256 reserved below them
    push    {r4, lr}
    sub     sp, sp, #256
    b       2f
2:  add     sp, sp, #256
    pop     {r4, pc}
    .size reserves, . - reserves
    .type tells, %function
    .thumb_func
tells:                          // layer 7 is what is between the calls: 3 instructions
    push    {r4, lr}
    movs    r1, #7
    movs    r2, #0
    bl      event
    add     r3, r3, #1
    movs    r2, #1
    bl      event
    pop     {r4, pc}
    .size tells, . - tells
    .type event, %function
    .thumb_func
event:
    push    {r4, lr}
    mov     r3, r1
    pop     {r4, pc}
    .size event, . - event
    .type faults, %function
    .thumb_func
faults:
    mov     r2, #0x50000000
    ldr     r2, [r2]
    bx      lr
    .size faults, . - faults
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """The functions above, linked by themselves."""
    return machine_of(SOURCE, "straight", tmp_path_factory.mktemp("counter"))


def rows(*values: int) -> np.ndarray:
    """int8 [N, 1]."""
    return np.array(values, np.int64).astype(np.int8).reshape(-1, 1)


def test_counts_and_outputs(machine: Machine) -> None:
    outputs, counts = machine.count("straight", rows(1, -1, 127), 1)
    assert outputs[:, 0].tolist() == [2, 0, -128]
    assert counts.tolist() == [4, 4, 4]


def test_what_an_it_block_skips_counts(machine: Machine) -> None:
    assert machine.count("skipped", rows(5, -5), 1)[1].tolist() == [6, 6]


def test_a_loop_counts_each_turn(machine: Machine) -> None:
    assert machine.count("loop", rows(1, 7, 100), 1)[1].tolist() == [4, 16, 202]


def test_profile_adds_up(machine: Machine) -> None:
    assert machine.profile("loop", rows(7), 1) == {"loop": 16}


@pytest.mark.parametrize(("name", "value"), [("straight", 1), ("skipped", -5), ("loop", 9)])
def test_a_trace_has_every_instruction_counted(machine: Machine, name: str, value: int) -> None:
    """In order, from the function's start; also when it ran without a trace before."""
    count = int(machine.count(name, rows(value), 1)[1][0])
    trace = machine.trace(name, rows(value)[0])
    assert len(trace) == count and trace[0] == machine.symbol(name)
    assert int(machine.count(name, rows(value), 1)[1][0]) == count


def test_windows_are_pieces_of_the_trace(machine: Machine) -> None:
    """Also where they begin within a block, meet, or end with the last instruction."""

    def run() -> None:
        machine.count("loop", rows(9), 1)

    whole = machine.trace("loop", rows(9)[0])
    assert machine.length(run) == len(whole) == 20
    for starts in ((0, 3, 8), (1, 5, 17)):
        pieces = machine.recorded(run, Windows(starts, (3, 2, 3)))
        assert [list(piece) for piece in pieces] == [
            list(whole[at : at + size]) for at, size in zip(starts, (3, 2, 3), strict=True)
        ]


def test_marks_say_where_a_layer_begins_and_ends(machine: Machine) -> None:
    """What tells of it is no part of it."""
    marks = machine.marks("event", lambda: machine.count("tells", rows(0), 1))
    assert marks == [Mark(7, after=False, instructions=7), Mark(7, after=True, instructions=10)]
    assert machine.marks("event", lambda: machine.count("loop", rows(5), 1)) == []


def test_reserved_stack_counts(machine: Machine) -> None:
    assert machine.stack("reserves", rows(0), 1) == 8 + 256
    assert machine.stack("straight", rows(0), 1) == 0


def test_a_fault_names_the_input(machine: Machine) -> None:
    with pytest.raises(UserError, match="'faults' faulted on input 0"):
        machine.count("faults", rows(0), 1)
