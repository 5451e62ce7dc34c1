"""Estimated cycles of executed traces: the models' rules, and what a sample of a long one says."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from device.bench import dual_issue, mca
from device.bench.counter import Machine
from device.bench.estimate import Estimate, Sampling, estimate, in_words, of_run, of_spans, summed
from device.bench.listing import instructions, straight
from tests.device.assembled import machine_of

# Pieces of code and the cycles that each takes in a long row of it: by measurements of chips
# (docs/performance.md), and by llvm-mca 22 with multiples as doubles.
RULES = {
    "two additions": (["add r0, r1, #1", "add r2, r3, #1"], 1, 1),
    "an addition that needs the one before": (["add r0, r0, #1", "add r0, r0, #1"], 2, 2),
    "products that add to one sum": (["smlad r0, r1, r2, r0"], 1, 1),
    "a product beside a load": (["smlad r0, r1, r2, r0", "ldr r3, [r4]"], 1, 1),
    "a product of what was just loaded": (["ldr r1, [r4]", "smlad r0, r1, r2, r1"], 2, 2),
    "two operations on lanes": (["sxtab16 r0, r1, r2", "sxtab16 r3, r4, r5"], 2, 2),
    "a load of two": (["ldm r0, {r1, r2}"], 1, 1),
    "a load of four": (["ldm r0, {r1, r2, r3, r4}"], 2, 2),
    "a load of five": (["ldm r0, {r1, r2, r3, r4, r5}"], 3, 3),
    "nine registers stored": (["stm r0, {r4-r11, lr}"], 5, 5),
    "a double beside nothing": (["ldrd r0, r1, [r4]", "add r5, r6, #1"], 2, 2),
}
ROW = 200


@pytest.mark.parametrize("rule", RULES)
def test_dual_issue_follows_what_was_measured(rule: str) -> None:
    code, wanted, _ = RULES[rule]
    more = dual_issue.cycles(code * 3 * ROW) - dual_issue.cycles(code * ROW)
    assert more / (2 * ROW) == wanted


@pytest.mark.parametrize("rule", RULES)
def test_llvm_takes_multiples_as_doubles(rule: str) -> None:
    """Any other version of LLVM may have another model: its figures are not these."""
    assert mca.version().startswith("22."), "install llvm-22: ./bootstrap scons test"
    code, _, wanted = RULES[rule]
    long, short = mca.cycles(code * 3 * ROW), mca.cycles(code * ROW)
    assert long is not None and short is not None
    assert round((long - short) / (2 * ROW), 1) == wanted


@pytest.mark.parametrize(
    ("text", "doubles"),
    [
        ("ldmia r0!, {r4, r5, r6}", ("ldrd r4, r5, [r0, #0]", "ldrd r6, lr, [r0], #8")),
        ("stmdb sp!, {r4, lr}", ("strd r4, lr, [sp], #8",)),
        ("ldmia sp!, {r4, pc}", ("ldrd r4, lr, [sp], #8", "b somewhere")),
        ("ldmia r1, {r0, r1}", ("ldrd r0, r1, [r1, #0]",)),
        ("vldmia r0!, {s8-s11}", ("vldr d4, [r0]", "vldmia r0!, {s10, s11}")),
        ("vpush {s16-s17}", ("vstmia sp!, {s16, s17}",)),
        ("ldrd r0, r1, [r2]", ("ldrd r0, r1, [r2]",)),
    ],
)
def test_multiples_become_doubles(text: str, doubles: tuple[str, ...]) -> None:
    assert mca.as_doubles(text) == doubles


SOURCE = """
    .syntax unified
    .thumb
    .fpu fpv5-sp-d16
    .text
    .global loop, conditional, strange
    .type loop, %function
    .thumb_func
loop:
    ldrb    r2, [r0]
    lsls    r2, r2, #9
1:  subs    r2, r2, #1
    bne     1b
    bx      lr
    .size loop, . - loop
    .type conditional, %function
    .thumb_func
conditional:
    push    {r4, lr}
    ldrsb   r2, [r0]
    cmp     r2, #0
    ite     lt
    rsblt   r12, r2, #0
    addge   sl, r2, #1
    vmrs    r4, fpscr
    bl      2f
    nop
    pop     {r4, pc}
2:  bx      lr
    .size conditional, . - conditional
    .type strange, %function
    .thumb_func
strange:
    dsb
    mrs     r2, primask
    bx      lr
    .size strange, . - strange
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """The functions above, linked by themselves."""
    return machine_of(SOURCE, "loop", tmp_path_factory.mktemp("estimates"))


def one(value: int) -> np.ndarray:
    """int8 [1]."""
    return np.array([value], np.int8)


def test_a_trace_as_text_has_no_conditions_and_no_places(machine: Machine) -> None:
    text = instructions(machine.elf)
    run = straight(text, machine.trace("conditional", one(-5)))
    assert run == [
        "push {r4, lr}",
        "ldrsb r2, [r0]",
        "cmp r2, #0",
        "nop",
        "rsb r12, r2, #0",
        "add r10, r2, #1",
        "vmrs r4, fpscr",
        "bl somewhere",
        "bx lr",
        "nop",
        "pop {r4, pc}",
    ]
    found = estimate(machine, "conditional", one(-5))
    assert found.instructions == len(run) and found.mca and found.dual_issue


def test_an_estimate_follows_what_executes(machine: Machine) -> None:
    """Each turn takes as many cycles as the one before, and a whole trace has no spread."""
    few, more, most = (estimate(machine, "loop", one(turns)) for turns in (2, 4, 6))
    assert few.mca and more.mca and most.mca
    assert more.mca - few.mca == most.mca - more.mca > 0
    assert more.dual_issue - few.dual_issue == most.dual_issue - more.dual_issue > 0
    assert few.mca_spread == few.dual_issue_spread == 0


def test_a_sample_is_the_whole_within_its_spread(machine: Machine) -> None:
    """The same every time; the start and the end of each piece are what it has too much."""

    def run() -> None:
        machine.count("loop", one(60)[np.newaxis], 1)

    whole, sampled, again = (
        of_run(machine, run, Sampling(most, 24, 20_000)) for most in (10**6, 10_000, 10_000)
    )
    assert sampled == again != whole
    assert whole.mca and sampled.mca
    assert sampled.instructions == whole.instructions
    assert abs(sampled.mca / whole.mca - 1) < 0.01
    assert abs(sampled.dual_issue / whole.dual_issue - 1) < 0.01


def test_a_piece_of_a_run_is_estimated_by_itself(machine: Machine) -> None:
    """A span costs what its own turns cost; samples of it come from within."""

    def run() -> None:
        machine.count("loop", one(60)[np.newaxis], 1)

    length = machine.length(run)
    how = Sampling(2_000, 4, 500)
    spans = [(2, 1_000), (2_000, 20_000), (length - 1_000, 1_000)]
    half, sampled, tail = of_spans(machine, run, spans, how)
    assert half.instructions == 1_000 and half.mca_spread == 0
    assert half.mca and tail.mca and abs(half.mca - tail.mca) < 20
    assert sampled.mca and abs(sampled.mca / 20_000 / (half.mca / 1_000) - 1) < 0.02


def test_a_whole_is_the_sum_of_its_pieces() -> None:
    """What lies between them costs as they do; errors of samples add up as squares do."""
    pieces = [vars(Estimate(100, 50, 40, 3, 6)), vars(Estimate(300, 150, 140, 4, 8))]
    assert summed(pieces, 440) == Estimate(440, 220, 198, 5, 10)
    assert summed([*pieces, vars(Estimate(100, None, 60))], 500) == Estimate(500, None, 240, 0, 10)


def test_comparisons_with_zero_have_a_figure() -> None:
    """And the FPU's immediates, which disassemblers write in another way."""
    for text in ("vcmpe.f32 s15, #0.0", "vcmpe.f32 s1, s2", "vmov.f32 s12, #112"):
        assert mca.cycles([text]), text


def test_what_llvm_does_not_know_has_no_figure(machine: Machine) -> None:
    found = estimate(machine, "strange", one(0))
    if found.mca is None:
        assert "none by mca*" in in_words(vars(found))
    assert f"{found.dual_issue:,} by dual-issue" in in_words(vars(found))


def test_without_llvm_it_says_so(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The other model needs the compiler's tools alone."""
    tool = shutil.which("arm-none-eabi-objdump")
    assert tool is not None
    (tmp_path / "arm-none-eabi-objdump").symlink_to(tool)
    monkeypatch.setenv("PATH", str(tmp_path))
    mca.version.cache_clear()
    found = estimate(machine, "loop", one(3))
    told = in_words(vars(found))
    monkeypatch.undo()
    mca.version.cache_clear()
    assert found.mca is None and found.dual_issue > 0
    assert "llvm-mca was not found" in told and "llvm-22" in told
