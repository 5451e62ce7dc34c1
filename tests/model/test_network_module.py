"""A network module is trained and exported: repeatably, in the labels' unit, until it is enough."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from site_tools.network_module import imported

from model.module import threads
from model.module.label_scale import last_linear
from model.module.users_code import running
from support.errors import UserError
from tests.model.products import run_here
from tests.model.small_modules import GOOD, REGRESSION, line_of, train

pytestmark = pytest.mark.usefixtures("own_folder")


def test_a_module_is_trained_and_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = train(tmp_path, GOOD, "--epochs", 60)
    assert trained.history["test"]["accuracy"] > 0.8
    told = capsys.readouterr()
    assert "train: float network, accuracy" in told.out
    # 180 inputs are three batches of 64: what takes minutes is told of within an epoch.
    assert re.search(r"training net, steps: (\d+)/180 in .* best: epoch \d+ of \d+", told.err)
    assert trained.history["inputs"] == {"train": 180, "validation": 20, "test": 100}
    test = trained.arrays("test")
    assert test["inputs"].shape == (100, 8)
    assert test["labels"].dtype == np.int64
    model = trained.network()
    assert [v.name for v in (*model.graph.input, *model.graph.output)] == ["input", "output"]
    session = onnxruntime.InferenceSession(model.SerializeToString())
    scores = [session.run(None, {"input": row[None]})[0][0] for row in test["inputs"]]
    right = float(np.mean(np.argmax(scores, axis=1) == test["labels"]))
    assert right == pytest.approx(trained.history["test"]["accuracy"])


@pytest.mark.parametrize("name", ["codegen", "device", "model", "support"])
def test_the_file_may_be_called_as_a_package_of_this_project(name: str, tmp_path: Path) -> None:
    """What it imports by that name is the project's all the same."""
    text = f"from model.module.scores import shown\n{GOOD}"
    train(tmp_path, text, "--epochs", 1, name=f"{name}.py")
    path = tmp_path / f"{name}.py"
    run_here(
        "export",
        "--module",
        path,
        "--weights",
        tmp_path / "weights.pt",
        "--out",
        tmp_path / "float.onnx",
    )
    assert imported(path)[0] == []


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, again, other = (tmp_path / name for name in ("first", "again", "other"))
    for folder, seed in ((first, 3), (again, 3), (other, 4)):
        folder.mkdir()
        train(folder, GOOD, "--seed", seed)
    weights = [(folder / "weights.pt").read_bytes() for folder in (first, again, other)]
    assert weights[0] == weights[1]
    assert weights[0] != weights[2]


@pytest.mark.parametrize("step", ["augment", "network"])
def test_the_seed_is_that_of_pythons_random_numbers_too(step: str, tmp_path: Path) -> None:
    text = "import random\n" + GOOD
    if step == "augment":
        text += "def augment(inputs):\n    return inputs * random.uniform(0.5, 2)\n"
    else:
        text = text.replace("nn.ReLU()", "nn.LeakyReLU(random.random())")
    weights = [train(tmp_path, text).folder.joinpath("weights.pt").read_bytes() for _ in range(2)]
    assert weights[0] == weights[1]


def test_an_error_of_a_package_in_the_modules_own_folder(tmp_path: Path) -> None:
    """A `.venv` lies beside the module usually; the line to mend is the module's all the same."""
    packages = tmp_path / ".venv" / "lib" / "python3.12" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "gears.py").write_text("def turn(count):\n    raise ValueError('no teeth')\n")
    text = GOOD.replace("def data():\n", "def data():\n    gears.turn(3)\n").replace(
        "import torch\n",
        f"import sys\nsys.path.append({str(packages)!r})\nimport gears\nimport torch\n",
    )
    line = line_of(text, "    gears.turn")
    with pytest.raises(UserError, match=rf"net\.py:{line}: data\(\): ValueError: no teeth"):
        train(tmp_path, text)


@pytest.mark.parametrize("kind", ["torch", "the project"])
def test_files_above_which_the_module_lies(kind: str) -> None:
    """Neither PyTorch's nor this project's line is the user's to mend."""
    above = Path(torch.__file__ if kind == "torch" else threads.__file__).resolve()
    path = above.parents[4 if kind == "torch" else 1] / "net.py"
    with pytest.raises(UserError) as told, running(path, "network()", f"{path}:7"):
        if kind == "torch":
            torch.nn.Linear(8, 16)(torch.zeros(1, 9))
        else:
            threads.multiplications(torch.nn.Linear(8, 16), (torch.zeros(1, 9),))
    assert told.value.message.startswith(f"{path}:7: network(): RuntimeError: ")


def test_training_ends_when_validation_gets_no_better(tmp_path: Path) -> None:
    """The validation part's labels are the training part's turned round."""
    opposed = '"validation": (X[:200], 2 - Y[:200]), "test":'
    text = GOOD.replace('"test":', opposed).replace("EPOCHS = 2", "EPOCHS = 60")
    history = train(tmp_path, text).history["history"]
    losses = [epoch["validation_loss"] for epoch in history]
    figures = [epoch["validation"]["accuracy"] for epoch in history]
    best = max(losses.index(min(losses)), figures.index(max(figures)))
    assert len(history) < 60
    assert len(history) == best + 1 + 20


def test_regression_in_the_unit_of_the_labels(tmp_path: Path) -> None:
    """Labels near 1013 are learnt as those near 0 are: the last layer gives them back."""
    trained = train(tmp_path, REGRESSION.replace("EPOCHS = 2", ""))
    assert trained.history["task"] == "regression"
    assert trained.history["test"]["r2"] > 0.9
    assert trained.history["test"]["rmse"] < 6
    test = trained.arrays("test")
    assert test["targets"].shape == (100, 1)
    session = onnxruntime.InferenceSession(trained.network().SerializeToString())
    found = session.run(None, {"input": test["inputs"][:1]})[0]
    assert abs(found[0, 0] - test["targets"][0, 0]) < 30


def test_only_a_last_layer_takes_a_scale() -> None:
    shared = torch.nn.Linear(4, 4)
    one = (torch.zeros(1, 4),)
    assert last_linear(torch.nn.Sequential(shared, torch.nn.Tanh()), one) is None
    assert last_linear(torch.nn.Sequential(shared, shared), one) is None
    assert last_linear(torch.nn.Sequential(torch.nn.Tanh(), shared), one) is shared


def test_augment_sees_training_only(tmp_path: Path) -> None:
    text = (
        GOOD + "SEEN = []\ndef augment(inputs):\n    SEEN.append(len(inputs))\n    return inputs\n"
    )
    trained = train(tmp_path, text)
    assert sum(sys.modules["network_module"].SEEN) == 2 * trained.history["inputs"]["train"]


def test_threads_where_there_is_something_to_share() -> None:
    small = torch.nn.Linear(10, 10)
    assert threads.multiplications(small, (torch.zeros(1, 10),)) == 100
    image = torch.nn.Conv2d(2, 4, 3)
    assert threads.multiplications(image, (torch.zeros(1, 2, 5, 5),)) == 4 * 3 * 3 * 2 * 9
    assert threads.choose(small, (torch.zeros(1, 10),), 64) == 1
    wide = torch.nn.Linear(1000, 1000)
    assert threads.choose(wide, (torch.zeros(1, 1000),), 64) == threads.processors()
    torch.set_num_threads(1)
