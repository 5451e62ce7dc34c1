"""Pools of four channels at a time: the reference's bytes on every core, at the ends of int8."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.ir.types import Int8Array
from tests.codegen.programs import CORES, Case, run_cases
from tests.ops.conftest import Read, read_variants
from tests.ops.test_pool import Build, pool
from tests.sampled import sampled

BORDERS: dict[str, Any] = {"kernel_shape": [3, 2], "pads": [1, 0, 2, 1], "strides": [2, 1]}
GLOBAL: dict[str, Any] = {}
NETWORKS: dict[str, Build] = {
    f"{kind.lower()}_{channels}_{name}": pool(f"{kind}Pool", (1, channels, *image), **attributes)
    for kind in ("Max", "Average", "GlobalMax", "GlobalAverage")
    for channels in (4, 7, 9)
    for name, image, attributes in (
        ("borders", (7, 6), GLOBAL if "Global" in kind else BORDERS),
        ("column", (5, 1), GLOBAL if "Global" in kind else {"kernel_shape": [3, 1]}),
        ("row", (1, 9), GLOBAL if "Global" in kind else {"kernel_shape": [1, 9]}),
    )
}
# As many cells as 16 bits hold the sum of, and one more.
NETWORKS |= {
    "most_cells": pool("GlobalAveragePool", (1, 6, 257, 1)),
    "more_cells": pool("GlobalAveragePool", (1, 6, 43, 6)),
    "a_large_window": pool("AveragePool", (1, 5, 20, 22), kernel_shape=[16, 16], strides=[2, 3]),
}


def ends(inputs: Int8Array) -> Int8Array:
    """Some of the inputs, and the ends of int8 everywhere or at random."""
    low, high = np.full_like(inputs[:1], -128), np.full_like(inputs[:1], 127)
    mixed = np.where(np.random.default_rng(1).random(inputs[:2].shape) < 0.5, low, high)
    return np.concatenate([inputs[:3], low, high, mixed.astype(np.int8)])


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    found = read_variants(NETWORKS, tmp_path_factory.mktemp("read"))
    return {name: replace(each, inputs=ends(each.inputs)) for name, each in found.items()}


@pytest.mark.parametrize(
    ("board", "core"), [("host", ""), ("mps2_an500", ""), *(("mps2_an500", c) for c in CORES)]
)
def test_bytes_are_the_reference_s(
    board: str, core: str, networks: dict[str, Read], tmp_path: Path
) -> None:
    chosen = sampled(networks.items(), 8, seed=(board, core))
    cases = [Case(name, net.graph, net.inputs) for name, net in chosen]
    for case, outputs in zip(cases, run_cases(cases, tmp_path, board, core=core), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)
