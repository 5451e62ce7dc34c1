"""What is missing or wrong in a network module gets one line that names it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.errors import UserError
from tests.model.small_modules import (
    ARRAYS,
    DATA,
    GOOD,
    HEAD,
    LAYER,
    QUICK,
    REGRESSION,
    line_of,
    train,
)

pytestmark = pytest.mark.usefixtures("own_folder")


@dataclass(frozen=True)
class Wrong:
    """A module that cannot work, and what is said of it."""

    text: str
    told: str


TYPO = GOOD.replace('"test":', '"tests":')

RAISES = GOOD.replace("    return {", "    raise ValueError('no such sensor')\n    return {")


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
    "too fast": Wrong(GOOD + "LEARNING_RATE = 'high'\n", r"net\.py:15: LEARNING_RATE = 'high'"),
    "no epochs": Wrong(GOOD + "EPOCHS = 0\n", r"net\.py:15: EPOCHS = 0\n"),
    "metrics that are none": Wrong(
        GOOD + "def metrics(outputs, labels):\n    return 3\n", r"metrics\(\) returns a int"
    ),
    "own training that diverges": Wrong(
        GOOD + "def train(network, data):\n    network[0].weight.data[0] = float('inf')\n",
        r"train\(\) leaves '0\.weight' .* not finite numbers",
    ),
    "an augmentation of another shape": Wrong(
        GOOD + "def augment(inputs):\n    return inputs[:, :4]\n",
        r"net\.py:15: augment\(\) gives \[\d+, 4\] for a batch of \[\d+, 8\]\n",
    ),
    "an augmentation that returns nothing": Wrong(
        GOOD + "def augment(inputs):\n    pass\n", r"net\.py:15: augment\(\) gives NoneType for"
    ),
    "an augmentation of one input more": Wrong(
        GOOD + "def augment(inputs):\n    return inputs, inputs\n",
        r"net\.py:15: augment\(\) gives \[\d+, 8\], \[\d+, 8\] for a batch of \[\d+, 8\]\n",
    ),
    "an augmentation that raises": Wrong(
        GOOD + "def augment(inputs):\n    return inputs.none\n",
        r"net\.py:16: augment\(\): AttributeError",
    ),
    "a figure that is no number": Wrong(
        GOOD + "def metrics(outputs, labels):\n    return {'recall': float('nan')}\n",
        r"net\.py:15: metrics\(\) gives nan for 'recall'\n",
    ),
    "two classes of one name": Wrong(
        GOOD.replace("return {", 'return {"classes": ["a", "b", "a"], '),
        rf"net\.py:{line_of(GOOD, 'def data')}: 'classes' of data\(\) names 'a' twice\n",
    ),
    "one class alone": Wrong(
        GOOD.replace("16, 3", "16, 1").replace("Y = (X", "Y = 0 * (X"),
        rf"net\.py:{line_of(GOOD, 'def data')}: labels are of one class",
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
