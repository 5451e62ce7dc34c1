"""Inputs that a network's int8 input cannot hold: told of with share and cause, or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codegen.cli import main
from codegen.input_range import complaint
from codegen.ir.graph import tensor
from codegen.ir.types import Quantization
from support.errors import run_cli
from tests.codegen.conftest import Refused, check

FIXTURE = Path(__file__).parents[1] / "fixtures" / "guide_int8.onnx"
# MNIST's likeness: four of five pixels are background, normalized to -1.
PIXELS = np.random.default_rng(12).integers(0, 256, (20, 784)).astype(np.uint8)
PIXELS[np.random.default_rng(13).random(PIXELS.shape) < 0.8] = 0
TRAINING = (0.5, 0.5)

# Inputs, --normalize, and what is said.
WRONG: dict[str, tuple[np.ndarray, tuple[float, float] | None, str]] = {
    "divided_by_1000": (
        ((PIXELS / 255 - 0.5) / 0.5 / 1000).astype(np.float32),
        None,
        "all 15,680 input bytes are 0: .* these values reach from -0.001 to 0.001",
    ),
    "times_1000": (
        ((PIXELS / 255 - 0.5) / 0.5 * 1000).astype(np.float32),
        None,
        r"(99|100)\.\d % of the values are clipped: .* holds -1.004 to 0.9961",
    ),
    "normalize_of_raw_pixels": (PIXELS, (0.0, 255.0), "all 15,680 input bytes are 0"),
    "coarse": (PIXELS, (0.0, 50.0), "4 different bytes are left of 2[0-9][0-9] different values"),
}


def made(folder: Path, pixels: np.ndarray, normalize: tuple[float, float] | None) -> list[str]:
    """Words that name the model and inputs made of pixels."""
    np.save(folder / "given.npy", pixels)
    words = ["--from", str(folder / "given.npy"), "--out", str(folder / "test.npz")]
    words += ["--normalize", f"{normalize[0]},{normalize[1]}"] if normalize else []
    command("inputs", "--model", str(FIXTURE), *words)
    return ["--model", str(FIXTURE), "--inputs", str(folder / "test.npz")]


def command(*words: str) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr("sys.argv", ["codegen", *words])
        run_cli("codegen", main)
    assert not ended.value.code


def quantizing(folder: Path) -> dict[str, list[str]]:
    """The commands that quantize inputs, with their outputs."""
    return {
        "subset": ["--size", "20", "--out", str(folder / "s.h"), "--npz", str(folder / "s.npz")],
        "reference": ["--out", str(folder / "r.npz")],
    }


@pytest.mark.parametrize("name", ["subset", "reference"])
@pytest.mark.parametrize("what", WRONG)
def test_wrong_inputs_are_told_of(
    name: str, what: str, tmp_path: Path, refused: Refused, capfd: pytest.CaptureFixture[str]
) -> None:
    pixels, normalize, told = WRONG[what]
    words = [name, *made(tmp_path, pixels, normalize), *quantizing(tmp_path)[name]]
    check(refused(*words, "--strict"), f"test.npz: {told}", "normalize= and inputs= as in training")
    assert not list(tmp_path.glob("[rs].*"))
    command(*words)
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("warning: ") and "strict=1" in line
    assert list(tmp_path.glob("[rs].npz"))


def test_rounding_at_an_end_is_not_clipping() -> None:
    """A background of exactly -1 is just outside of what this input holds."""
    background = np.full((3, 784), -1, np.float32)
    background[:, ::5] = np.linspace(-1, 1, 157)
    value = tensor("input", (1, 784), Quantization(np.float32(0.00784), -1))
    assert value.quantization.quantize(background).min() == -128
    assert not complaint(background, value)
    assert complaint(background * np.float32(1.05), value)


@pytest.mark.parametrize(
    ("pixels", "normalize"),
    [
        (PIXELS, TRAINING),
        (PIXELS // 255 * 255, TRAINING),  # black and white
        (np.clip(PIXELS / 127.5 - 1, -0.98, 1.01).astype(np.float32), None),
    ],
)
def test_right_inputs_pass_in_silence(
    pixels: np.ndarray,
    normalize: tuple[float, float] | None,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    words = made(tmp_path, pixels, normalize)
    for name, more in quantizing(tmp_path).items():
        command(name, *words, *more, "--strict")
    assert not capfd.readouterr().err
