"""What the tests of this package share: a quickly trained network and everything made from it."""

from __future__ import annotations

import fcntl
import sys
from pathlib import Path

import pytest

from model.sources.mnist import MNIST
from model.sources.split import Array
from tests.model.products import Products, make_products


@pytest.fixture(scope="session")
def products(mnist_dir: Path, shared_dir: Path) -> Products:
    """The products of one epoch of the guide's recipe; read only, made once per session."""
    folder = shared_dir / "model-products"
    with (shared_dir / "model-products.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "quantization.json").exists():
            make_products(mnist_dir, folder)
    return Products(folder)


@pytest.fixture(scope="session")
def few_images(mnist_dir: Path) -> tuple[Array, Array]:
    """The first 600 training images, uint8 [600, 1, 28, 28], and their labels."""
    images, labels = MNIST.read(mnist_dir)["train"]
    return images[:600], labels[:600]


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command runs in a process of its own usually, and leaves its folder and path changed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
