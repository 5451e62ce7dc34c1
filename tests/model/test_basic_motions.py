"""BasicMotions: fetched by pip as its user has set it up, and used only when it is the real set."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from model.sources import downloads, known_sets, series
from model.sources.basic_motions import BASIC_MOTIONS, WHEEL
from model.sources.downloads import SourceError
from model.sources.python_index import Wheel
from support import data_sets
from support.errors import UserError
from support.files import sha256_file
from tests.model.products import run_model

ROOT = Path(__file__).resolve().parents[2]
TRAIN, TEST = BASIC_MOTIONS.facts.files
DATASET = ("dataset", "--set", "basic_motions", "--data")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, as the index has it."""
    folder = tmp_path_factory.mktemp("wheel")
    words = ("pip", "download", "-q", "--no-deps", "--dest", str(folder), WHEEL.name)
    subprocess.run([sys.executable, "-m", *words], check=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture
def copy(motions_dir: Path, tmp_path: Path) -> Path:
    """A data folder of its own with links to the files."""
    folder = BASIC_MOTIONS.folder(tmp_path)
    folder.mkdir(parents=True)
    for file in BASIC_MOTIONS.facts.files:
        (folder / file.name).symlink_to(BASIC_MOTIONS.folder(motions_dir) / file.name)
    return tmp_path


def only_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's configuration of pip: no index, a folder of wheels."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))


def names_in(folder: Path) -> list[str]:
    """Of all files and folders, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())


def test_every_set_that_the_build_knows_can_be_fetched() -> None:
    assert {name: each.facts for name, each in known_sets.SETS.items()} == data_sets.SETS
    assert all(each.sources for each in known_sets.SETS.values())


def test_it_comes_from_the_index(tmp_path: Path) -> None:
    result = run_model(*DATASET, tmp_path)
    assert result.returncode == 0, result.stderr
    assert "BasicMotions, from the Python package aeon==1.6.0" in result.stderr
    folder = tmp_path / "BasicMotions"
    assert names_in(folder) == [TEST.name, TRAIN.name]
    assert sha256_file(folder / TRAIN.name) == TRAIN.sha256
    again = run_model(*DATASET, tmp_path)
    assert "from the existing copy" in again.stderr


def test_recordings_are_those_of_the_packages_other_file(motions_dir: Path, wheel: Path) -> None:
    """The package has the training part in a second format, ARFF."""
    found = BASIC_MOTIONS.read(motions_dir)
    inputs, labels = found["train"]
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"{WHEEL.folder}/BasicMotions_TRAIN.arff").decode()
    rows = text.partition("@data")[2].strip().splitlines()
    assert len(rows) == len(labels) == 40
    for row, seen, label in zip(rows, inputs, labels, strict=True):
        values, _, name = row.strip().rpartition(",")
        channels = values.strip("'\"").split("\\n")
        expected = np.array([channel.split(",") for channel in channels], np.float32)
        assert np.array_equal(seen, expected) and label == name.strip("'\"")
    test, names = found["test"]
    assert test.shape == inputs.shape == (40, 6, 100) and test.dtype == np.float32
    assert np.unique(names, return_counts=True)[1].tolist() == [10] * 4
    assert found["classes"] == ["Standing", "Running", "Walking", "Badminton"]
    assert len(found["columns"]) == 6


def test_pip_is_asked_as_its_user_has_set_it_up(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And none of the user's folders is taken for pip."""
    only_from(wheel.parent, monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "__init__.py").touch()
    (tmp_path / "pip" / "__main__.py").write_text("raise SystemExit('mine')")
    assert BASIC_MOTIONS.obtain(tmp_path / "data") == "the Python package aeon==1.6.0"
    assert sha256_file(tmp_path / "data" / "BasicMotions" / TEST.name) == TEST.sha256


def test_another_wheel_of_that_name_is_refused(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = bytearray(wheel.read_bytes())
    changed[len(changed) // 2] ^= 1
    (tmp_path / wheel.name).write_bytes(changed)
    only_from(tmp_path, monkeypatch)
    with pytest.raises(UserError, match=r"aeon==1\.6\.0: .*DO NOT MATCH THE HASHES"):
        BASIC_MOTIONS.obtain(tmp_path / "data")
    assert names_in(tmp_path / "data" / "BasicMotions") == []


def test_without_an_index_it_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_from(tmp_path, monkeypatch)
    result = run_model(*DATASET, tmp_path / "data")
    assert result.returncode == 1 and "Traceback" not in result.stderr
    error, _ = result.stderr.splitlines()
    assert f"{tmp_path}/data/BasicMotions: BasicMotions is not there" in error
    assert "the Python package aeon==1.6.0: Could not find a version" in error
    assert "  remedy: connect to the network, or name the folder" in result.stderr
    assert "data_dir=DIR" in result.stderr
    assert names_in(tmp_path / "data" / "BasicMotions") == []


def test_interrupted_it_leaves_nothing(tmp_path: Path) -> None:
    """While an index does not answer; pip ends, too."""
    with socket.create_server(("127.0.0.1", 0)) as index:
        address = f"http://127.0.0.1:{index.getsockname()[1]}/simple"
        running = subprocess.Popen(
            [sys.executable, "-m", "model", *DATASET, tmp_path],
            cwd=ROOT,
            env={**os.environ, "PIP_INDEX_URL": address, "PIP_CONFIG_FILE": os.devnull},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        index.settimeout(60)
        connection, _ = index.accept()
        with connection:
            os.kill(running.pid, signal.SIGINT)
            _, told = running.communicate(timeout=60)
            connection.settimeout(60)
            while connection.recv(65536):  # ends when pip has
                pass
    assert running.returncode == 130 and told == "python -m model: interrupted\n"
    assert names_in(tmp_path / "BasicMotions") == []


def test_a_changed_or_truncated_file_is_named_and_kept(copy: Path) -> None:
    path = BASIC_MOTIONS.folder(copy) / TEST.name
    whole = path.read_bytes()
    path.unlink()
    for content, message in (
        (whole[:-1], rf"{path}: truncated or another file: {len(whole) - 1} bytes instead of"),
        (whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:], rf"{path}: corrupt"),
    ):
        path.write_bytes(content)
        with pytest.raises(UserError, match=message) as told:
            BASIC_MOTIONS.obtain(copy)
        assert "delete this file" in told.value.remedy
        with pytest.raises(UserError, match=message) as told:
            BASIC_MOTIONS.read(copy)
        assert f"dataset --set basic_motions --data {copy}" in told.value.remedy
        assert path.read_bytes() == content, "a user's file must not be replaced"


def test_a_missing_file_is_fetched_and_the_other_is_kept(
    copy: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_from(wheel.parent, monkeypatch)
    missing = BASIC_MOTIONS.folder(copy) / TRAIN.name
    missing.unlink()
    BASIC_MOTIONS.obtain(copy)
    assert sha256_file(missing) == TRAIN.sha256
    assert (missing.parent / TEST.name).is_symlink()
    assert names_in(missing.parent) == [TEST.name, TRAIN.name]


def toy_wheel(folder: Path, members: Sequence[str]) -> Wheel:
    """A wheel with files in `toy/data`."""
    path = folder / "toy-1.0-py3-none-any.whl"
    about = "toy-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for name in members:
            archive.writestr(f"toy/data/{name}", name)
        archive.writestr(
            f"{about}/METADATA",
            "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\nRequires-Python: <3\n"
            "Requires-Dist: nobody-has-this\n",
        )
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return Wheel("toy==1.0", hashlib.sha256(path.read_bytes()).hexdigest(), "toy/data")


def test_files_alone_are_wanted_of_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what it requires nor another Python."""
    only_from(tmp_path, monkeypatch)
    toy = toy_wheel(tmp_path, ["a.ts", "b.ts"])
    to = tmp_path / "to"
    to.mkdir()
    assert (toy.fetch(to, ["a.ts"]) / "a.ts").read_text() == "a.ts"
    with pytest.raises(SourceError, match=r"not as expected \(.*toy/data/c\.ts"):
        toy.fetch(to, ["a.ts", "c.ts"])


def test_without_pip_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    with pytest.raises(UserError, match="No module named pip") as told:
        BASIC_MOTIONS.obtain(tmp_path / "data")
    assert "data_dir=" in told.value.remedy


def test_a_client_that_does_not_end_is_left() -> None:
    waits = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(SourceError, match="pip did not finish in 1 s"):
        downloads.run_client("pip", waits, seconds=1)
    fails = [sys.executable, "-c", "import sys; sys.exit(3)"]
    with pytest.raises(SourceError, match="pip ended with 3"):
        downloads.run_client("pip", fails)


def test_a_file_of_the_set_is_read_by_the_reader_of_its_format(motions_dir: Path) -> None:
    found = series.load(BASIC_MOTIONS.folder(motions_dir) / TRAIN.name)
    assert (
        found.inputs[0, 0, :3].tolist() == np.array([0.079106, 0.079106, -0.903497], "f4").tolist()
    )
