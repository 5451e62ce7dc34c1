"""A network module reads what the build knows of, as it was when the training began."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from model.module.load import load
from support.errors import UserError
from tests.model.products import run_here
from tests.model.small_modules import GOOD, train

pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.mark.parametrize("quiet", [False, True])
def test_a_file_that_is_not_declared_is_refused(
    quiet: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is trained; also when the module would go on without it."""
    np.save(tmp_path / "inputs.npy", np.zeros((300, 8), np.float32))
    read = "np.load('inputs.npy')"
    if quiet:
        read = f"X\n    try:\n        {read}\n    except Exception:\n        pass"
    text = GOOD.replace("def data():", f"def data():\n    kept = {read}")
    with pytest.raises(UserError, match=r"reads .*inputs\.npy") as told:
        train(tmp_path, text)
    assert told.value.remedy.endswith('FILES = ["inputs.npy"]')
    assert quiet or "train:" not in capsys.readouterr().out
    assert train(tmp_path, text, "--file", tmp_path / "inputs.npy").history["test"]
    assert train(tmp_path, text, "--file", tmp_path).history["test"]


UNSEEN = {
    "weights": ("net.pth", "torch.load('net.pth')"),
    "by name": ("helper_19.py", "importlib.import_module('helper_19')"),
    "of another folder": (
        "common/shared_19.py",
        "sys.path.insert(0, 'common'); import shared_19",
    ),
    "run": ("conf.py", "exec(open('conf.py').read())"),
}


@pytest.mark.parametrize("kind", UNSEEN)
def test_code_and_weights_that_the_build_does_not_know(kind: str, tmp_path: Path) -> None:
    """Else an edit of them would train nothing again."""
    name, read = UNSEEN[kind]
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("CLASSES = 3\n")
    if path.suffix == ".pth":
        torch.save({}, path)
    lines = f"import importlib, sys\ndef data():\n    {read}"
    text = GOOD.replace("def data():", lines)
    with pytest.raises(UserError, match=f"reads .*{path.name}, which the build does not") as told:
        train(tmp_path, text)
    assert f'FILES = ["{name}"]' in told.value.remedy
    assert ("plain import" in told.value.remedy) == (path.suffix == ".py")
    sys.modules.pop(path.stem, None)
    assert train(tmp_path, text, "--file", path).history["test"]
    # A plain import beside the module is enough.
    sys.modules.pop(path.stem, None)
    if path.suffix == ".py" and path.parent == tmp_path:
        assert train(tmp_path, text + f"import {path.stem}\n").history["test"]
    sys.modules.pop(path.stem, None)


def test_an_imported_module_that_changes_under_a_training(tmp_path: Path) -> None:
    (tmp_path / "helper_20.py").write_text("A = 1\n")
    change = "def augment(inputs):\n    open('helper_20.py', 'a').write('#')\n    return inputs\n"
    with pytest.raises(UserError, match=r"helper_20\.py: has changed while the network was"):
        train(tmp_path, f"import helper_20\n{GOOD}{change}")


@pytest.mark.parametrize("place", ["build/x.npy", ".git/x.npy", "env/x.npy"])
def test_a_folder_of_data_has_none_of_what_is_left_out_of_it(place: str, tmp_path: Path) -> None:
    """What the build leaves out of FILES = ["."] is refused, not read unseen."""
    for name in ("build/.nn2flash.lock", ".git/HEAD", "env/pyvenv.cfg", "kept/x.npy"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    for name in (place, "kept/x.npy"):
        np.save(tmp_path / name, np.zeros(3))
    text = GOOD.replace("def data():", f"def data():\n    np.load('{place}')")
    where = text[: text.index("np.load")].count("\n") + 1
    told = rf"net\.py:{where}: reads .*x\.npy, which the build does not know of"
    with pytest.raises(UserError, match=told):
        train(tmp_path, text, "--file", tmp_path)
    assert train(tmp_path, text.replace(place, "kept/x.npy"), "--file", tmp_path).history


def test_what_the_module_wrote_it_may_read(tmp_path: Path) -> None:
    text = GOOD.replace("def data():", "def data():\n    np.save('own.npy', X); np.load('own.npy')")
    assert train(tmp_path, text).history["test"]


def test_data_that_changes_under_a_training(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("1")
    change = "def augment(inputs):\n    open('notes.txt', 'a').write('2')\n    return inputs\n"
    with pytest.raises(UserError, match=r"notes\.txt: has changed while the network was trained"):
        train(tmp_path, GOOD + change, "--file", tmp_path / "notes.txt")
    assert not (tmp_path / "weights.pt").exists()


def test_a_declared_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"names .*none\.csv, which is not there"):
        train(tmp_path, GOOD, "--file", tmp_path / "none.csv")


def test_the_module_runs_in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "of module"
    folder.mkdir()
    (folder / "beside_it.py").write_text("CLASSES = 3\n")
    text = GOOD.replace("16, 3", "16, CLASSES").replace(
        "import torch\n",
        "import torch\nfrom beside_it import CLASSES\nimport os\nHERE = os.getcwd()\n",
    )
    (folder / "net.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    outputs = ["--out", "w.pt", "--history", "h.json"]
    outputs += ["--calibration", "c.npz", "--validation", "v.npz", "--test", "t.npz"]
    run_here("train", "--module", "of module/net.py", *outputs)
    assert str(folder) == sys.modules["network_module"].HERE
    assert (tmp_path / "w.pt").is_file()
    assert not (folder / "w.pt").exists()


def test_an_edit_that_python_cannot_tell_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One size and one date, of the module and of what it imports; compiled files lie about."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "path_hooks", [*sys.path_hooks])
    variables = {name: value for name, value in os.environ.items() if "BYTECODE" not in name}
    for edit in ("first", "other"):
        (tmp_path / "net.py").write_text(f'from part import WORD\n\nNAME = "{edit}"\n')
        (tmp_path / "part.py").write_text(f'WORD = "{edit}"\n')
        for name in ("net.py", "part.py"):
            os.utime(tmp_path / name, (1_577_836_800, 1_577_836_800))
        command = [sys.executable, "-c", "import net"]
        subprocess.run(command, cwd=tmp_path, env=variables, check=True)
        assert len(list((tmp_path / "__pycache__").iterdir())) == 2
        sys.modules.pop("part", None)
        module = load(tmp_path / "net.py", 0).loaded
        assert (edit, edit) == (module.NAME, module.WORD)
    sys.modules.pop("part", None)
