"""Checkpoints: the same bytes under any name, and one clear error for anything else."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import torch

from model import checkpoint
from model.network import SimpleNN
from model.preprocessing import Normalization
from support.errors import UserError


def example() -> checkpoint.Checkpoint:
    torch.manual_seed(1)
    return checkpoint.Checkpoint(
        weights=SimpleNN().state_dict(),
        normalization=Normalization(0.25, 0.75),
        recipe="guide",
        epochs=3,
        seed=9,
        dataset={"b": "2", "a": "1"},
    )


def test_it_reads_back_what_it_wrote(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "a.pt", example())
    read = checkpoint.load(tmp_path / "a.pt")
    assert (read.normalization, read.recipe, read.epochs, read.seed) == (
        Normalization(0.25, 0.75),
        "guide",
        3,
        9,
    )
    assert read.dataset == {"a": "1", "b": "2"}
    for name, tensor in example().network().state_dict().items():
        assert torch.equal(read.network().state_dict()[name], tensor)


def test_the_file_name_is_not_in_the_bytes(tmp_path: Path) -> None:
    for name in ("a.pt", "another-name.bin"):
        checkpoint.save(tmp_path / name, example())
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "another-name.bin").read_bytes()


def test_anything_else_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    with pytest.raises(UserError, match=f"{path}: no such file"):
        checkpoint.load(path)
    checkpoint.save(path, example())
    whole = path.read_bytes()
    for broken in (b"", b"not a checkpoint", whole[: len(whole) // 2]):
        path.write_bytes(broken)
        with pytest.raises(UserError, match=f"{path}: not a PyTorch file") as caught:
            checkpoint.load(path)
        assert "weights_only" not in str(caught.value), "PyTorch's advice: run what is in it"
    torch.save({"format": torch.nn.Linear(1, 1)}, path)
    with pytest.raises(UserError, match=r"or one that holds more than tensors.*, or damaged"):
        checkpoint.load(path)
    damaged = bytearray(whole)
    damaged[len(whole) // 3] ^= 0x55
    path.write_bytes(damaged)
    with contextlib.suppress(UserError):  # a weight may have another value: no other error
        checkpoint.load(path)
    torch.save({"fc1.weight": torch.zeros(1)}, path)
    with pytest.raises(UserError, match=f"{path}: not a checkpoint of this project"):
        checkpoint.load(path)
