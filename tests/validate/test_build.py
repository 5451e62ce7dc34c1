"""`scons validate` and `scons report` of somebody else's network, softmax included."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.conftest import other_model, scons  # noqa: F401 - a fixture


@pytest.fixture(scope="module")
def folder(shared_dir: Path) -> Path:
    """A build folder that this file's tests share."""
    return shared_dir / "validate build"


def run(folder: Path, model: Path, *words: str) -> str:
    """SCons on that network; what it printed."""
    done = scons(folder, *words, f"network={model}", "werror=1")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_layer_and_the_report_of_it(folder: Path, other_model: Path) -> None:  # noqa: F811
    words = ("validate", "report", "layers=1", "kernels=portable", "count=200")
    printed = run(folder, other_model, *words)
    assert "1000/1000 output bytes identical to the reference" in printed
    found = json.loads((folder / "mps2_an500-validate" / "validation.json").read_text())
    sizes = [layer["comparison"]["total"] // 200 for layer in found["layers"]]
    # That quantizer left each bias a layer of its own.
    assert sizes == [53, 53, 11, 11, 5, 5, 5]
    assert all(
        layer["comparison"]["identical"] == 200 * size
        for layer, size in zip(found["layers"], sizes, strict=True)
    )
    assert all(layer["mean_cost"] > 0 for layer in found["layers"])
    run(folder, other_model, "report", "kernels=portable", "board=mps2_an500")
    for board in ("mps2_an500-validate", "mps2_an500"):  # in the same run, and later
        page = (folder / board / "report.html").read_text()
        assert "10,600 of 10,600" in page and "Training</h2>" not in page
    # What was measured with these kernels is not told of others.
    run(folder, other_model, "report", "board=mps2_an500")
    page = (folder / "mps2_an500" / "report.html").read_text()
    assert "10,600" not in page and "other weights or kernels" in page


def test_on_the_boards_model_with_fast_kernels(folder: Path, other_model: Path) -> None:  # noqa: F811
    """Its USART carries the frames, and its cycle counter counts instructions."""
    printed = run(folder, other_model, "validate", "layers=1", "count=100", "board=stm32h750b_dk")
    assert "500/500 output bytes identical to the reference" in printed
    found = json.loads((folder / "stm32h750b_dk-validate" / "validation.json").read_text())
    assert found["cost"]["unit"] == "instructions" and found["firmware"]["clock_hz"] == 480_000_000
    assert found["link"]["broken"] == 0
