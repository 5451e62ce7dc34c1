"""Files that belong together are replaced together, or not at all; only files are read."""

from __future__ import annotations

import io
import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codegen.arrays import read_arrays
from codegen.idx import read_idx
from device.bench.graph import read_graph
from device.bench.network import read_network
from device.boards import read_board
from device.comparison import read_outputs
from device.elf import Elf
from device.validation.reference import read_reference as read_validated
from model import layers
from model.evaluation import read_reference as read_evaluated
from model.sources.arrays import load as load_arrays
from model.sources.idx import load as load_idx
from model.sources.tables import load as load_table
from support.errors import UserError
from support.files import read_given, read_json, sha256_file, together, write_text
from support.layer_cut import LayerCut


def test_together_replaces_all_or_none(tmp_path: Path) -> None:
    paths = [tmp_path / "weights.pt", tmp_path / "made" / "training.json"]
    with together(paths) as new:
        for path in new:
            write_text(path, "good")
    with pytest.raises(ValueError), together(paths) as (first, _):
        write_text(first, "half")
        raise ValueError
    assert [path.read_text() for path in paths] == ["good", "good"]
    assert not [*tmp_path.rglob(".tmp-*")]
    assert paths[0].stat().st_mode & 0o444 == 0o444


def test_one_killed_while_it_replaces_leaves_no_mixture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old files beside new ones would pass for one training's."""
    paths = [tmp_path / "a.pt", tmp_path / "b.json"]
    for path in paths:
        path.write_text("old")

    def killed(_: Path, to: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), together(paths) as new:
        for path in new:
            path.write_text("new")
        monkeypatch.setattr(Path, "replace", killed)
    assert not any(path.exists() for path in paths)


READERS: dict[str, Callable[[Path], object]] = {
    "JSON": read_json,
    "what was given": read_given,
    "arrays": read_arrays,
    "arrays of a module": load_arrays,
    "IDX": read_idx,
    "IDX of a module": load_idx,
    "a table": load_table,
    "a board": read_board,
    "a firmware": Elf,
    "a reference": read_outputs,
    "a hash": sha256_file,
}


@pytest.mark.parametrize("reader", READERS)
def test_a_pipe_is_not_waited_for(reader: str, tmp_path: Path) -> None:
    """Nobody writes to it."""
    os.mkfifo(pipe := tmp_path / "given")
    with pytest.raises(UserError, match="given: not a file"):
        READERS[reader](pipe)
    with pytest.raises(UserError, match=": not a file"):
        READERS[reader](tmp_path)


def _read_layers(path: Path) -> object:
    record = path.with_suffix(".json")
    record.write_text(json.dumps(LayerCut("net.onnx", (), (), {}).to_json()))
    return layers.read(record, path)


ARCHIVES: dict[str, Callable[[Path], object]] = {
    "arrays": read_arrays,
    "arrays of a module": load_arrays,
    "outputs": read_outputs,
    "a reference for validate": lambda path: read_validated(path, None, layers=False),
    "a reference for evaluate": lambda path: read_evaluated(path, np.zeros((4, 4), np.int8)),
    "layers": _read_layers,
    "a network of the benchmark": read_network,
    "a graph of the benchmark": lambda path: read_graph(path, 1),
}
DAMAGED = 60


@pytest.mark.parametrize("reader", ARCHIVES)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_damaged_archives_are_refused(
    save: Callable[..., None], reader: str, tmp_path: Path
) -> None:
    """Most ended in a traceback, of zipfile's or zlib's errors."""
    whole, draw = io.BytesIO(), random.Random(1)
    names = np.frombuffer(b'["a"]', np.uint8)
    outputs = np.eye(4, dtype=np.int8)
    save(whole, inputs=np.zeros((4, 4), np.int8), outputs=outputs, names=names)
    refused = 0
    for _ in range(DAMAGED):
        data = bytearray(whole.getvalue())
        for place in draw.choices(range(len(data)), k=draw.choice((1, 2, 5, 50))):
            data[place] ^= 1 << draw.randrange(8)
        (tmp_path / "x.npz").write_bytes(
            data[: draw.choice((len(data), draw.randrange(len(data))))]
        )
        try:
            ARCHIVES[reader](tmp_path / "x.npz")
        except UserError:
            refused += 1
    assert refused > DAMAGED // 2
