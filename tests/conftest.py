"""Fixtures that several rooms' tests share."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file at `path`, against other processes."""
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _obtain_mnist(data: Path) -> subprocess.CompletedProcess[str]:
    """Run the dataset command: it checks the files below `data` and fetches missing ones."""
    command = [sys.executable, "-m", "model", "dataset", "--data", str(data)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def shared_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this test session that all of pytest-xdist's workers share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def mnist_dir(shared_dir: Path) -> Path:
    """A folder with MNIST's verified raw files in `MNIST/raw`; read only.

    `build/data` if it is whole, else fetched once per session.
    """
    built = REPOSITORY / "build" / "data"
    with _locked(shared_dir / "mnist.lock"):
        if len(list(built.glob("MNIST/raw/*-ubyte"))) == 4 and _obtain_mnist(built).returncode == 0:
            return built
        data = shared_dir / "data"
        result = _obtain_mnist(data)
    assert result.returncode == 0, result.stderr
    return data
