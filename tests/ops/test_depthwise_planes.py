"""Depthwise convolutions on planes: the reference's bytes, whatever window, borders and bands."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.kernels.conv.depthwise import Planes, band_of, in_turn_distance, plane_bytes
from codegen.kernels.wanted import Kernels
from codegen.ops.conv import Conv
from codegen.plan import plan_network
from codegen.target import CORTEX_M7, Target, named_target
from codegen.window import Window
from tests.codegen.models import QdqModel
from tests.codegen.programs import Case, run_cases
from tests.ops.conftest import Read, read_variants
from tests.ops.test_conv import INPUT, OUTPUT, Build, append
from tests.sampled import sampled

AUTO = Kernels("auto")


def depthwise(
    image: tuple[int, int, int],
    kernel: tuple[int, int],
    *,
    seed: int = 0,
    zero_point: int = 3,
    clip: tuple[float, float] | None = None,
    **attributes: Any,
) -> QdqModel:
    """A network of one depthwise convolution."""
    channels = image[0]
    model = QdqModel((1, *image)).qdq(INPUT, zero_point)
    rng = np.random.default_rng(seed)
    weights = (channels, 1, *kernel)
    append(model, rng, weights, per_channel=True, group=channels, **attributes)
    if clip:
        low, high = (model.constant(np.float32(value)) for value in clip)
        model.then("Clip", low, high)
    return model.qdq(OUTPUT, int(rng.integers(-20, 20)))


def random_depthwise(seed: int) -> QdqModel:
    """Any window that the kernel takes, on any image that it fits."""
    rng = np.random.default_rng(seed)
    channels, height, width = (int(rng.integers(2, top)) for top in (10, 12, 12))
    kernel = (3, 3) if seed % 2 else (int(rng.integers(1, 6)), int(rng.integers(1, 6)))
    dilation = int(rng.integers(1, 3))
    reach = (dilation * (kernel[0] - 1) + 1, kernel[1])
    before = [int(rng.integers(0, side)) for side in reach]
    after = [
        max(int(rng.integers(0, side)), side - size - near)
        for side, near, size in zip(reach, before, (height, width), strict=True)
    ]
    return depthwise(
        (channels, height, width),
        kernel,
        seed=seed,
        zero_point=int(rng.integers(-128, 128)),
        strides=[int(rng.integers(1, 4)), int(rng.integers(1, 3 if seed % 2 else 4))],
        dilations=[dilation, 1],
        pads=[*before, *after],
    )


SAME: dict[str, Any] = {"pads": [1, 1, 1, 1]}
VARIANTS: dict[str, Build] = {
    "in_bands": partial(depthwise, (8, 40, 41), (3, 3), **SAME),
    "in_bands_of_two": partial(depthwise, (6, 40, 42), (3, 3), strides=[2, 2], **SAME),
    "one_column": partial(depthwise, (4, 5, 1), (3, 3), **SAME),
    "two_columns": partial(depthwise, (4, 5, 2), (3, 3), **SAME),
    "one_output": partial(depthwise, (5, 3, 3), (3, 3)),
    "clip": partial(depthwise, (4, 6, 5), (3, 3), clip=(-0.5, 0.75), **SAME),
    "five": partial(depthwise, (7, 9, 8), (5, 5), pads=[2, 2, 2, 2]),
    "a_signal": partial(depthwise, (4, 1, 30), (1, 9), pads=[0, 4, 0, 4]),
    **{f"random_{seed}": partial(random_depthwise, seed) for seed in range(40)},
}


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    return read_variants(VARIANTS, tmp_path_factory.mktemp("read"))


@pytest.mark.parametrize("board", ["host", "mps2_an500"])
def test_bytes_are_the_reference_s(
    board: str, networks: dict[str, Read], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In C with sanitizers; by assembly on an emulated Cortex-M7."""
    monkeypatch.setattr(Planes, "cost", lambda *_: 0.0)  # however small the layer
    chosen = sampled(networks.items(), 20, seed=board)
    cases = [Case(name, net.graph, net.inputs[:6], AUTO) for name, net in chosen]
    for case in cases:
        (step,) = plan_network(case.graph, AUTO).steps
        assert step.lowered.kernel == "planes", case.name
    for case, outputs in zip(cases, run_cases(cases, tmp_path, board), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)


def test_bands_have_the_bytes_that_they_have() -> None:
    window = Window((48, 48), (48, 48), (3, 3), pads=(1, 1, 1, 1))
    band = band_of(window)
    assert plane_bytes(window, band) <= 2048 < plane_bytes(window, band + 1)
    assert plane_bytes(window, 1) == 4 * 3 * 25 * 4, "four channels, three rows, fifty columns"
    tall = Window((400, 400), (400, 400), (3, 3), pads=(1, 1, 1, 1))
    assert band_of(tall) == 1, "one row, whatever it takes"


def reason(op: Conv, target: Target = CORTEX_M7) -> str:
    return Planes().fits(op, target)


def test_what_does_not_fit_says_why(tmp_path: Path) -> None:
    variants: dict[str, Build] = {
        "fits": partial(depthwise, (4, 6, 6), (3, 3)),
        "wide": partial(depthwise, (4, 6, 6), (3, 3), dilations=[1, 2]),
        "two": lambda: append(
            QdqModel((1, 4, 6, 6)).qdq(INPUT, 3),
            np.random.default_rng(0),
            (8, 1, 3, 3),
            group=4,
        ).qdq(OUTPUT, 0),
    }
    ops = {name: net.graph.ops[-1] for name, net in read_variants(variants, tmp_path).items()}
    found = {name: reason(op) for name, op in ops.items() if isinstance(op, Conv)}
    assert found == {
        "fits": "",
        "wide": "dilation along rows",
        "two": "not one filter for each channel",
    }
    (fits,) = [op for name, op in ops.items() if name == "fits" and isinstance(op, Conv)]
    without = "no instruction for two products, or no FPU"
    assert reason(fits, named_target("cortex-m3", fpu=False)) == without
    assert reason(fits, named_target("cortex-m4", fpu=False)) == without


def test_output_over_input_keeps_the_row_that_the_next_band_reads_again() -> None:
    """Of 3 x 3 windows with padding: one row of the image, whose channels are split together."""
    window = Window((9, 7), (9, 7), (3, 3), pads=(1, 1, 1, 1))
    assert in_turn_distance(window, 4, 2) == in_turn_distance(window, 4, 5) == 4 * 7
