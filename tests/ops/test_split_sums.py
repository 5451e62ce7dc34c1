"""What all kernels of split sums want: two products at once, an FPU, plain symmetric filters."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.kernels.conv.quads import QuadRows, Quads
from codegen.kernels.conv.stacked import Stacked
from codegen.kernels.conv.tables import Tables
from codegen.kernels.kernel import Kernel
from codegen.ops.conv import Conv
from codegen.target import CORTEX_M7, named_target
from tests.ops.conftest import read
from tests.ops.test_conv_quads import convolution

KERNELS = (Quads(), QuadRows(), Stacked(), Tables())


def layer(folder: Path, groups: int = 1) -> Conv:
    """A convolution of 3 by 3 that all of them take, unless it has groups."""
    model = convolution((4, 8, 8), (8, 4 // groups, 3, 3), 1, group=groups)()
    (op,) = read(model, folder).ops
    assert isinstance(op, Conv)
    return op


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m3", "cortex-m4", "cortex-m33"])
def test_only_where_the_instructions_are(kernel: Kernel, core: str, tmp_path: Path) -> None:
    for fpu in (True, False):
        fits = core in ("cortex-m4", "cortex-m33") and fpu
        reason = kernel.fits(layer(tmp_path), named_target(core, fpu))
        assert reason == ("" if fits else "no instruction for two products, or no FPU")


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_groups_are_for_others(kernel: Kernel, tmp_path: Path) -> None:
    assert kernel.fits(layer(tmp_path), CORTEX_M7) == ""
    assert kernel.fits(layer(tmp_path, 2), CORTEX_M7) == "groups"
