"""The page for networks that are no digits: colour pictures, time series, values."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, expect

from codegen.ir.graph import Graph
from codegen.reader.qdq import read_graph
from codegen.reference import run as run_reference
from support.described import CLASS_NAMES, packed
from tests.codegen.graphs import convolved, dense
from tests.codegen.models import QdqModel
from tests.demo.browse import command, draw, serving
from tests.demo.conftest import demo_of, render_page
from tests.end_to_end.conftest import scons

NAMES = ("rose", "grüne Wiese", "himmel")
WIDTH, HEIGHT = 12, 8
COLUMNS, ROWS = ("ax", "ay", "az"), 20


@dataclass(frozen=True)
class Demo:
    """A network as firmware on this computer.

    Attributes:
        words: options of the demo.
    """

    folder: Path
    words: tuple[str, ...]

    @property
    def graph(self) -> Graph:
        """The network."""
        return read_graph(self.folder / "network.onnx")

    def outputs(self, real: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """What the reference gives for a real input, as real numbers."""
        stored = self.graph.input.type.store(
            self.graph.input.quantization.quantize(real[np.newaxis].astype(np.float32))
        )
        found = run_reference(self.graph, stored)[0].astype(np.float64)
        quantization = self.graph.output.quantization
        real_outputs: npt.NDArray[np.float64] = found - quantization.zero_point
        return real_outputs * float(quantization.scale)


def built(folder: Path, model: QdqModel, arrays: dict[str, Any], training: Any = None) -> Demo:
    """Build firmware of a network with test inputs."""
    model.save(folder / "network.onnx")
    words = [f"network={folder / 'network.onnx'}", "board=host"]
    if arrays:
        np.savez(folder / "inputs.npz", **arrays)
        words.append(f"inputs={folder / 'inputs.npz'}")
    board = folder / "build" / "host-validate"
    reference = folder / "build" / "model" / "reference_test.npz"
    targets = ["elf", f"build/{board.name}/demo.html", "build/model/reference_test.npz"]
    done = scons(folder / "build", *words, "app=validate", *targets)
    assert done.returncode == 0, done.stdout + done.stderr
    manifest = folder / "build" / "network" / "network_manifest.json"
    more = ["--reference", str(reference)]
    if training is not None:
        (folder / "training.json").write_text(json.dumps(training))
        more += ["--training", str(folder / "training.json")]
    elf = board / "firmware.elf"
    return Demo(folder, tuple(command("host", elf, manifest, board / "demo.html", *more)))


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Pictures of 12 x 8 in three colours, to three classes with names."""
    rng = np.random.default_rng(3)
    model = QdqModel((1, 3, HEIGHT, WIDTH)).qdq(1 / 255, -128)
    convolved(model, rng, (4, 3, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1])
    model.then("Relu").qdq(0.02, -128).then("Flatten", axis=1)
    dense(model, rng, 3, 4 * HEIGHT * WIDTH // 4).qdq(0.05, 3)
    arrays = {
        "inputs": rng.integers(0, 256, (30, 3, HEIGHT, WIDTH), np.uint8),
        "labels": rng.integers(0, 3, 30),
        CLASS_NAMES: np.frombuffer(packed(NAMES), np.uint8),
    }
    return built(tmp_path_factory.mktemp("colours"), model, arrays)


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Windows of 20 rows of three columns, to two values."""
    rng = np.random.default_rng(4)
    model = QdqModel((1, 3, ROWS)).qdq(0.03, -5)
    convolved(model, rng, (4, 3, 3), strides=[2], pads=[1, 1])
    model.then("Relu").qdq(0.02, -128).then("Flatten", axis=1)
    dense(model, rng, 2, 4 * ROWS // 2).qdq(0.05, 3)
    arrays = {
        "inputs": rng.normal(0, 1, (30, 3, ROWS)).astype(np.float32),
        "labels": rng.normal(0, 3, (30, 2)).astype(np.float32),
        "units": np.frombuffer(packed(["g", "°C"]), np.uint8),
    }
    training = {"columns": COLUMNS, "mean": MEAN, "std": STD, "preprocess": False}
    return built(tmp_path_factory.mktemp("series"), model, arrays, training)


MEAN, STD = (1.0, -2.0, 9.0), (2.0, 0.5, 3.0)

Open = Callable[[Demo], Page]


@pytest.fixture
def opened(browser: Browser) -> Iterator[Open]:
    """opened(demo): its page, ready; what it complains of fails the test."""
    context = browser.new_context()
    complaints: list[str] = []
    stack: list[Any] = []

    def open_page(demo: Demo) -> Page:
        stack.append(serving(list(demo.words)))
        server = stack[-1].__enter__()
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(server.url)
        page.get_by_text("ready", exact=True).wait_for()
        return page

    yield open_page
    context.close()
    for server in stack:
        server.__exit__(None, None, None)
    assert not complaints


def shown(page: Page) -> list[float]:
    """The numbers of the newest answer."""
    page.locator("body[data-answered]").wait_for()
    page.wait_for_timeout(300)
    texts = page.locator("#scores td.number").all_inner_texts()
    return [float(text.split()[0]) for text in texts]


def seen(page: Page) -> npt.NDArray[np.uint8]:
    """The picture that the network saw, uint8 [height, width, 3]."""
    data = page.locator("#seen").evaluate("canvas => canvas.toDataURL()")
    picture = Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2])))
    return np.asarray(picture.convert("RGB"))


def png(pixels: npt.NDArray[np.uint8]) -> FilePayload:
    """A picture as a file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return FilePayload(name="x.png", mimeType="image/png", buffer=file.getvalue())


def csv(text: str) -> FilePayload:
    """A table as a file."""
    return FilePayload(name="x.csv", mimeType="text/csv", buffer=text.encode())


def test_a_colour_picture_is_scaled_to_the_inputs_size(opened: Open, colours: Demo) -> None:
    page = opened(colours)
    assert page.locator("#paper").evaluate("c => [c.width, c.height]") == [280, 187]
    # Six times as large, in blocks: what it saw are the blocks' colours.
    small = np.random.default_rng(5).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    page.set_input_files("#file", png(small.repeat(60, axis=0).repeat(60, axis=1)))
    scores = shown(page)
    found = seen(page)
    assert found.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(found.astype(int) - small).mean() < 12  # the paper has other pixels than both
    expected = colours.outputs(found.transpose(2, 0, 1) / np.float32(255))
    step = float(colours.graph.output.quantization.scale)
    assert scores == pytest.approx(expected.tolist(), abs=step + 0.06)
    best = int(np.argmax(scores))
    expect(page.get_by_role("rowheader")).to_have_text(list(NAMES))
    expect(page.locator("#best")).to_have_text(NAMES[best])
    expect(page.locator("#spoken")).to_contain_text(f"predicted {NAMES[best]}")


@pytest.mark.parametrize(
    ("subset", "manner"),
    [("", "centred"), ("mnist_test_subset", "centred"), ("test_subset", "plain")],
)
def test_small_pictures_are_digits_where_nobody_says_otherwise(
    subset: str, manner: str, opened: Open, toy_folder: Path, tmp_path: Path
) -> None:
    """Clothes of 28 x 28 pixels are no digits: their network module says so."""
    for name in ("toy.elf", "manifest.json", "memories.json"):
        shutil.copy(toy_folder / name, tmp_path)
    render_page(tmp_path, tmp_path / "manifest.json", tmp_path / "memories.json", subset)
    words = demo_of("host", tmp_path / "toy.elf", tmp_path, "--normalize", "0,1")
    page = opened(Demo(tmp_path, tuple(words)))
    expect(page.locator("#manner")).to_have_value(manner)


def test_strokes_have_the_pens_colour(opened: Open, colours: Demo) -> None:
    page = opened(colours)
    page.locator("#colour").fill("#ff0000")
    draw(page, [[(0.1, 0.5), (0.9, 0.5)]])
    shown(page)
    picture = seen(page)
    assert picture[0].min() > 250  # white paper
    middle = picture[HEIGHT // 2 - 1 : HEIGHT // 2 + 1, WIDTH // 2]
    assert middle[:, 0].min() > 250 and middle[:, 1:].max() < 200


def test_a_test_input_at_a_click(opened: Open, colours: Demo) -> None:
    page = opened(colours)
    with np.load(colours.folder / "build" / "model" / "reference_test.npz") as arrays:
        outputs, labels = arrays["outputs"], arrays["labels"]
    numbers = set()
    for click in range(1, 6):
        page.get_by_role("button", name="Random test input").click()
        page.locator(f"body[data-answered='{click}']").wait_for()
        text = page.locator("#tested").inner_text()
        found = re.fullmatch(
            r"Test input (\d+), label ([^:.]+)(: wrong)?\. Every output byte is the reference's\.",
            text,
        )
        assert found, text
        number = int(found[1])
        numbers.add(number)
        best = int(outputs[number].argmax())
        assert found[2] == NAMES[labels[number]]
        assert bool(found[3]) == (best != labels[number])
        expect(page.locator("#best")).to_have_text(NAMES[best])
    assert len(numbers) > 1
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#tested")).to_be_hidden()


def table(rows: npt.NDArray[np.float64]) -> str:
    """As a spreadsheet writes it: more columns than needed, in another order, semicolons."""
    lines = ["time;az;ax;note;ay"]
    lines += [f'{n};{az};{ax};"a; b";{ay}' for n, (ax, ay, az) in enumerate(rows.tolist())]
    return "\r\n".join(lines) + "\r\n"


def test_a_window_of_a_csv_file(opened: Open, series: Demo) -> None:
    page = opened(series)
    expect(page.locator("#columns")).to_have_text(
        "The network takes 20 rows of ax, ay, az, in their own units."
    )
    rows = np.random.default_rng(6).normal(MEAN, STD, (60, 3)).round(3)
    page.set_input_files("#csv", csv(table(rows)))
    for begin in (0, 17):
        page.locator("#where").fill(str(begin))
        scores = shown(page)
        normalized = (rows[begin : begin + ROWS].astype(np.float32) - MEAN) / STD
        expected = series.outputs(normalized.T)
        step = float(series.graph.output.quantization.scale)
        assert scores == pytest.approx(expected.tolist(), abs=step / 2)
    expect(page.locator("#where-shown")).to_have_text("18 to 37")
    expect(page.locator("#legend")).to_contain_text("ax ay az")
    ink = page.locator("#window").evaluate(
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0)"
    )
    assert ink
    assert [text.split()[1] for text in page.locator("td.number").all_inner_texts()] == ["g", "°C"]
    page.get_by_role("button", name="Random test input").click()
    expect(page.locator("#tested")).to_have_text(
        re.compile(r"Test input \d+, label -?[\d.]+ g, -?[\d.]+ °C\. Every output byte is the")
    )


def test_a_bad_csv_file_is_told_by_its_line(opened: Open, series: Demo) -> None:
    page = opened(series)
    for text, told in (
        ("ax,ay,az\n1,2,3\n", "that file has 1 row, the network takes 20"),
        ("ax,ay,az\n", "that file has 0 rows, the network takes 20"),
        ("ax,ay\n1,2\n", "that file has no column 'az'; there are: ax, ay"),
        ("ax,ay,az\n1,2,3\n1,x,3\n", "line 3: column 'ay' holds 'x', not a number"),
        ("ax,ay,az\n1,2,3\n\n1,,3\n", "line 4: column 'ay' holds nothing, not a number"),
        ("ax,ay,az\n1,2\n", "line 2: 2 columns, the header has 3"),
        ("ax,ay,az\n1,0x10,3\n", "line 2: column 'ay' holds '0x10', not a number"),
        ("ax,ay,az\n1,2,-1e39\n", "line 2: column 'az' holds '-1e39', beyond float32's range"),
        ("ax,ay,az\n1,1e400,3\n", "line 2: column 'ay' holds '1e400', beyond float32's range"),
        ("ax,ay,az,ay\n1,2,3,4\n", "two columns of that file are called 'ay'"),
        ("", "that file is empty"),
        ("x," * 5000, f"that file has no column 'ax'; there are: {'x, ' * 100} …"),
    ):
        page.set_input_files("#csv", csv(text))
        expect(page.locator("#status")).to_have_text(told)
    expect(page.locator("#best")).to_have_text("–")


def test_values_are_typed_in(opened: Open, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    model = dense(QdqModel((1, 2)).qdq(0.03, -5), rng, 1, 2).qdq(0.05, 3)
    arrays = {
        "inputs": rng.normal(0, 1, (5, 2)).astype(np.float32),
        "labels": rng.normal(0, 3, 5).astype(np.float32),
        "units": np.frombuffer(packed(["°C"]), np.uint8),
    }
    training = {"columns": ["adc", "supply_mv"], "mean": [2000, 2750], "std": [900, 150]}
    demo = built(tmp_path, model, arrays, training)
    page = opened(demo)
    assert shown(page) == pytest.approx(demo.outputs(np.zeros(2)).tolist(), abs=0.001)
    page.get_by_label("adc").fill("3000")
    page.wait_for_timeout(300)
    real = np.array([(3000 - 2000) / 900, 0], np.float32)
    assert shown(page) == pytest.approx(demo.outputs(real).tolist(), abs=0.001)
    expect(page.locator("#best")).to_have_text(re.compile(r"-?[\d.]+ °C"))
    page.set_input_files("#csv", csv("adc,supply_mv\n1000,2900\n2500,2600\n"))
    page.locator("#where").fill("1")
    expect(page.get_by_label("supply_mv")).to_have_value("2600")


def test_a_first_row_of_numbers_is_given_too(opened: Open, tmp_path: Path) -> None:
    """Where nobody knows the columns' names a file need have none; counted ones are no values."""
    rng = np.random.default_rng(8)
    model = dense(QdqModel((1, 2)).qdq(0.03, -5), rng, 1, 2).qdq(0.05, 3)
    demo = built(tmp_path, model, {"inputs": rng.normal(0, 1, (5, 2)).astype(np.float32)})
    page = opened(demo)
    for text, rows in (
        ("1.5,-2\n0.25,1\n", [[1.5, -2], [0.25, 1]]),
        ("\n2,1\n1,0.5\n-1,-1\n", [[2, 1], [1, 0.5], [-1, -1]]),
        ("0,1\n1.5,-2\n", [[1.5, -2]]),
        ("1,2\n1.5,-2\n0,0\n", [[1.5, -2], [0, 0]]),
        ("a;b\n1.5;-2\n", [[1.5, -2]]),
    ):
        page.set_input_files("#csv", csv(text))
        expect(page.locator("#where")).to_have_attribute("max", str(len(rows) - 1))
        for number, row in enumerate(rows):
            page.locator("#where").fill(str(number))
            page.wait_for_timeout(300)
            assert shown(page) == pytest.approx(demo.outputs(np.array(row)).tolist(), abs=0.001)
    page.set_input_files("#csv", csv("\n1.5,-2\n0.25,x\n"))
    told = "line 3: column '2' holds 'x', not a number"
    expect(page.locator("#status")).to_have_text(told)
