"""The report: whole, safe, and true to the files it is made of."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import math
import re
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from codegen.report.accuracy import Cell, accuracy
from codegen.report.charts import histogram, line_chart, nice_ticks, scatter
from codegen.report.memory import WIDTH, bars
from codegen.report.pictures import as_grey, png
from codegen.report.sources import Sources
from support.described import packed
from support.files import read_json, write_json
from tests.report.conftest import MEMORY, ROOT, Build

_VOID = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """Tags that do not fit, what is loaded, and what describes pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def words(self) -> str:
        """All text, single spaces."""
        return re.sub(r"\s+", " ", " ".join(self.text))


def test_whole_page_from_all_files(build: Build) -> None:
    done = build.report()
    assert done.returncode == 0, done.stderr
    page = Page(build.html)
    words = page.words()
    for part in ("Toy board", "torch 9.9.9", "onnx 8.8.8", "recipe guide, 3 of at most 3 epochs"):
        assert part in words
    assert "160/160 output bytes identical" in words and "1,234 instructions" in words
    assert "First layer that differs: a" in words and "not observable" in words
    assert "1 of 160" in words and "copied to ram at start" in words and "Empty: spare" in words
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    links = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert len(links) == 9 and {f"#{name}" for name in ids} == set(links)


def test_page_needs_nothing_else(build: Build) -> None:
    build.report()
    page = Page(build.html)
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe", "object")]
    for _, attrs in page.tags:
        for key in ("src", "href", "srcset", "data"):
            assert (attrs.get(key) or "#").startswith(("#", "data:image/png;base64,"))
    assert not re.findall(r"url\(|@import", build.html)


def test_pictures_are_told_in_words(build: Build) -> None:
    build.report()
    for tag, attrs in Page(build.html).tags:
        if tag == "svg":
            assert attrs["role"] == "img" and len(attrs["aria-label"] or "") > 10
        if tag == "img":
            assert re.fullmatch(r"Input \d+: label \d, predicted \d", attrs["alt"] or "")


def test_numbers_are_those_of_the_reference(build: Build) -> None:
    build.report()
    arrays = np.load(build.path("reference.npz"))
    read, labels = arrays["outputs"].argmax(axis=1), arrays["labels"]
    right = int((read == labels).sum())
    words = Page(build.html).words()
    assert f"{right} of 40 labelled inputs are classified right: {100 * right / 40:.2f} %" in words
    assert f"Misclassified: {40 - right}" in words
    wrong = [f"label {a}, predicted {b}" for a, b in zip(labels, read, strict=True) if a != b]
    alts = [attrs["alt"] for tag, attrs in Page(build.html).tags if tag == "img"]
    assert [alt.partition(": ")[2] for alt in alts if alt] == wrong


def test_each_class_has_its_recall_and_precision(build: Build) -> None:
    build.report()
    arrays = np.load(build.path("reference.npz"))
    predicted, labels = arrays["outputs"].argmax(axis=1), arrays["labels"]
    words = Page(build.html).words()
    for label in range(4):
        right = int(((labels == label) & (predicted == label)).sum())
        of = int((labels == label).sum()), int((predicted == label).sum())
        recall, precision = (f"{100 * right / n:.2f} %" if n else "–" for n in of)
        assert f"{label} {of[0]} {right} {recall} {of[1]} {precision}" in words


def test_colours_of_the_matrix_are_shares_of_the_label() -> None:
    """A class of few inputs that are all wrong is darker than many wrong of a large class."""
    labels = np.array([0] * 90 + [1] * 10 + [2] * 2, np.uint8)
    predicted = np.array([0] * 60 + [1] * 30 + [1] * 10 + [0] * 2)
    outputs = np.eye(3, dtype=np.int8)[predicted]
    arrays = {"inputs": np.zeros((102, 4), np.int8), "outputs": outputs, "labels": labels}
    found = accuracy(Sources(manifest={}, reference=arrays))
    assert found is not None
    assert found.confusion[2][0] == Cell(2, 1.0)
    assert found.confusion[0][1].count == 30
    assert found.confusion[0][1].share == pytest.approx(1 / 3)


def test_settings_commit_and_time(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    build.report("--setting", "subset_size=20", "--setting", "name=digits")
    words = Page(build.html).words()
    assert "Settings: subset_size=20 name=digits" in words
    assert "Report of 1970-01-02 00:00 UTC" in words
    git = ["git", "rev-parse", "--short=12", "HEAD"]
    head = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False)
    assert head.returncode != 0 or f"commit {head.stdout.strip()}" in words


def test_random_inputs_are_called_so_and_judged_by_nothing(build: Build) -> None:
    build.report("--random")
    words = Page(build.html).words()
    assert "40 seeded random inputs" in words and "test set" not in words
    assert "The inputs are seeded random numbers" in words
    assert "% clipped" not in words


def test_flash_and_ram_that_are_used(build: Build) -> None:
    """Sums over the memories of a kind; those of which nothing is used are not named."""
    memory = json.loads(json.dumps(MEMORY))
    memory["regions"][1] |= {"used": 40, "free": 24}
    for name, used in (("dtcm", 1000), ("sdram", 0)):
        memory["regions"].append({**memory["regions"][1], "name": name, "used": used})
    write_json(build.path("memory.json"), memory)
    build.report()
    words = Page(build.html).words()
    assert "flash used 400 bytes of flash" in words
    assert "RAM used 1,040 bytes of spare, dtcm" in words


def test_tables_are_told_with_what_init_takes(build: Build) -> None:
    """Where there are any; a profile of before init was counted says nothing of it."""
    build.report()
    assert "init" not in Page(build.html).words().partition("Since the")[0]
    manifest = read_json(build.path("network_manifest.json"))
    write_json(build.path("network_manifest.json"), {**manifest, "tables_bytes": 4608})
    build.report()
    words = Page(build.html).words()
    assert "tables 4,608 bytes of RAM, made at init" in words and "makes the tables" not in words
    profile = read_json(build.path("profile.json"))
    init = {"instructions": 31_234, "tables_bytes": 4608}
    write_json(build.path("profile.json"), {**profile, "init": init})
    build.report()
    words = Page(build.html).words()
    assert "init 31,234 instructions, once, emulated; makes the tables" in words
    assert "tables (bytes) – 4,608" in words and "instructions of init – 31,234" in words


def test_clipped_tensors_are_flagged(build: Build) -> None:
    arrays = dict(np.load(build.path("reference.npz")))
    arrays["layer_0"] = np.where(np.arange(9) < 3, 127, arrays["layer_0"]).astype(np.int8)
    np.savez(build.path("reference.npz"), **arrays)
    build.report()
    share = (arrays["layer_0"] == 127).mean()
    assert f"{100 * share:.1f} % clipped" in Page(build.html).words()


def test_the_network_is_drawn(build: Build) -> None:
    build.report()
    (drawn,) = re.findall(r'<figure class="network">(.*?)</figure>', build.html, re.DOTALL)
    names = re.findall(r'class="name"[^>]*>([^<]+)<', drawn)
    assert names == ["gemm_0", "gemm_1"]
    # 180 and 36 of 216 multiply-accumulates, of 420 pixels less the border.
    assert [float(w) for w in re.findall(r'class="share"[^>]*width="([\d.]+)"', drawn)] == [348, 68]


def test_confusion_matrix_has_the_labels_in_its_rows(build: Build) -> None:
    build.report()
    arrays = np.load(build.path("reference.npz"))
    expected = np.zeros((4, 4), int)
    for label, read in zip(arrays["labels"], arrays["outputs"].argmax(axis=1), strict=True):
        expected[label, read] += 1
    assert (expected != expected.T).any()
    table = build.html.partition('class="matrix"')[2].partition("</table>")[0]
    rows = re.findall(r'<tr><th scope="row">\d</th>(.*?)</tr>', table)
    shown = [re.findall(r">([\d·]+)</td>", row) for row in rows]
    assert shown == [
        [str(n) if n or x == y else "·" for x, n in enumerate(row)]
        for y, row in enumerate(expected.tolist())
    ]


def test_classes_are_called_by_their_names(build: Build) -> None:
    arrays = dict(np.load(build.path("reference.npz")))
    names = ("idle", "<ramp>", "läuft", "stop")
    arrays["class_names"] = np.frombuffer(packed(names), np.uint8)
    np.savez(build.path("reference.npz"), **arrays)
    build.report()
    table = build.html.partition('class="matrix"')[2].partition("</table>")[0]
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>', table)
    assert rows == ["idle", "&lt;ramp&gt;", "läuft", "stop"]
    predicted = arrays["outputs"].argmax(axis=1)
    wrong = next(i for i, label in enumerate(arrays["labels"]) if label != predicted[i])
    pair = f"{names[arrays['labels'][wrong]]} → {names[predicted[wrong]]}"
    assert html.escape(pair) in build.html


def test_values_of_a_regression_are_beside_their_labels(build: Build) -> None:
    arrays = dict(np.load(build.path("reference.npz")))
    del arrays["labels"]
    manifest = json.loads(build.path("network_manifest.json").read_text())
    manifest["outputs"] = [{"scale": 0.05, "zero_point": 3}]
    write_json(build.path("network_manifest.json"), manifest)
    real = 0.05 * (arrays["outputs"].astype(np.float64) - 3)
    arrays["targets"] = (real + np.arange(4)).astype(np.float32)  # value 0 is right
    arrays["units"] = np.frombuffer(packed(["mm", "mm", "mm", "mm"]), np.uint8)
    np.savez(build.path("reference.npz"), **arrays)
    history = [
        {"epoch": n, "loss": 1 / n, "validation": {"rmse": 5 / n, "r2": 0.5}, "validation_loss": 1}
        for n in (1, 2)
    ]
    training = {
        "plan": {"epochs": 9, "seed": 4},
        "units": ["mm"],
        "inputs": {"train": 1234, "validation": 20, "test": 40},
        "versions": {"torch": "9.9.9"},
        "history": history,
    }
    write_json(build.path("training.json"), training)
    scores = {"rmse": 1.5, "r2": 0.25}
    evaluation = {"task": "regression", "float": scores, "int8": scores}
    write_json(build.path("evaluation.json"), evaluation)
    done = build.report()
    assert done.returncode == 0, done.stderr
    page = build.html
    assert "Accuracy</h2>" not in page and "Values</h2>" in page
    assert f"RMSE {math.sqrt(14 / 4):.4g} mm, R² " in page and "float 1.5" in page
    assert "The largest error is 3 mm" in page and "RMSE by epoch" in page
    rows = re.findall(r'<th scope="row">(\d)</th><td class="number">([\d.e-]+)</td>', page)
    assert [(value, round(float(rmse), 4)) for value, rmse in rows] == [
        (str(n), float(n)) for n in range(4)
    ]
    assert page.count('class="dots"') == 4 and "2 of at most 9 epochs" in page
    assert "1,234 inputs train" in page
    # What is right lies on the diagonal, from the box's lower left corner to its upper right one.
    dots = re.findall(r'<path class="dots" d="(.*?)"', page)[0]
    places = [tuple(map(float, dot)) for dot in re.findall(r"M([\d.]+) ([\d.]+)h0", dots)]
    assert len(places) == 40
    assert all(x - 64 == pytest.approx(312 - y, abs=0.21) for x, y in places)


def test_pipeline_has_the_hashes_of_its_files_and_the_compiler(build: Build) -> None:
    build.path("a.pt").write_bytes(b"weights")
    build.path("a.elf").write_bytes(b"\x7fELF...GCC: (somewhere) 12.3.4\0...")
    build.report("--checkpoint", str(build.path("a.pt")), "--elf", str(build.path("a.elf")))
    words = Page(build.html).words()
    for name in ("a.pt", "model.onnx", "a.elf"):
        assert f"{name} {hashlib.sha256(build.path(name).read_bytes()).hexdigest()}" in words
    assert "GCC: (somewhere) 12.3.4" in words


def test_quantization_ranges_are_those_of_the_values(build: Build) -> None:
    """The first layer ends in a ReLU, stored with scale 0.02 and zero point -128."""
    build.report()
    stored = np.load(build.path("reference.npz"))["layer_0"].astype(int)
    low, high = (0.02 * (q + 128) for q in (stored.min(), stored.max()))
    told = "9, 40 inputs. Scale 0.02, zero point -128: holds 0 to 5.1, "
    told += f"seen {low:.4g} to {high:.4g}. {len(np.unique(stored))} of 256 levels used, "
    told += f"{100 * (stored == 127).mean():.2f} % at an end."
    assert told in Page(build.html).words()


def test_layers_tell_their_instructions(build: Build) -> None:
    """As the target counted them for every layer, else as `profile` did."""
    build.report()
    assert "180 654" in Page(build.html).words() and "25 inferences" in Page(build.html).words()
    validation = read_json(build.path("validation.json"))
    validation["layers"][1]["mean_cost"] = 321.0
    write_json(build.path("validation.json"), validation)
    build.report()
    words = Page(build.html).words()
    assert "180 900" in words and "36 321" in words and "40 inferences on toy" in words


@pytest.mark.parametrize("other", ["weights", "kernels"])
def test_what_another_network_measured_is_no_part_of_it(build: Build, other: str) -> None:
    manifest = read_json(build.path("network_manifest.json"))
    if other == "weights":
        manifest["model_sha256"] = "beef" * 16
    else:
        manifest["layers"][1]["kernel"] = "sparse"
    write_json(build.path("network_manifest.json"), manifest)
    assert build.report().returncode == 0
    words = Page(build.html).words()
    assert "the last validation had other weights or kernels" in words
    assert "what was counted last had other weights or kernels" in words
    assert "identical" not in words and "654" not in words and "1,234" not in words


def test_manifest_alone_gives_a_page(build: Build) -> None:
    done = build.report(every=False)
    assert done.returncode == 0, done.stderr
    page = Page(build.html)
    assert "no board" in page.words() or "network" in page.words()
    drawn = [attrs["aria-label"] or "" for tag, attrs in page.tags if tag in ("svg", "img")]
    assert len(drawn) == 2 and drawn[0].startswith("The network from top to bottom: gemm_0")
    assert drawn[1].startswith("The activations array over time: in (input, 20 bytes at 0)")


def test_names_cannot_become_markup(build: Build) -> None:
    manifest = read_json(build.path("network_manifest.json"))
    manifest["origin"] = '<script>alert("x")</script>'
    manifest["layers"][0]["name"] = "</table><b>&amp;"
    write_json(build.path("network_manifest.json"), manifest)
    assert build.report().returncode == 0
    page = Page(build.html)
    assert "script" not in [tag for tag, _ in page.tags]
    assert '<script>alert("x")</script>' in page.words() and "</table><b>&amp;" in page.words()


def test_same_files_give_the_same_page(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the time, which SOURCE_DATE_EPOCH stops."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    build.report()
    first = build.html
    build.report()
    assert build.html == first


@pytest.mark.sample(2)
@pytest.mark.parametrize("name", ["training", "quantization", "memory", "validation", "profile"])
def test_file_of_another_version_is_no_traceback(build: Build, name: str) -> None:
    content = {"regions": [{}], "recipe": 1, "calibration": 3, "comparison": {}, "cost": {"x": 1}}
    content |= {"model": read_json(build.path("network_manifest.json"))["model_sha256"]}
    content |= {"layers": [{"index": 0}], "kernels": ["portable", "portable"]}
    write_json(build.path(f"{name}.json"), content)
    done = build.report()
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr and "make it anew: scons" in done.stderr
    assert f"{name}.json: not the " in done.stderr


# --- geometry -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0.0123, 0.0124), (-3, 97), (60.3, 98.7), (5, 5), (1e-6, 1e6)]
)
def test_ticks_are_few_and_cover(low: float, high: float) -> None:
    ticks = nice_ticks(low, high)
    assert 2 <= len(ticks) <= 8 or low == high
    assert ticks[0] <= low + 1e-9 and ticks[-1] >= high - 1e-9
    steps = np.diff(ticks)
    assert np.allclose(steps, steps[0] if len(steps) else 0)


def test_lines_stay_in_their_box_and_rise_when_values_do() -> None:
    chart = line_chart("x", {"a": [(n, n * n) for n in range(1, 31)], "b": [(1, 0), (30, 5)]})
    left, top, right, bottom = chart.box
    for line in chart.lines:
        points = [tuple(map(float, pair.split(","))) for pair in line.points.split()]
        assert all(left <= x <= right and top <= y <= bottom for x, y in points)
        assert points == sorted(points) and points[0][1] >= points[-1][1]
    assert chart.lines[0].last == "900"


def test_points_lie_to_scale_in_their_box() -> None:
    chart = scatter("x", [(0, 0), (10, 5)])
    left, top, right, bottom = chart.box
    assert chart.path == f"M{left} {bottom}h0M{right} {(top + bottom) // 2}h0"
    assert (chart.x_ticks[0].at, chart.x_ticks[-1].at) == (left, right)


def test_one_epoch_is_a_chart_too() -> None:
    assert line_chart("x", {"a": [(1, 0.5)]}).lines[0].points


def test_histogram_outlines_the_counts() -> None:
    values = np.array([-128] * 50 + [0] * 5 + [127], np.int8)
    drawn = histogram(values, 0.5, -128)
    assert [mark.text for mark in drawn.marks] == ["0", "128"]
    heights = [float(y) for y in re.findall(r"V([\d.]+)", drawn.path)]
    # Up for the zeros to the top, down, up a little for the others, and down to the bottom line.
    assert min(heights) == 4 and heights[-1] == drawn.height and len(set(heights)) == 4


def test_memory_parts_lie_side_by_side_inside_their_bar() -> None:
    used, empty = bars(MEMORY)
    assert empty == ["spare"] and len(used) == 1
    sections = used[0].sections
    assert [section.width for section in sections] == [72.0, 216.0]
    assert sections[0].x == 0 and sections[1].x == pytest.approx(72, abs=0.1)
    tiny = {**MEMORY["regions"][0], "length": 1 << 27}
    (bar,), _ = bars({"regions": [tiny]})
    assert all(section.width >= 2 for section in bar.sections)
    assert bar.sections[0].x + bar.sections[0].width <= bar.sections[1].x
    last = {**tiny["items"][1], "address": 0x8000000 + (1 << 27) - 300}
    (bar,), _ = bars({"regions": [{**tiny, "items": [last]}]})
    assert bar.sections[0].x + bar.sections[0].width == WIDTH


def test_png_holds_the_picture() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    data = base64.b64decode(png(image).partition(",")[2])
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), image)


def test_only_pictures_become_pictures() -> None:
    inputs = np.array([[-128, 127, 0, 5]], np.int8)
    grey = as_grey(inputs, (1, 1, 2, 2))
    assert grey is not None and grey.shape == (1, 2, 2)
    assert (grey[0, 0, 0], grey[0, 0, 1]) == (255, 0)  # background white, ink black
    assert as_grey(inputs, (1, 4)) is None and as_grey(inputs[:0], (1, 2, 2)) is None
