"""The examiner: the right firmware passes, each wrong one is stopped by its rule and no other."""

from __future__ import annotations

import re

import pytest

from support.errors import UserError
from target.emulators.h750.rules import RULES
from tests.board_h750.conftest import Run
from tests.board_h750.firmware import RESULTS, Workshop
from tests.board_h750.mutants import MUTANTS, Mutant


def test_each_rule_has_its_mutant() -> None:
    assert sorted(mutant.rule for mutant in MUTANTS) == sorted(RULES)


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
