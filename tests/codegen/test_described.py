"""Names of classes and units: through files of numbers into the firmware's console."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from codegen.inputs import check_inputs, stored_targets
from codegen.reader.qdq import read_graph
from codegen.subset import render_header
from support.described import CLASS_NAMES, LARGEST, TARGETS, UNITS, packed, unpacked
from tests.codegen.models import QdqModel
from tests.codegen.programs import FIRMWARE, ROOT, STRICT

GOLDENS = ROOT / "tests" / "goldens"
# A header of test inputs, by its name among the goldens, and the program that includes it.
HEADERS = {f"mnist_test_subset{kind}": "main" for kind in ("", "_classes", "_values")}
HEADERS |= {"mnist_test_subset_one_digit": "main_one_digit", "test_subset": "main_one_input"}


@pytest.mark.parametrize("names", [(), ("a",), ("läuft", "", "°C %"), ("1", "2", "3")])
def test_names_come_back(names: tuple[str, ...]) -> None:
    assert unpacked(packed(names)) == names


def test_a_line_end_in_a_name_is_none() -> None:
    assert unpacked(packed(["two\nlines", "\r"])) == ("two lines", "")


@pytest.mark.parametrize(
    "stored",
    [
        np.array([0xFF, 0xFE], np.uint8),
        np.zeros(LARGEST + 1, np.uint8),
        np.zeros((2, 2), np.uint8),
        np.zeros(3, np.float32),
    ],
    ids=["no UTF-8", "too many", "a matrix", "floats"],
)
def test_another_array_of_that_name_is_somebodys_own(stored: np.ndarray) -> None:
    arrays = {"inputs": np.zeros((2, 3), np.float32), CLASS_NAMES: stored, UNITS: stored}
    assert {*check_inputs(arrays, Path("x.npz"), 3)} == {"inputs"}


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("language", ["c", "c++"])
def test_main_has_no_warnings_with_any_header(header: str, language: str, tmp_path: Path) -> None:
    main = f"{HEADERS[header]}.c"
    text = (GOLDENS / "app" / f"{header}.h").read_text()
    for name in ("mnist_test_subset.h", "test_subset.h"):
        (tmp_path / name).write_text(text)
    (tmp_path / main).write_text((GOLDENS / "app" / main).read_text())
    folders = [tmp_path, GOLDENS / "app", GOLDENS / "network", FIRMWARE / "app"]
    folders += [FIRMWARE / "runtime", FIRMWARE / "runtime" / "kernels"]
    options = STRICT if language == "c" else ["-std=c++17", "-Wall", "-Wextra", "-Werror"]
    command = ["gcc", "-x", language, "-c", "-o", str(tmp_path / "main.o"), "-Wpedantic", *options]
    includes = [f"-I{folder}" for folder in folders]
    done = subprocess.run(
        [*command, *includes, str(tmp_path / main)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("shape", "noun"),
    [((1, 2, 4, 3), "image"), ((1, 2, 4, 1), "input"), ((1, 2, 4), "input"), ((1, 6), "input")],
)
def test_an_input_with_height_and_width_is_called_an_image(
    shape: tuple[int, ...], noun: str, tmp_path: Path
) -> None:
    graph = read_graph(QdqModel(shape).qdq(0.1, 3).then("Relu").qdq(0.1, 3).save(tmp_path / "m"))
    inputs = np.zeros((1, graph.input_bytes), np.int8)
    assert f'_NOUN "{noun}"' in render_header(graph, {"inputs": inputs}, 0, 0)


def test_labels_of_bytes_stay_in_their_order(tmp_path: Path) -> None:
    """Those of float inputs have the model's order, channels first; an image's bytes have not."""
    model = QdqModel((1, 2, 1, 3)).qdq(0.1, 3)
    weights = np.ones((2, 2, 1, 1), np.int8)
    graph = read_graph(
        model.then("Conv", model.dequantized(weights, 0.1)).qdq(0.1, 3).save(tmp_path / "m")
    )
    targets = np.arange(6, dtype=np.float32)[None]
    for kind, expected in (("f4", [0, 3, 1, 4, 2, 5]), ("i1", [0, 1, 2, 3, 4, 5])):
        arrays = {"inputs": np.zeros((1, 6), kind), TARGETS: targets}
        stored = stored_targets(graph, arrays, tmp_path)
        assert stored is not None and stored.reshape(-1).tolist() == expected
