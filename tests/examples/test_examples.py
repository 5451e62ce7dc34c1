"""The examples work, shortly trained; the tutorial is followed word by word."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import runpy
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from codegen.cli import build_parser, main
from codegen.project import begin, examples
from model.sources.idx import load as load_idx
from support.errors import UserError
from tests.examples import rows
from tests.examples.rows import BESIDE, GUIDE, ROOT, Row, lines_of, write, write_sentence
from tests.graph.project import copy_tree
from tests.model.products import run_here

PAGE = ROOT / "docs" / "your-network.md"


def test_the_tutorial_word_by_word(tmp_path: Path) -> None:
    """From an empty folder to bytes identical in QEMU, with 20 epochs instead of 133."""
    text = PAGE.read_text(encoding="utf-8")
    (block,) = re.findall(r"<!-- tutorial: begin -->\n```\n(.*?)```\n<!--", text, re.DOTALL)
    clone = copy_tree(tmp_path / "clone")
    short = re.sub(r"(scons (?:run|evaluate))$", r"\1 epochs=20", block, flags=re.MULTILINE)
    assert short != block
    done = subprocess.run(
        ["bash", "-e", "-c", short],
        cwd=clone.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "100/100 output bytes identical to the reference" in done.stdout
    told = re.findall(r"^input \d+: (-?[\d.]+) °C, label (-?[\d.]+) °C$", done.stdout, re.M)
    shown, labels = ([float(pair[n]) for pair in told] for n in (0, 1))
    with np.load(tmp_path / "my_project/build/app-regression/reference.npz") as reference:
        bytes_ = reference["outputs"][:, 0].astype(float)
        targets = reference["targets"][:, 0].astype(float)
    (manifest,) = (tmp_path / "my_project/build/network-regression").glob("*_manifest.json")
    end = json.loads(manifest.read_text())["outputs"][0]
    assert shown == pytest.approx(
        (bytes_ - end["zero_point"]) * end["scale"], abs=0.51 * end["scale"]
    )
    assert labels == pytest.approx(targets, abs=0.051)
    real = (bytes_ - end["zero_point"]) * end["scale"]
    rmse = float(np.sqrt(np.mean((targets - real) ** 2)))
    r2 = 1 - np.sum((targets - real) ** 2) / np.sum((targets - targets.mean()) ** 2)
    (score,) = re.findall(r"^RMSE ([\d.]+) °C, R² ([\d.]+)$", done.stdout, re.M)
    assert [float(value) for value in score] == pytest.approx([rmse, r2], abs=0.0006)
    evaluation = tmp_path / "my_project" / "build" / "model" / "regression" / "evaluation.json"
    found = json.loads(evaluation.read_text())
    assert found["int8"]["r2"] > 0.99
    assert "evaluate: float: RMSE" in done.stdout and "°C" in done.stdout
    check_a_mistake_is_one_line(tmp_path / "my_project")
    check_contents_decide(tmp_path / "my_project", ("scons", "-Q", "epochs=20"))


def check_a_mistake_is_one_line(project: Path) -> None:
    """Of the project's own SConstruct, too."""
    command = ["scons", "-Q", "run", "epoch=5"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "scons: error: unknown variable 'epoch': did you mean 'epochs'?\n"


def check_contents_decide(project: Path, words: tuple[str, ...]) -> None:
    """Other readings under the time that the record knows, as from an archive."""

    def build(*more: str) -> str:
        done = subprocess.run(
            [*words, *more], cwd=project, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    readings = project / "readings.csv"
    os.utime(readings, (1_577_836_800, 1_577_836_800))
    assert "TRAIN" not in build()
    readings.write_text(readings.read_text().replace("1", "2"))
    os.utime(readings, (1_577_836_800, 1_577_836_800))
    assert "TRAIN" in build("-n")


def test_readings_are_what_their_program_computes() -> None:
    program = runpy.run_path(str(ROOT / "examples" / "regression" / "make_readings.py"))
    text = io.StringIO()
    program["write"](text)
    stored = (ROOT / "examples" / "regression" / "readings.csv").read_text()
    assert text.getvalue() == stored
    assert program["adc"](25.0, 3000.0) == pytest.approx(4095 / 2)


def _trained(
    module: tuple[object, ...],
    data: tuple[object, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[dict[str, Any], dict[str, Any], tuple[int, ...]]:
    """A module shortly trained: its history, its evaluation, and the shape of the test inputs."""
    monkeypatch.setattr("model.module.threads.processors", lambda: 1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    to = {name: tmp_path / name for name in ("w.pt", "h.json", "c.npz", "v.npz", "t.npz")}
    outputs = ("--out", to["w.pt"], "--history", to["h.json"])
    parts = ("--calibration", to["c.npz"], "--validation", to["v.npz"], "--test", to["t.npz"])
    run_here("train", *module, *data, *outputs, *parts)
    with np.load(to["t.npz"]) as part:
        shape = part["inputs"].shape
    return json.loads(to["h.json"].read_text()), _evaluated(module, to, tmp_path), shape


def test_recordings_shortly_trained(
    motions_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the set's own test part; each fourth recording of the training part validates."""
    module = ("--module", ROOT / "examples" / "accelerometer" / "accelerometer.py")
    data = ("--set", "basic_motions", motions_dir, "--epochs", 60)
    history, evaluation, shape = _trained(module, data, tmp_path, monkeypatch)
    assert shape == (40, 6, 100)
    assert history["inputs"] == {"train": 30, "validation": 10, "test": 40}
    assert history["test"]["accuracy"] >= 0.9
    assert history["columns"] == [f"{of}_{axis}" for of in ("accel", "gyro") for axis in "xyz"]
    assert len(history["mean"]) == len(history["std"]) == 6
    assert history["classes"] == ["Standing", "Running", "Walking", "Badminton"]
    assert evaluation["int8"]["accuracy"] >= 0.9
    # Firmware takes the axes of a moment side by side, onnxruntime one axis after the other.
    exact = evaluation["onnxruntime"]
    assert exact["bytes"] == 4 * 40 and exact["equal"] > 0.95 * exact["bytes"]


def test_a_project_of_real_recordings_runs(motions_dir: Path, tmp_path: Path) -> None:
    """Begun from the example: no data in it, the set is fetched or taken from where a copy is; the
    same bytes in QEMU."""
    project = tmp_path / "watch"
    begun = begin("accelerometer", project, "mps2_an500")
    assert sorted(begun) == [".gitignore", "SConstruct", "accelerometer.py"]
    done = subprocess.run(
        ["scons", "-Q", "run", "epochs=30", "subset_size=40", f"data_dir={motions_dir}"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "160/160 output bytes identical to the reference" in done.stdout
    assert "Badminton, recognized Badminton" in done.stdout


def test_windows_of_tables_shortly_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On recordings that it never saw: no window of them is in the training part."""
    draw, columns = np.random.default_rng(3), ["x", "y", "z"]
    for name, recordings in (("recordings", range(8)), ("others", range(8, 12))):
        lines = [",".join([*columns, "recording", "state"])]
        for number in recordings:
            period = 8 if number % 2 else 16
            wave = 100 + 40 * np.sin(2 * np.pi * np.arange(128) / period + number)
            axes = wave[:, np.newaxis] * [1, -1, 0.5] + draw.normal(0, 3, (128, 3))
            state = "fast" if number % 2 else "slow"
            lines += [f"{x:.2f},{y:.2f},{z:.2f},{number},{state}" for x, y, z in axes]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    net = tmp_path / "net.py"
    net.write_text(WINDOWS)
    files = ("--file", tmp_path / "recordings.csv", "--file", tmp_path / "others.csv")
    history, evaluation, shape = _trained(("--module", net), files, tmp_path, monkeypatch)
    windows = 4 * (1 + (128 - 32) // 8)
    assert shape == (windows, 3, 32)
    assert history["test"]["accuracy"] > 0.9
    assert history["columns"] == ["x", "y", "z"] and len(history["mean"]) == 3
    assert sorted(history["classes"]) == ["fast", "slow"]
    assert evaluation["int8"]["accuracy"] > 0.9
    exact = evaluation["onnxruntime"]
    assert exact["bytes"] == 2 * windows and exact["equal"] > 0.95 * exact["bytes"]


WINDOWS = """from torch import nn

from model import sources

FILES = ["recordings.csv", "others.csv"]
EPOCHS = 20


def network():
    return nn.Sequential(
        nn.Conv1d(3, 8, 9, stride=2, padding=4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8 * 16, 2),
    )


def data():
    return sources.csv(
        FILES[0], target="state", group="recording", window=32, step=8, test=FILES[1]
    )
"""


def _generator(command: str, *words: object) -> None:
    """Run a command of `codegen` in this process."""
    arguments = build_parser(command).parse_args([command, *map(str, words)])
    arguments.run(arguments)


def _evaluated(
    module: tuple[object, ...], parts: dict[str, Path], folder: Path
) -> dict[str, dict[str, float]]:
    """What `evaluate` says of the trained network, made int8 and computed by the reference."""
    float_model, int8 = folder / "float.onnx", folder / "int8.onnx"
    weights = (*module, "--weights", parts["w.pt"])
    run_here("export", *weights, "--out", float_model)
    selection = ("--calibration", parts["c.npz"], "--validation", parts["v.npz"])
    models = ("--onnx", float_model, "--out", int8)
    run_here("quantize", *weights, *selection, *models, "--report", folder / "quantization.json")
    test, reference = folder / "test.npz", folder / "reference.npz"
    _generator("inputs", "--model", int8, "--from", parts["t.npz"], "--out", test)
    _generator("reference", "--model", int8, "--inputs", test, "--out", reference)
    judged = ("--history", parts["h.json"], "--test", parts["t.npz"], "--int8", int8)
    written = ("--out", folder / "evaluation.json", "--table", folder / "evaluation.txt")
    run_here("evaluate", *judged, "--reference", reference, *written)
    evaluation: dict[str, dict[str, float]] = json.loads((folder / "evaluation.json").read_text())
    return evaluation


def write_digits(folder: Path, mnist: Path, count: int) -> None:
    """The first images and labels of each of MNIST's files."""
    folder.mkdir()
    for path in sorted((mnist / "MNIST" / "raw").glob("*-ubyte")):
        data = path.read_bytes()
        head = 4 + 4 * data[3]
        each = (len(data) - head) // struct.unpack(">I", data[4:8])[0]
        whole = data[:4] + struct.pack(">I", count) + data[8 : head + count * each]
        (folder / path.name).write_bytes(whole)


def digits_shortly_trained(
    name: str, tmp_path: Path, mnist_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[onnx.ModelProto, Path, float]:
    """An example's float network, its weights, and their share of the test images."""
    write_digits(tmp_path / "digits", mnist_dir, 1500)
    # Other tests run beside this one: two threads would mostly wait for each other.
    monkeypatch.setattr("model.module.threads.processors", lambda: 1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    module = ("--module", ROOT / "examples" / name / f"{name}.py")
    to = {name: tmp_path / name for name in ("w.pt", "h.json", "c.npz", "v.npz", "t.npz", "f.onnx")}
    outputs = ("--out", to["w.pt"], "--history", to["h.json"])
    parts = ["--calibration", to["c.npz"], "--validation", to["v.npz"], "--test", to["t.npz"]]
    data = ("--data", tmp_path / "digits", "--epochs", 2)
    run_here("train", *module, *data, *outputs, *parts)
    accuracy: float = json.loads(to["h.json"].read_text())["test"]["accuracy"]
    run_here("export", *module, "--weights", to["w.pt"], "--out", to["f.onnx"])
    return onnx.load(to["f.onnx"]), to["w.pt"], accuracy


def test_convolutions_shortly_trained(
    tmp_path: Path, mnist_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _, accuracy = digits_shortly_trained("mnist_cnn", tmp_path, mnist_dir, monkeypatch)
    assert accuracy > 0.6
    operators = [node.op_type for node in model.graph.node]
    assert operators.count("Conv") == 3 and "BatchNormalization" not in operators
    weights = sum(int(np.prod(tensor.dims)) for tensor in model.graph.initializer)
    assert weights < 784 * 128 // 4


def test_the_guides_network_shortly_trained(
    tmp_path: Path, mnist_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a module it is the network that plain `scons` trains: the same weights give the same file,
    byte for byte, and the same inputs."""
    model, weights, accuracy = digits_shortly_trained("mnist_mlp", tmp_path, mnist_dir, monkeypatch)
    assert accuracy > 0.6
    plain = ("--module", ROOT / "model" / "guide" / "mnist.py")
    run_here("export", *plain, "--weights", weights, "--out", tmp_path / "mnist_model.onnx")
    of_scons = onnx.load(tmp_path / "mnist_model.onnx")
    assert of_scons.SerializeToString(deterministic=True) == model.SerializeToString(
        deterministic=True
    )
    assert sum(int(np.prod(tensor.dims)) for tensor in model.graph.initializer) == 109_386
    pixels, labels = _test_images(tmp_path / "digits")
    with np.load(tmp_path / "t.npz") as part:
        scaled = torch.from_numpy(pixels).unsqueeze(1).float().div(255)
        assert part["inputs"].tobytes() == scaled.numpy().tobytes()
        assert np.array_equal(part["labels"], labels)


def _test_images(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pixels uint8 [N, 28, 28] and labels uint8 [N] of the test part."""
    return (
        load_idx(folder / "t10k-images-idx3-ubyte"),
        load_idx(folder / "t10k-labels-idx1-ubyte"),
    )


def test_each_example_is_one_module_and_needs_no_other_package() -> None:
    assert examples() == ["accelerometer", "mnist_cnn", "mnist_mlp", "regression"]
    for path in sorted((ROOT / "examples").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {
            (node.module or "").partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
        }
        assert not names & {"codegen", "device", "support", "tests"}, path


def test_a_project_is_begun_in_an_empty_folder_only(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("x")
    with pytest.raises(UserError, match=r"full: is not an empty folder") as told:
        begin("regression", tmp_path / "full", "host")
    assert told.value.remedy == "choose another folder"
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.tex"]
    with pytest.raises(UserError, match=r"from=mnist: no such example") as told:
        begin("mnist", tmp_path / "new", "host")
    assert told.value.remedy == "known: accelerometer, mnist_cnn, mnist_mlp, regression"
    assert not (tmp_path / "new").exists()
    made = begin("mnist_cnn", tmp_path / "new", "host")
    assert sorted(made) == sorted(path.name for path in (tmp_path / "new").iterdir())
    assert (
        '"model": "mnist_cnn.py", "board": "host"' in (tmp_path / "new" / "SConstruct").read_text()
    )


def test_the_line_to_go_on_with_can_be_pasted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Into a folder whose name has a space, too."""
    folder = str(tmp_path / "it's mine")
    words = ["new", "--example", "regression", "--board", "host", "--out-dir", folder]
    monkeypatch.setattr("sys.argv", ["codegen", *words])
    main()
    line = capsys.readouterr().out.splitlines()[-1].removeprefix("new: now: ")
    go = line.replace("scons run", "pwd")
    assert go != line
    done = subprocess.run(["sh", "-c", go], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.strip() == folder


def test_the_table_has_its_place(tmp_path: Path) -> None:
    row = Row(
        "x",
        float_score="99.00 %",
        int8_score="98.00 %",
        inputs=10_000,
        seconds=61.4,
        weights=1200,
        kernels=300,
        activations=44,
        instructions=1234.5,
    )
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- examples: begin -->\nold\n<!-- examples: end -->\nb\n")
    write(page, [row])
    assert page.read_text().startswith("a\n<!-- examples: begin -->\n| example |")
    assert page.read_text().endswith("| 1,500 | 1,200 | 44 | 1,234 |\n<!-- examples: end -->\nb\n")
    # Another example's row comes beside it, its own is replaced.
    write(page, [replace(row, name=GUIDE)])
    write(page, [replace(row, inputs=7)])
    lines = page.read_text().splitlines()[4:-2]
    assert [line.split(" | ")[::3][:2] for line in lines] == [
        ["| `examples/x`", "7"],
        ["| the guide's network", "10,000"],
    ]
    (tmp_path / "other.md").write_text("a\n")
    with pytest.raises(UserError, match=r"has no place for the examples"):
        write(tmp_path / "other.md", [row])
    readme = tmp_path / "README.md"
    readme.write_text("- <!-- examples: begin --><!-- examples: end -->.\n")
    write_sentence(readme, lines_of(page))
    assert "flash" not in readme.read_text()  # mnist_cnn is not known yet
    write(page, [replace(row, name="mnist_cnn")])
    write_sentence(readme, lines_of(page))
    figures = "98.00 % int8 over 10,000 images, 61 s of training, 1,500 bytes of flash, 44 of RAM"
    assert f"`examples/mnist_cnn` {figures}, 1,234 instructions, emulated; the" in (
        readme.read_text()
    )


def test_seconds_are_those_of_the_training(tmp_path: Path) -> None:
    """A second `scons examples` trains nothing: training seemed to take a moment."""
    history = tmp_path / "training.json"

    def train() -> None:
        time.sleep(0.5)
        history.write_text("{}")

    first = rows.trained(tmp_path, "x", history, train)
    assert first >= 0.5
    assert rows.trained(tmp_path, "x", history, lambda: None) == first
    with pytest.raises(UserError, match=r"trained before, nobody knows in which time"):
        rows.trained(tmp_path, "y", history, lambda: None)


def test_the_readme_says_what_the_page_says() -> None:
    """And mnist_cnn is as good as it must be, in less flash than the guide's network."""
    lines = lines_of(PAGE)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    cells = {title: lines[title].strip("| ").split(" | ") for title in BESIDE}
    for title in BESIDE:
        assert f"{title} {cells[title][2]} int8 over {cells[title][3]} images" in readme
    cnn, guide = (cells[title] for title in BESIDE)
    assert float(cnn[2].removesuffix(" %")) >= 99.4 and cnn[3] == "10,000"
    assert int(cnn[5].replace(",", "")) < int(guide[5].replace(",", ""))
