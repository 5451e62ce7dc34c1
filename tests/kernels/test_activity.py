"""`codegen activity`: what is left of a network when zeros are skipped, which the bench shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from device.bench.ours import command
from support.files import read_json
from tests.codegen.programs import ROOT


def test_it_counts_the_pairs_that_are_not_background(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    images = np.full((40, 784), -1, np.float32)
    images[rng.random(images.shape) < 0.1] = 0.5
    np.savez(tmp_path / "images.npz", inputs=images)
    model, out = ROOT / "tests" / "fixtures" / "guide_int8.onnx", tmp_path / "activity.json"
    given = ("--calibration", tmp_path / "images.npz", "--inputs", tmp_path / "images.npz")
    command("codegen", "activity", "--model", model, *given, "--out", out)
    found = read_json(out)
    entries = (images.reshape(40, 392, 2) != -1).any(axis=2).sum() / 40
    first = found["layers"][0]
    assert (first["pairs"], first["entries"]) == (392, entries)
    assert first["executed_macs"] == entries * 2 * 128
    total = sum(layer["executed_macs"] for layer in found["layers"])
    assert [layer["pairs"] for layer in found["layers"]] == [392, 64, 32]
    assert found["executed_macs"] == total < 109_184
