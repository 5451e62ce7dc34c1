"""The command line: help for everything, one clear error for every mistake, nothing half-made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.errors import UserError
from tests.model.products import MODULE, TRAINING, Products, run_here, run_model

COMMANDS = ("dataset", "train", "export", "quantize", "evaluate", "layers")
OUTPUTS = [
    word
    for key in ("out", "history", "calibration", "validation", "test")
    for word in (f"--{key}", "x")
]


def test_help_names_every_command() -> None:
    result = run_model("--help")
    assert result.returncode == 0
    for command in COMMANDS:
        assert f"    {command} " in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("train",),
        ("train", *OUTPUTS),
        ("train", *MODULE, *OUTPUTS, "--epochs", "0"),
        ("train", *MODULE, *OUTPUTS, "--seed", "-1"),
        ("train", *MODULE, *OUTPUTS, "--set", "mnist", "x", "--data", "x"),
    ],
)
def test_wrong_usage(arguments: tuple[object, ...]) -> None:
    result = run_model(*arguments)
    assert result.returncode == 2
    assert "usage:" in result.stderr
    assert "Traceback" not in result.stderr


def test_missing_files_are_named(tmp_path: Path) -> None:
    outputs = Products(tmp_path).training()
    with pytest.raises(UserError, match="none/MNIST/raw/train-images-idx3-ubyte: missing") as error:
        run_here("train", *MODULE, "--set", "mnist", tmp_path / "none", "--epochs", 1, *outputs)
    assert f"python -m model dataset --set mnist --data {tmp_path}/none" in error.value.remedy
    with pytest.raises(UserError, match="--set mnst: no such set of data") as error:
        run_here("train", *MODULE, "--set", "mnst", tmp_path, "--epochs", 1, *outputs)
    assert error.value.remedy == "known: mnist, basic_motions"
    with pytest.raises(UserError, match=r"mnist\.py:\d+: data\(\) takes what is given") as error:
        run_here("train", *MODULE, "--epochs", 1, *outputs)
    assert "DATA = " in error.value.remedy

    words = ("--weights", tmp_path / "none.pt", "--out", tmp_path / "x.onnx")
    result = run_model("export", *MODULE, *words)
    assert result.returncode == 1
    assert f"{tmp_path}/none.pt: no such file" in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_training_again_gives_the_same_files(
    products: Products, mnist_dir: Path, tmp_path: Path
) -> None:
    again = Products(tmp_path)
    result = run_model("train", "--set", "mnist", mnist_dir, *TRAINING, *again.training())
    assert result.returncode == 0, result.stderr
    names = ("mnist.pt", "training.json", "calibration.npz", "validation.npz", "test.npz")
    for name in names:
        assert (tmp_path / name).read_bytes() == (products.folder / name).read_bytes(), name
    record = json.loads(again.history.read_text())
    assert (record["plan"]["seed"], record["plan"]["epochs"], record["recipe"]) == (7, 1, "guide")
    (epoch,) = record["history"]
    assert {*epoch} == {"epoch", "loss", "training"}
