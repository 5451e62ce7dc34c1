"""Weights: the same bytes under any name, and one clear error for anything else."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import torch
from torch import nn

from model.module import weights
from support.errors import UserError

ENDS = weights.Ends([[8]], ("x",), "packed")


def network(seed: int = 1) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Linear(8, 4)


def test_it_reads_back_what_it_wrote(tmp_path: Path) -> None:
    weights.save(tmp_path / "a.pt", network(), ENDS)
    other = network(2)
    assert weights.load(tmp_path / "a.pt", other, "net.py:1") == ENDS
    for name, tensor in network().state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor)


def test_the_file_name_is_not_in_the_bytes(tmp_path: Path) -> None:
    for name in ("a.pt", "another-name.bin"):
        weights.save(tmp_path / name, network(), ENDS)
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "another-name.bin").read_bytes()


def test_anything_else_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"

    def load() -> None:
        weights.load(path, network(), "net.py:1")

    with pytest.raises(UserError, match=f"{path}: no such file"):
        load()
    weights.save(path, network(), ENDS)
    whole = path.read_bytes()
    for broken in (b"", b"not a checkpoint", whole[: len(whole) // 2]):
        path.write_bytes(broken)
        with pytest.raises(UserError, match=f"{path}: not a PyTorch file") as caught:
            load()
        assert "weights_only" not in str(caught.value), "PyTorch's advice: run what is in it"
    torch.save({"format": torch.nn.Linear(1, 1)}, path)
    with pytest.raises(UserError, match=r"or one that holds more than tensors.*, or damaged"):
        load()
    damaged = bytearray(whole)
    damaged[len(whole) // 3] ^= 0x55
    path.write_bytes(damaged)
    with contextlib.suppress(UserError):  # a weight may have another value: no other error
        load()
    torch.save({"fc1.weight": torch.zeros(1)}, path)
    with pytest.raises(UserError, match=f"{path}: not weights of this project"):
        load()
    weights.save(path, nn.Linear(9, 4), ENDS)
    with pytest.raises(UserError, match=r"net\.py:1: network\(\) makes another network"):
        load()
