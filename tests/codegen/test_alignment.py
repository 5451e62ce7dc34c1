"""Processors that fault on unaligned accesses: no kernel makes one, wherever outputs lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.codegen.dag_campaign import dag_case
from tests.codegen.programs import ALIGNED, run_cases
from tests.codegen.random_networks import random_case

SEED = 1
# Layers of each kind of assembly that write an output, convolutions, and pools.
DAGS = (2, 10, 15, 23)
CHAINS = (2, 4, 16, 18)


def test_unaligned_outputs_on_a_processor_that_traps(tmp_path: Path) -> None:
    """CCR.UNALIGN_TRP is set, and the compiler told of it; the harness' outputs are unaligned."""
    cases = [dag_case(SEED, number, tmp_path)[1] for number in DAGS]
    cases += [random_case(SEED, number, tmp_path, 5000) for number in CHAINS]
    outputs = run_cases(cases, tmp_path, "mps2_an500", ALIGNED)
    for case, found in zip(cases, outputs, strict=True):
        assert np.array_equal(found, case.expected), case.name
