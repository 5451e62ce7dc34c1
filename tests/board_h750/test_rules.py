"""The examiner: the right firmware passes, each wrong one is stopped by its rule and no other."""

from __future__ import annotations

import re

import pytest

from device.emulators.h750.rules import RULES
from support.errors import UserError
from tests.board_h750.conftest import Run
from tests.board_h750.firmware import RESULTS, Edit, Workshop
from tests.board_h750.mutants import HARMLESS, MUTANTS, Harmless, Mutant
from tests.board_h750.verdicts import PAGE, described


def test_each_rule_has_its_mutant() -> None:
    assert {mutant.rule for mutant in MUTANTS} == {*RULES}


def test_the_page_of_verdicts_tells_of_each() -> None:
    """Made by `python -m tests.board_h750.verdicts`."""
    told = re.findall(
        r"^- (.*?)(?:: stopped in `.*|\. (?:silicon|model): .*)$", PAGE.read_text(), re.M
    )
    assert sorted(told) == sorted(described(each.edits) for each in (*MUTANTS, *HARMLESS))


@pytest.mark.sample(30)
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.rule)
def test_a_mutant_is_stopped_by_its_rule_only(mutant: Mutant, workshop: Workshop, run: Run) -> None:
    qspi, sdram = "qspi" in mutant.uses, "sdram" in mutant.uses
    elf = workshop.build(qspi=qspi, sdram=sdram, edits=mutant.edits)
    with pytest.raises(UserError) as caught:
        run(elf, revision=mutant.revision)
    stopped = re.search(r"breaks the rule ([a-z0-9.-]+): ", caught.value.message)
    assert stopped and stopped[1] == mutant.rule, caught.value.message
    assert re.search(r" in \w+ \(\w+\.c:\d+\) ", caught.value.message), caught.value.message
    result = run(elf, revision=mutant.revision, ignore=mutant.rule)
    assert (result.status, result.results) == (0, RESULTS)


@pytest.mark.parametrize("harmless", HARMLESS, ids=lambda harmless: harmless.why[:40])
def test_what_is_let_pass_runs_to_its_end(harmless: Harmless, workshop: Workshop, run: Run) -> None:
    """So that the reasons stay true: a rule that would catch one of them makes it a mutant."""
    qspi, sdram = "qspi" in harmless.uses, "sdram" in harmless.uses
    elf = workshop.build(qspi=qspi, sdram=sdram, edits=harmless.edits)
    assert run(elf, revision="V").results == RESULTS


def test_an_inference_may_not_use_registers(workshop: Workshop, run: Run) -> None:
    reads_a_register = Edit(
        "bringup.c", "input[i] * weights[i]", "input[i] * weights[i] + (board_cycles() & 0)"
    )
    with pytest.raises(UserError, match=r"breaks the rule inference\.memory"):
        run(workshop.build(edits=[reads_a_register]), revision="V")


def test_an_inference_may_not_call_into_flash(workshop: Workshop, run: Run) -> None:
    calls = Edit(
        "bringup.c",
        "    for (int i = 0; i < COUNT; ++i) {\n        output",
        '    console_text("");\n    for (int i = 0; i < COUNT; ++i) {\n        output',
    )
    with pytest.raises(UserError, match=r"inference\.memory: .* \(executes 0x0800"):
        run(workshop.build(edits=[calls]), revision="V")


def test_a_rule_that_is_ignored_is_only_that_one(workshop: Workshop, run: Run) -> None:
    first = {mutant.rule: mutant for mutant in reversed(MUTANTS)}
    two = [first["clock.flash"], first["clock.pll-range"]]
    elf = workshop.build(edits=[edit for mutant in two for edit in mutant.edits])
    for ignored, stopped in (
        ("clock.flash", "clock.pll-range"),
        ("clock.pll-range", "clock.flash"),
    ):
        with pytest.raises(UserError, match=f"breaks the rule {stopped}: "):
            run(elf, revision="V", ignore=ignored)
    assert run(elf, revision="V", ignore="clock.flash,clock.pll-range").results == RESULTS
