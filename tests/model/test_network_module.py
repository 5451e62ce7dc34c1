"""A network module is trained and exported; what is missing or wrong in it gets one line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from site_tools.network_module import imported

from codegen.ir.preprocessing import apply
from codegen.reader.qdq import read_graph
from model.module import threads
from model.module.label_scale import last_linear
from model.module.load import load
from model.module.users_code import running
from support.errors import UserError
from tests.model.products import run_here

HEAD = """\
import numpy as np
import torch
from torch import nn

"""
NETWORK = """\
def network():
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))

"""
ARRAYS = """\
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(300, 8)).astype(np.float32)
Y = (X @ RANDOM.normal(size=(8, 3))).argmax(1)

"""
DATA = """\
def data():
    return {"train": (X[:200], Y[:200]), "test": (X[200:], Y[200:])}
"""
QUICK = "EPOCHS = 2\n"
GOOD = HEAD + NETWORK + ARRAYS + DATA + QUICK
REGRESSION = (
    HEAD + NETWORK.replace("16, 3", "16, 1") + ARRAYS + "Y = 1013 + 20 * X[:, 0]\n" + DATA + QUICK
)


@dataclass(frozen=True)
class Trained:
    """What `train-module` wrote."""

    folder: Path

    @property
    def history(self) -> Any:
        return json.loads((self.folder / "training.json").read_text())

    def arrays(self, name: str) -> dict[str, Any]:
        with np.load(self.folder / f"{name}.npz") as stored:
            return {key: stored[key] for key in stored.files}

    def network(self, *more: object) -> onnx.ModelProto:
        """Exported, by the command."""
        weights, out = self.folder / "weights.pt", self.folder / "float.onnx"
        module = ("--module", self.folder / "net.py")
        run_here("export-module", *module, *more, "--weights", weights, "--out", out)
        return onnx.load(out)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command runs in a process of its own usually, and leaves its folder and path changed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))


def train(folder: Path, text: str, *more: object, name: str = "net.py") -> Trained:
    (folder / name).write_text(text)
    files = {
        "out": "weights.pt",
        "history": "training.json",
        "calibration": "calibration.npz",
        "validation": "validation.npz",
        "test": "test.npz",
    }
    words = [word for key, name in files.items() for word in (f"--{key}", folder / name)]
    run_here("train-module", "--module", folder / name, *words, *more)
    return Trained(folder)


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
        "export-module",
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


PARTS = {
    "tensors": 'return {"train": (torch.tensor(X), torch.tensor(Y)), "test": (X, Y)}',
    "datasets": (
        "whole = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y))\n"
        '    return {"train": whole, "validation": whole, "test": whole}'
    ),
    "one item less": (
        "items = list(zip(X, Y))\n"
        '    return {"train": items, "validation": items[:2], "test": (X, Y)}'
    ),
    "names of classes": (
        'named = np.array(["low", "mid", "high"])[Y]\n'
        '    return {"train": (X, named), "test": (X, named), "classes": ["low", "mid", "high"]}'
    ),
}


@pytest.mark.parametrize("kind", PARTS)
def test_data_comes_in_many_forms(kind: str, tmp_path: Path) -> None:
    trained = train(tmp_path, HEAD + NETWORK + ARRAYS + QUICK + f"def data():\n    {PARTS[kind]}\n")
    expected = train(tmp_path, GOOD.replace("[:200]", "").replace("[200:]", "")).arrays("test")
    found = trained.arrays("test")
    assert found["inputs"].tobytes() == expected["inputs"].tobytes()
    assert found["labels"].tobytes() == expected["labels"].tobytes()
    assert len(trained.history["classes"]) == 3


def test_data_without_code(tmp_path: Path) -> None:
    rows = [f"{i % 7},{i % 3},{i % 3}" for i in range(90)]
    (tmp_path / "r.csv").write_text("\n".join(["a,b,c", *rows]))
    text = HEAD + NETWORK.replace("(8, 16)", "(2, 16)") + QUICK
    trained = train(tmp_path, text, "--data", tmp_path / "r.csv")
    assert trained.history["inputs"]["test"] == 18
    assert len(trained.history["mean"]) == len(trained.history["std"]) == 2
    with pytest.raises(UserError, match=r"r\.csv:5: column 'b' holds '\?'"):
        (tmp_path / "r.csv").write_text("\n".join(["a,b,c", *rows[:3], "1,?,0", *rows]))
        train(tmp_path, text, "--data", tmp_path / "r.csv")
    with pytest.raises(UserError, match=r"has no data\(\)") as told:
        train(tmp_path, text)
    assert "or give data=" in told.value.remedy


def test_bytes_are_images(tmp_path: Path) -> None:
    text = GOOD.replace("Y = (X", "X = RANDOM.integers(0, 256, (300, 8)).astype(np.uint8)\nY = (X")
    values = train(tmp_path, text).arrays("test")["inputs"]
    assert values.dtype == np.float32
    assert 0.9 < values.max() <= 1


KINDS = {
    "measured": (
        "X = np.round(1000 + 300 * X)\n",
        'return {"normalize": True, ',
        ("Sub", "Div"),
    ),
    "measured, by NumPy's word": (
        "X = np.round(1000 + 300 * X)\n",
        'return {"normalize": np.bool_(True), ',
        ("Sub", "Div"),
    ),
    "stated": (
        "X = np.round(1000 + 300 * X)\n",
        'return {"mean": 1000, "std": [*range(300, 308)], ',
        ("Sub", "Div"),
    ),
    "images": (
        "X = RANDOM.integers(0, 256, (300, 8)).astype(np.uint8)\n",
        'return {"normalize": True, ',
        ("Div", "Sub", "Div"),
    ),
    "as they are": ("", "return {", ()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_board_is_told_how_data_becomes_inputs(kind: str, tmp_path: Path) -> None:
    """The int8 file makes of numbers as `data()` gives them what the network was tested with."""
    values, returned, functions = KINDS[kind]
    text = GOOD.replace("def data", f"{values}\ndef data").replace("return {", returned)
    trained = train(tmp_path, text)
    trained.network()
    float_model, int8 = tmp_path / "float.onnx", tmp_path / "int8.onnx"
    words = ("--onnx", float_model, "--calibration", tmp_path / "calibration.npz")
    more = ("--max-accuracy-drop", 100, "--report", tmp_path / "quantization.json")
    run_here("quantize", *words, *more, "--out", int8)
    graph = read_graph(int8)
    assert tuple(step.function for step in graph.from_data(0)) == functions
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    data = namespace["X"][200:].astype(np.float32)
    learnt = trained.arrays("test")["inputs"]
    real = apply(graph.from_data(0), data)
    assert real.tobytes() == learnt.tobytes()
    if functions[-2:] == ("Sub", "Div"):
        assert abs(learnt.mean()) < 0.3
        assert trained.history["mean"] is not None


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ('"mean": 3, ', "'mean' or 'std' without the other"),
        ('"mean": [1, 2], "std": 1, ', r"hold 2 and 1 numbers for 8 channels"),
        ('"mean": 0, "std": 0, ', "a 'std' that is not above 0"),
        ('"mean": 0, "std": 1e-39, ', "beyond float32's range after the normalization"),
    ],
)
def test_a_normalization_that_makes_no_sense(returned: str, told: str, tmp_path: Path) -> None:
    text = GOOD.replace("Y = (X", "X *= 1e3\nY = (X").replace("return {", f"return {{{returned}")
    with pytest.raises(UserError, match=told):
        train(tmp_path, text)


def test_several_inputs_by_name(tmp_path: Path) -> None:
    text = (
        HEAD
        + """\
class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 3)

    def forward(self, left, right):
        return self.layer(torch.cat([left, right], dim=1))

def network():
    return Two()

"""
        + ARRAYS
        + """\
def data():
    parts = {"train": ((X[:, :5], X[:, 5:]), Y), "test": ((X[:, :5], X[:, 5:]), Y)}
    return {**parts, "input_names": ["left", "right"]}
"""
        + QUICK
    )
    trained = train(tmp_path, text)
    assert {*trained.arrays("test")} == {"left", "right", "labels"}
    assert [value.name for value in trained.network().graph.input] == ["left", "right"]


def test_a_module_may_bring_its_own_steps(tmp_path: Path) -> None:
    text = (
        GOOD
        + """\
def preprocess(inputs):
    return inputs * 2

def train(network, data):
    assert data.train.labels.dtype == np.int64
    with torch.no_grad():
        network[2].bias.fill_(7.0)

def metrics(outputs, labels):
    return {"mean output": outputs.mean()}
"""
    )
    trained = train(tmp_path, text)
    plain = tmp_path / "plain"
    plain.mkdir()
    before = train(plain, GOOD).arrays("test")["inputs"]
    assert np.array_equal(trained.arrays("test")["inputs"], before * 2)
    assert trained.history["history"] == []
    assert trained.history["test"]["mean output"] > 5


def test_augment_sees_training_only(tmp_path: Path) -> None:
    text = (
        GOOD + "SEEN = []\ndef augment(inputs):\n    SEEN.append(len(inputs))\n    return inputs\n"
    )
    trained = train(tmp_path, text)
    assert sum(sys.modules["network_module"].SEEN) == 2 * trained.history["inputs"]["train"]


@dataclass(frozen=True)
class Wrong:
    """A module that cannot work, and what is said of it."""

    text: str
    told: str


def line_of(text: str, start: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if line.startswith(start))


TYPO = GOOD.replace('"test":', '"tests":')
RAISES = GOOD.replace("    return {", "    raise ValueError('no such sensor')\n    return {")
LAYER = """\
class Layer(nn.Linear):
    def forward(self, x):
        return %s

def network():
    return Layer(8, 3)

"""
WRONG = {
    "no network": Wrong(GOOD.replace("network", "net"), r"net\.py: has no network\(\)"),
    "no data": Wrong(GOOD.replace("def data", "def date"), r"net\.py: has no data\(\)"),
    "network is a number": Wrong(GOOD + "network = 3\n", r"network is no function"),
    "network returns nothing": Wrong(
        GOOD.replace("    return nn", "    nn"),
        r"net\.py:5: network\(\) returns nothing, not a torch\.nn\.Module",
    ),
    "network without weights": Wrong(
        GOOD.replace("nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3)", "nn.ReLU()"),
        r"net\.py:5: network\(\) has no weights",
    ),
    "data returns a list": Wrong(
        GOOD.replace("return {", "return [{").replace("Y[200:])}", "Y[200:])}]"),
        rf"net\.py:{line_of(GOOD, 'def data')}: data\(\) returns a list, not a dictionary",
    ),
    "a part misspelled": Wrong(TYPO, r"unknown part 'tests'\n.*did you mean 'test'"),
    "no test part": Wrong(GOOD.replace(', "test": (X[200:], Y[200:])', ""), r"no 'test' part"),
    "no labels": Wrong(GOOD.replace("(X[200:], Y[200:])", "X[200:]"), r"'test' .* has no labels"),
    "fewer labels": Wrong(
        GOOD.replace("Y[200:])", "Y[210:])"), r"'test' have shape \[100, 8\] for 90 labels"
    ),
    "other shapes": Wrong(
        GOOD.replace("(X[200:],", "(X[200:, :4],"), r"'test' have shape \[\[4\]\], those of 'train'"
    ),
    "labels of two kinds": Wrong(
        GOOD.replace("Y[200:])", "Y[200:] + 0.5)"), r"labels of 'test' are float32"
    ),
    "a value that is not finite": Wrong(
        GOOD.replace("Y = (X", "X[205, 2] = np.nan\nY = (X"), r"input 5 of 'test' .* not finite"
    ),
    "a class missing from training": Wrong(
        GOOD.replace("Y = (X", "Y = 2 * (X"), r"'train' holds no input of class 1\n"
    ),
    "a name missing from training": Wrong(
        GOOD.replace("def data", "Y = np.array(['a', 'b', 'c'])[Y]\nY[250] = 'd'\ndef data"),
        r"'test' holds the class 'd', which 'train' does not",
    ),
    "fewer names than classes": Wrong(
        GOOD.replace("return {", 'return {"classes": ["a", "b"], '),
        r"labels go from 0 to 2, there are 2 classes",
    ),
    "data raises": Wrong(
        RAISES,
        rf"net\.py:{line_of(RAISES, '    raise')}: data\(\): ValueError: no such sensor\n",
    ),
    "a wrong line": Wrong(GOOD + "def train(:\n", r"net\.py:\d+: .*SyntaxError"),
    "a module that is not there": Wrong(
        "import gearbox\n" + GOOD, r"net\.py:1: .*No module named 'gearbox'\n.*pip install gearbox"
    ),
    "an end of the program": Wrong(GOOD + "raise SystemExit(3)\n", r"net\.py:\d+: .*SystemExit: 3"),
    "other inputs than the network's": Wrong(
        GOOD.replace("nn.Linear(8, 16)", "nn.Linear(9, 16)"),
        r"network\(\) on an input of shape \[1, 8\]: RuntimeError",
    ),
    "other outputs than classes": Wrong(
        GOOD.replace("16, 3", "16, 4"), r"net\.py:5: gives 4 values, there are 3 classes"
    ),
    "several outputs": Wrong(
        HEAD + LAYER % "(x, x)" + ARRAYS + DATA, r"gives a tuple for one input of shape \[1, 8\]"
    ),
    "an error inside torch": Wrong(
        GOOD.replace("nn.Linear(8, 16)", "nn.Conv2d(8, 16, 3)"),
        r"net\.py:5: network\(\) on an input of shape \[1, 8\]: RuntimeError: .*\n.*defined there",
    ),
    "not a number in evaluation": Wrong(
        HEAD
        + LAYER % "super().forward(x) * (1 if self.training else float('nan'))"
        + ARRAYS
        + DATA,
        r"net\.py:\d+: the network's outputs for 20 of the 20 inputs of 'validation' are not",
    ),
    "not a number for the test part": Wrong(
        HEAD
        + LAYER % "super().forward(x) * (1 if len(x) < 100 else float('nan'))"
        + ARRAYS
        + DATA
        + QUICK,
        r"net\.py:\d+: the network's outputs for 100 of the 100 inputs of 'test' are not finite",
    ),
    "an error in evaluation alone": Wrong(
        HEAD
        + LAYER % "super().forward(x)[: None if self.training or len(x) == 1 else 3]"
        + ARRAYS
        + DATA
        + QUICK,
        r"net\.py:\d+: network\(\) on 'validation': ValueError",
    ),
    "own training to outputs that are none": Wrong(
        GOOD + "def train(network, data):\n    network[0].weight.data[0] = 3e38\n"
        "    network[2].weight.data[:] = 3e38\n",
        r"net\.py:5: the network's outputs for \d+ of the 20 inputs of 'validation' are not finite",
    ),
    "own training that leaves no statistics": Wrong(
        GOOD.replace("nn.ReLU()", "nn.BatchNorm1d(16)")
        + "def train(network, data):\n    network[1].running_var[0] = float('nan')\n",
        r"net\.py:\d+: train\(\) leaves '1\.running_var' .* not finite numbers",
    ),
    "own training that leaves endless statistics": Wrong(
        GOOD.replace("nn.ReLU()", "nn.BatchNorm1d(16)")
        + "def train(network, data):\n    network[1].running_var[0] = float('inf')\n",
        r"net\.py:\d+: train\(\) leaves '1\.running_var' .* not finite numbers",
    ),
    "a rate that is far too high": Wrong(
        REGRESSION.replace("nn.ReLU()", "nn.Linear(16, 16)")
        + "LEARNING_RATE = 9e8\nBATCH_SIZE = 180\nEPOCHS = 30\n",
        r"epoch 1: the validation loss is not a finite number\n.*LEARNING_RATE = 9e\+07",
    ),
    "'normalize' by a number": Wrong(
        GOOD.replace("return {", 'return {"normalize": 1, '),
        rf"net\.py:{line_of(GOOD, 'def data')}: 'normalize' of data\(\) is 1, neither True nor",
    ),
    "'normalize' by a word": Wrong(
        GOOD.replace("return {", 'return {"normalize": "yes", '),
        r"'normalize' of data\(\) is 'yes'",
    ),
    "'normalize' and figures": Wrong(
        GOOD.replace("return {", 'return {"normalize": True, "mean": 0, "std": 1, '),
        r"'mean' or 'std' beside \"normalize\": True",
    ),
    "a mean that is a word": Wrong(
        GOOD.replace("return {", 'return {"mean": "a", "std": 1, '),
        rf"net\.py:{line_of(GOOD, 'def data')}: 'mean' or 'std' .* no list of numbers",
    ),
    "a mean of no shape": Wrong(
        GOOD.replace("return {", 'return {"mean": [[1, 2, 3], [1]], "std": 1, '),
        rf"net\.py:{line_of(GOOD, 'def data')}: 'mean' or 'std' .* no list of numbers",
    ),
    "inputs of no shape": Wrong(
        GOOD.replace("(X[200:], Y[200:])", "([[1, 2], [3]], [0, 1])"),
        rf"net\.py:{line_of(GOOD, 'def data')}: what data\(\) returns: ValueError: .*inhomogeneous",
    ),
    "not a number in training": Wrong(
        HEAD + LAYER % "super().forward(x) * float('nan')" + ARRAYS + DATA,
        r"epoch 1: the loss is not a finite number\n.*LEARNING_RATE = 0\.0004",
    ),
    "too fast": Wrong(GOOD + "LEARNING_RATE = 'high'\n", r"LEARNING_RATE = 'high'"),
    "no epochs": Wrong(GOOD + "EPOCHS = 0\n", r"EPOCHS = 0\n"),
    "metrics that are none": Wrong(
        GOOD + "def metrics(outputs, labels):\n    return 3\n", r"metrics\(\) returns a int"
    ),
    "own training that diverges": Wrong(
        GOOD + "def train(network, data):\n    network[0].weight.data[0] = float('inf')\n",
        r"train\(\) leaves '0\.weight' .* not finite numbers",
    ),
    "an augmentation of another shape": Wrong(
        GOOD + "def augment(inputs):\n    return inputs[:, :4]\n",
        r"training, epoch 1: TypeError: augment\(\) must return",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_gets_one_line(name: str, tmp_path: Path) -> None:
    wrong = WRONG[name]
    with pytest.raises(UserError) as told:
        train(tmp_path, wrong.text)
    text = str(told.value)
    assert re.search(wrong.told, text), text
    assert re.fullmatch(r"[^\n]+\n  remedy: [^\n]+", text)
    assert {path.suffix for path in tmp_path.iterdir() if path.is_file()} == {".py"}


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
    with pytest.raises(UserError, match=r"reads .*x\.npy, which the build does not know of"):
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
    run_here("train-module", "--module", "of module/net.py", *outputs)
    assert str(folder) == sys.modules["network_module"].HERE
    assert (tmp_path / "w.pt").is_file()
    assert not (folder / "w.pt").exists()


EXPORTS = {
    "a shape that depends on values": (
        "super().forward(x)[x[:, :3] > -99].reshape(1, -1)",
        r"the shape of 'output' depends on the input's values",
    ),
    "an operator that ONNX has not": (
        "super().forward(x) + torch.linalg.svdvals(x[:, None, :]).sum()",
        r"PyTorch cannot export the network \(legacy: ",
    ),
}


@pytest.mark.parametrize("kind", EXPORTS)
def test_what_cannot_be_exported(kind: str, tmp_path: Path) -> None:
    forward, told = EXPORTS[kind]
    own = "def train(network, data):\n    pass\n"
    trained = train(tmp_path, HEAD + LAYER % forward + ARRAYS + DATA + own)
    with pytest.raises(UserError, match=told) as error:
        trained.network()
    assert re.fullmatch(r"[^\n]+\n  remedy: [^\n]+", str(error.value))
    assert not (tmp_path / "float.onnx").exists()


def test_a_network_that_is_another_each_time(tmp_path: Path) -> None:
    trained = train(tmp_path, GOOD)
    (tmp_path / "net.py").write_text(GOOD.replace("16", "12"))
    with pytest.raises(UserError, match=r"net\.py:5: network\(\) makes another network"):
        trained.network()


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


def test_threads_where_there_is_something_to_share() -> None:
    small = torch.nn.Linear(10, 10)
    assert threads.multiplications(small, (torch.zeros(1, 10),)) == 100
    image = torch.nn.Conv2d(2, 4, 3)
    assert threads.multiplications(image, (torch.zeros(1, 2, 5, 5),)) == 4 * 3 * 3 * 2 * 9
    assert threads.choose(small, (torch.zeros(1, 10),), 64) == 1
    wide = torch.nn.Linear(1000, 1000)
    assert threads.choose(wide, (torch.zeros(1, 1000),), 64) == threads.processors()
    torch.set_num_threads(1)
