"""The command line: help for everything, one clear error for every mistake, nothing half-made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.errors import UserError
from tests.model.products import TRAINING, Products, run_here, run_model

COMMANDS = ("dataset", "train", "onnx", "quantize", "images", "evaluate", "layers")


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
        ("train", "--data", "x", "--out", "x", "--history", "x", "--epochs", "0"),
        ("train", "--data", "x", "--out", "x", "--history", "x", "--seed", "-1"),
        ("train", "--data", "x", "--out", "x", "--history", "x", "--recipe", "magic"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    result = run_model(*arguments)
    assert result.returncode == 2
    assert "usage:" in result.stderr
    assert "Traceback" not in result.stderr


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none/MNIST/raw/train-images-idx3-ubyte: missing") as error:
        run_here(
            "train",
            "--data",
            tmp_path / "none",
            "--epochs",
            1,
            "--out",
            tmp_path / "mnist.pt",
            "--history",
            tmp_path / "training.json",
        )
    assert f"python -m model dataset --data {tmp_path}/none" in error.value.remedy

    result = run_model("onnx", "--checkpoint", tmp_path / "none.pt", "--out", tmp_path / "x.onnx")
    assert result.returncode == 1
    assert f"{tmp_path}/none.pt: no such file" in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_training_again_gives_the_same_files(
    products: Products, mnist_dir: Path, tmp_path: Path
) -> None:
    result = run_model(
        "train",
        "--data",
        mnist_dir,
        *TRAINING,
        "--out",
        tmp_path / "other.pt",
        "--history",
        tmp_path / "other.json",
    )
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "other.pt").read_bytes() == products.checkpoint.read_bytes()
    assert (tmp_path / "other.json").read_bytes() == products.history.read_bytes()
    record = json.loads((tmp_path / "other.json").read_text())
    assert (record["seed"], record["epochs"], record["recipe"]["name"]) == (7, 1, "guide")
    assert len(record["history"]) == 1
