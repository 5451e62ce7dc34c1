"""`python -m device validate` against real firmware: what it says, writes and returns."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.cli import main
from support.described import packed
from support.files import write_json
from tests.protocol.toys import OUTPUTS, ROOT, board_toml
from tests.validate.conftest import IMAGES, Case

MakeCase = Callable[..., Case]


def written(case: Case) -> Any:
    """The JSON that was written."""
    return json.loads((case.folder / "json").read_text())


@pytest.mark.parametrize("board", ["host", "mps2_an500"])
def test_identical_bytes_pass(case: MakeCase, board: str) -> None:
    toy = case(board)
    done = toy.run()
    assert done.returncode == 0, done.stderr
    total = IMAGES * OUTPUTS
    assert f"{total}/{total} output bytes identical to the reference" in done.stdout
    assert "accuracy 66.67 % (40 of 60)" in done.stdout
    found = written(toy)
    assert found["passed"] is True and found["done"] == IMAGES and found["board"] == board
    assert found["link"]["inferences"] == IMAGES and found["link"]["broken"] == 0
    if board == "host":
        assert found["cost"] is None and "latency: not measured" in done.stdout
    else:  # never cycles, never time
        assert found["cost"]["unit"] == "instructions" and found["cost"]["microseconds"] is None
        assert "cycles" not in done.stdout and " us" not in done.stdout


def test_confusion_and_misclassified_are_counted_from_the_labels(case: MakeCase) -> None:
    toy = case()
    toy.run()
    labels, predicted = toy.arrays["labels"], toy.arrays["outputs"].argmax(axis=1)
    expected = np.zeros((OUTPUTS, OUTPUTS), int)
    for label, digit in zip(labels, predicted, strict=True):
        expected[label, digit] += 1
    found = written(toy)["recognition"]
    assert found["confusion"] == expected.tolist()
    assert [(m["image"], m["label"], m["predicted"]) for m in found["misclassified"]] == [
        (i, labels[i], predicted[i]) for i in range(IMAGES) if labels[i] != predicted[i]
    ]


def test_classes_are_called_by_their_names(case: MakeCase) -> None:
    toy = case()
    names = ["idle", "läuft", *(f"class {n}" for n in range(2, OUTPUTS))]
    toy.arrays["class_names"] = np.frombuffer(packed(names), np.uint8)
    done = toy.run()
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("each label (row)"))
    rows = lines[head + 2 : head + 2 + OUTPUTS]
    assert all(row[6:].startswith(name) for row, name in zip(rows, names, strict=True))
    assert len({len(line) for line in lines[head + 1 : head + 2 + OUTPUTS]}) == 1
    assert written(toy)["recognition"]["class_names"] == names


def test_each_class_has_its_recall_and_precision(case: MakeCase) -> None:
    toy = case()
    names = [f"class {n}" for n in range(OUTPUTS)]
    toy.arrays["class_names"] = np.frombuffer(packed(names), np.uint8)
    lines = toy.run().stdout.splitlines()
    labels, predicted = toy.arrays["labels"], toy.arrays["outputs"].argmax(axis=1)
    head = next(i for i, line in enumerate(lines) if line.startswith("each class:"))
    for label, line in enumerate(lines[head + 1 : head + 1 + OUTPUTS]):
        right = int(((labels == label) & (predicted == label)).sum())
        labelled, said = int((labels == label).sum()), int((predicted == label).sum())
        recall = f"{100 * right / labelled:.2f} %" if labelled else "-"
        precision = f"{100 * right / said:.2f} %" if said else "-"
        cells = line.replace(" %", "%").split()
        assert cells[1:3] == names[label].split()
        expected = [labelled, right, recall, said, precision]
        assert cells[3:] == [str(cell).replace(" %", "%") for cell in expected]
        found = written(toy)["recognition"]["classes"][label]
        assert (found["right"], found["labelled"], found["predicted"]) == (right, labelled, said)


def test_values_are_judged_in_their_units(case: MakeCase) -> None:
    """The toy's outputs have scale 0.25 and zero point 4."""
    toy = case()
    del toy.arrays["labels"]
    real = 0.25 * (toy.arrays["outputs"].astype(np.float64) - 4)
    errors = np.random.default_rng(1).normal(0, 2, real.shape)
    errors[5, 3] = 40
    targets = (real + errors).astype(np.float32)
    toy.arrays["targets"] = targets
    toy.arrays["units"] = np.frombuffer(packed(["°C"]), np.uint8)
    done = toy.run()
    assert done.returncode == 0, done.stderr
    found = written(toy)
    assert found["recognition"] is None
    rmse = float(np.sqrt(np.mean((targets - real) ** 2)))
    overall = found["regression"]["overall"]
    assert overall["rmse"] == pytest.approx(rmse)
    spread = ((targets - targets.mean(axis=0, dtype=np.float64)) ** 2).sum()
    assert overall["r2"] == pytest.approx(1 - ((targets - real) ** 2).sum() / spread)
    assert (overall["largest"], overall["at"]) == (pytest.approx(40, abs=1e-4), 5)
    assert f"RMSE {rmse:.4g} °C, R² {overall['r2']:.4f}, largest error 40 °C (input 5)" in (
        done.stdout
    )
    each = [float(np.sqrt(np.mean(error**2))) for error in (targets - real).T]
    assert [value["rmse"] for value in found["regression"]["each"]] == pytest.approx(each)
    assert f"value 3: RMSE {each[3]:.4g} °C" in done.stdout


def test_inputs_without_labels(case: MakeCase) -> None:
    toy = case()
    del toy.arrays["labels"]
    done = toy.run()
    assert done.returncode == 0 and "accuracy" not in done.stdout
    assert written(toy)["recognition"] is None


def test_one_wrong_byte_fails_and_is_named(case: MakeCase) -> None:
    toy = case()
    toy.arrays["outputs"][17, 4] ^= 1
    done = toy.run()
    assert done.returncode == 1
    assert f"{IMAGES * OUTPUTS - 1}/{IMAGES * OUTPUTS} output bytes identical" in done.stdout
    assert "first difference: input 17, output 4" in done.stdout
    assert "other bytes than the reference" in done.stderr
    suite = ET.parse(toy.folder / "junit").getroot()
    assert suite.get("failures") == "1"
    (failed,) = [case for case in suite if case.find("failure") is not None]
    assert failed.get("name") == "outputs"


@pytest.mark.parametrize("board", ["host", "mps2_an500"])
def test_layers_all_identical(case: MakeCase, board: str) -> None:
    done = case(board).run("--layers", "--count", "20")
    assert done.returncode == 0, done.stderr
    told = "layer 0 (double): 5200/5200 bytes identical to the reference"
    assert (told + ", " in done.stdout) == (board != "host")
    assert ("instructions each" in done.stdout) == (board != "host")
    assert "layer 1 (sum): 140/140 bytes identical" in done.stdout


def test_first_wrong_layer_is_named(case: MakeCase) -> None:
    toy = case()
    toy.arrays["layer_0"][3, 200] ^= 1
    toy.arrays["layer_1"][0, 0] ^= 1
    done = toy.run("--layers")
    assert done.returncode == 1
    assert "first layer that differs: 0 (double)" in done.stdout
    assert "first difference: input 3, output 200" in done.stdout
    assert written(toy)["first_wrong_layer"] == "double"
    assert ET.parse(toy.folder / "junit").getroot().get("failures") == "2"


def test_layer_that_firmware_does_not_show_is_said_so(case: MakeCase) -> None:
    toy = case()
    toy.arrays["layer_2"] = np.zeros((IMAGES, 3), np.int8)
    done = toy.run("--layers")
    assert done.returncode == 0
    assert "layer 2 (layer 2): not observable in this firmware" in done.stdout
    assert ET.parse(toy.folder / "junit").getroot().get("skipped") == "1"


def test_ctrl_c_keeps_what_was_measured(case: MakeCase) -> None:
    toy = case("mps2_an500", images=6000)
    process = subprocess.Popen(
        toy.command(), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    found = written(toy)
    assert 0 < found["done"] < 6000 and found["stopped"] == "interrupted" and not found["passed"]
    count = found["done"] * OUTPUTS
    assert f"{count}/{count} output bytes identical" in out


def _children(pid: int) -> list[int]:
    """Of all its threads: programs are started by a thread of their own."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(word) for children in tasks for word in children.read_text().split()]


def test_target_that_dies_in_the_middle_loses_nothing(case: MakeCase) -> None:
    toy = case("mps2_an500", images=6000)
    process = subprocess.Popen(
        toy.command(), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(4)
    for child in _children(process.pid):
        os.kill(child, signal.SIGKILL)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1 and "ended by signal 9" in errors
    assert "Traceback" not in errors
    found = written(toy)
    assert 0 < found["done"] < 6000 and not found["passed"]
    assert found["comparison"]["identical"] == found["done"] * OUTPUTS


def test_the_target_is_let_go_of(case: MakeCase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs it in a process of his own has no emulator left, nor a port in use."""
    monkeypatch.setattr(sys, "argv", case().command()[2:])
    before, handler = _children(os.getpid()), signal.getsignal(signal.SIGTERM)
    try:
        assert main() == 0
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert _children(os.getpid()) == before


# --- wrong input ----------------------------------------------------------------------------------
def refused(toy: Case, *more: str) -> str:
    """The message of a run that must be refused: few lines, CI told, earlier results kept."""
    (toy.folder / "json").write_text("{}")
    done = toy.run(*more)
    suite = ET.parse(toy.folder / "junit").getroot()
    assert (suite.get("tests"), suite.get("failures"), written(toy)) == ("1", "1", {})
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 4, done.stderr
    return done.stderr


def test_another_network_than_the_builds(case: MakeCase) -> None:
    toy = case()
    write_json(toy.folder / "manifest.json", {"model_sha256": "beef", "layers": []})
    assert "another network than the build: model 70ffee, the build's is beef" in refused(toy)


def test_saboteur_another_build_of_the_same_network(case: MakeCase) -> None:
    toy = case()
    build = toy.folder / "build.json"
    write_json(build, {"sha256": "b111d"})
    assert toy.run("--build", str(build)).returncode == 0
    write_json(build, {"sha256": "0ther"})
    words = "built otherwise than this build, from the same model (kernels=, placement=, "
    assert words in (told := refused(toy, "--build", str(build)))
    assert "it is b111d, the build's is 0ther" in told
    build.write_text("[]")
    assert "not a build's identity" in refused(toy, "--build", str(build))


def test_firmware_of_another_board(case: MakeCase) -> None:
    toy = case()
    board = toy.folder / "board.toml"
    board.write_text(board_toml("host").read_text().replace('name = "host"', 'name = "other"'))
    assert "is one for host, not for other" in refused(toy, "--board", str(board))


def test_something_that_only_sends_back_what_it_gets(case: MakeCase) -> None:
    done = case()
    echo = Case(done.folder, "host", Path("/bin/cat"), done.arrays)
    assert "does not answer" in refused(echo, "--wait", "1")


def test_reference_of_another_network(case: MakeCase) -> None:
    toy = case()
    toy.arrays["inputs"] = toy.arrays["inputs"][:, :100]
    message = refused(toy)
    assert "takes 260 and gives 7 bytes, the reference has 100 and 7" in message


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--count", "0"], "0 inputs asked for"),
        (["--count", "61"], "61 inputs asked for"),
        (["--port", "/dev/ttyNONE3"], "no serial port"),
        (["--elf", "/nonexistent"], "cannot run it"),
    ],
)
def test_wrong_arguments(case: MakeCase, more: list[str], message: str) -> None:
    assert message in refused(case(), *more)


def test_damaged_reference_and_manifest(case: MakeCase) -> None:
    toy = case()
    command = toy.command()
    (toy.folder / "reference.npz").write_bytes(b"PK\x03\x04 no zip")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "not a reference.npz" in done.stderr
    (toy.folder / "manifest.json").write_text("[1, 2]")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "not a network's manifest" in done.stderr


def test_layers_without_any_in_the_reference(case: MakeCase) -> None:
    toy = case()
    for name in [name for name in toy.arrays if name.startswith("layer_")]:
        del toy.arrays[name]
    assert "holds no layers" in refused(toy, "--layers")
