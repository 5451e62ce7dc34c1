"""What the hosts take in: a copy of this project, and packages of two networks."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.embed.hosts import Host, make_host
from tests.embed.models import WRITERS
from tests.graph.project import REPOSITORY, copy_tree

# One of each interface, and of each of the fast kernels.
OPTIONS = {
    "digits": ("--c-api", "legacy", "--kernels", "sparse"),
    "gearbox": ("--c-api", "st-ai", "--kernels", "dense"),
}


@contextmanager
def only_once(place: Path) -> Iterator[bool]:
    """Whether this is the first process to come here; the others wait until it is done."""
    stamp = place.with_name(f"{place.name}.done")
    with place.with_name(f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not stamp.exists()
        stamp.touch()


@pytest.fixture(scope="session")
def vendor(shared_dir: Path) -> Path:
    """A copy of this project's sources; read only."""
    place = shared_dir / "embed-nn2flash"
    with only_once(place) as first:
        if first:
            copy_tree(place)
    return place


def codegen(*words: str) -> None:
    """Run the generator's command line on this tree."""
    subprocess.run([sys.executable, "-m", "codegen", *words], cwd=REPOSITORY, check=True)


def write_packages(folder: Path) -> None:
    """Generate and package both networks below `folder`."""
    for name, write in WRITERS.items():
        folder.mkdir(parents=True, exist_ok=True)
        model = write(folder / f"{name}.onnx")
        sources = folder / f"{name} sources"
        words = ("--model", str(model), "--name", name, "--out-dir", str(sources))
        codegen("generate", *words, *OPTIONS[name])
        manifest = sources / f"{name}_manifest.json"
        codegen("package", "--manifest", str(manifest), "--out-dir", str(folder / name))


@pytest.fixture(scope="session")
def packages(shared_dir: Path) -> Path:
    """A folder with the packages `digits` and `gearbox`; read only."""
    place = shared_dir / "embed-packages"
    with only_once(place) as first:
        if first:
            write_packages(place)
    return place


@pytest.fixture
def scons_host(tmp_path: Path, vendor: Path) -> Host:
    """The SCons example."""
    return make_host(tmp_path / "host", "scons", {"vendor/nn2flash": vendor})


@pytest.fixture
def package_parts(packages: Path) -> dict[str, Path]:
    """Where the examples of packages expect them."""
    return {name: packages / name for name in WRITERS}
