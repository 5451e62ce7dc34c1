"""A bounded sample of the generator's property tests; `random_networks` runs thousands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codegen.ops.fully_connected import FullyConnected
from tests.codegen.batches import run_batch
from tests.codegen.oracle import Int8Array
from tests.codegen.programs import Case
from tests.codegen.random_networks import campaign, random_case

SEED = 1
# Large ones are for the campaign: a thousand units wide still is one layer of these.
MOST_WEIGHTS = 20_000


@pytest.mark.parametrize(("board", "networks"), [("host", 10), ("mps2_an500", 5)])
def test_sample(board: str, networks: int) -> None:
    """Other networks on each board."""
    first = 0 if board == "host" else 1000
    report = campaign(SEED, range(first, first + networks), board, MOST_WEIGHTS)
    assert report.findings == {}
    assert report.networks == networks and report.outputs > 100 * networks


def test_the_networks_are_what_they_claim(tmp_path: Path) -> None:
    """Widths from one to hundreds, saturated and silent outputs, both ends of the zero points."""
    cases = [random_case(SEED, number, tmp_path) for number in range(60)]
    layers = [n for c in cases for n in c.graph.ops if isinstance(n, FullyConnected)]
    widths = {layer.rows for layer in layers}
    assert min(widths) == 1 and max(widths) > 300 and any(width % 4 for width in widths)
    zeros = {layer.output.quantization.zero_point for layer in layers}
    assert {-128, 127} <= zeros
    assert any((layer.weights == 0).all(axis=1).any() for layer in layers)
    assert any(np.abs(layer.folded_bias.astype(np.int64)).max() > 2**30 for layer in layers)
    spread = [len(np.unique(case.expected)) for case in cases]
    assert sum(count > 10 for count in spread) > 20, "too many networks say always the same"


class Doubted(Case):
    """A network of which one output byte is believed to be another."""

    @property
    def expected(self) -> Int8Array:
        believed = super().expected.copy()
        believed[3, -1] ^= 1
        return believed


def test_one_wrong_byte_is_found(tmp_path: Path) -> None:
    """And told under the network's name, with the others of its batch unharmed."""
    good, bad = (random_case(SEED, number, tmp_path, 500) for number in (0, 1))
    doubted = Doubted(bad.name, bad.graph, bad.inputs)
    findings = run_batch([good, doubted], "host", tmp_path / "build")
    assert findings == {bad.name: f"1 of {bad.expected.size} bytes differ"}


def test_a_network_that_does_not_compile_is_found(tmp_path: Path) -> None:
    good, bad = (random_case(SEED, number, tmp_path, 500) for number in (0, 1))
    findings = run_batch([good, Case("1st", bad.graph, bad.inputs)], "host", tmp_path)
    assert list(findings) == ["1st"] and "lower-case C identifier" in findings["1st"]
