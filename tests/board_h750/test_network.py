"""A whole network's firmware, as `scons flash` would write it, on both silicon revisions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.codegen.shapes import NETWORKS
from tests.end_to_end.conftest import SIZES, other_model, scons  # noqa: F401

IMAGES = 100


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "placement",
    ["subset:qspi", "weights:axi,activations:sdram,kernels:sram1,subset:sdram,results:sram4"],
)
def test_inferences_stay_in_the_memory_that_the_placement_gave_them(
    placement: str,
    tmp_path: Path,
    other_model: Path,  # noqa: F811
) -> None:
    done = scons(
        tmp_path / "build",
        "sim",
        "board=stm32h750b_dk",
        f"network={other_model}",
        f"placement={placement}",
        f"subset_size={IMAGES}",
        "werror=1",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    size = IMAGES * SIZES[-1]
    assert f"{size}/{size} output bytes identical to the reference" in done.stdout
    for revision, clock in (("Y", 400), ("V", 480)):
        assert f"STM32H750B-DK, revision {revision}, {clock} MHz from HSE\n" in done.stdout
    assert done.stdout.count(f"{IMAGES} inferences touched only the memory they were given") == 2


@pytest.mark.sample(1)
@pytest.mark.parametrize(("network", "bytes_each"), [("LeNet-5", 10), ("unet", 784)])
def test_what_kernels_call_of_the_c_library_lies_beside_them(
    network: str, bytes_each: int, tmp_path: Path
) -> None:
    """memcpy, memmove and memset in flash would be waited for."""
    images = 3
    done = scons(
        tmp_path / "build",
        "sim",
        "board=stm32h750b_dk",
        f"network={NETWORKS[network]().save(tmp_path / 'given.onnx')}",
        f"subset_size={images}",
        "werror=1",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    size = images * bytes_each
    assert f"{size}/{size} output bytes identical to the reference" in done.stdout
    assert done.stdout.count(f"{images} inferences touched only the memory they were given") == 2
