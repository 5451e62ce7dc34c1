"""Every template, rendered for one small network: what users get to read, byte for byte.

A change of a template shows itself here as a difference to look at. `UPDATE_GOLDENS=1 pytest
tests/codegen/test_goldens.py` writes the files in tests/goldens anew; git shows what changed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.generate import generate, manifest
from codegen.ir.graph import Graph
from codegen.ir.identity import content_hash
from codegen.kernels.wanted import PORTABLE, Kernels
from codegen.package import VERBATIM
from codegen.place import place_objects
from codegen.plan import plan_network
from codegen.reader.qdq import read_graph
from codegen.render import TEMPLATES, environment, render
from codegen.report.operators import support_page
from codegen.subset import make_subset, render_header
from codegen.xcube.adapter import headers
from support.described import TARGETS, UNITS, packed
from tests.codegen.golden_sets import SETS
from tests.codegen.graphs import assorted, classes, depthwise, image, left_in_float, two_in_two_out
from tests.codegen.models import Array, QdqModel, random_layer
from tests.codegen.oracle import stored_inputs
from tests.codegen.programs import ROOT, run, toolchain
from tests.codegen.shapes import Shaped, lenet_5, u_net

GOLDENS = ROOT / "tests" / "goldens"
UPDATE = os.environ.get("UPDATE_GOLDENS") == "1"


def model() -> QdqModel:
    """One layer of every operator: 6 → 4 → 3, each line of every template once."""
    rng = np.random.default_rng(2)
    line = QdqModel((1, 1, 2, 3)).qdq(0.05, 3).then("Flatten")
    weights, bias = random_layer(rng, 4, 6)
    line.gemm(weights, 0.01, bias, np.float32(0.05) * np.float32(0.01)).then("Relu")
    line.qdq(0.02, -128).then("Tanh").qdq(1 / 128, 0)
    weights, _ = random_layer(rng, 3, 4)
    line.then("MatMul", line.dequantized(weights.T.copy(), 0.01)).qdq(0.02, 10)
    line.then("Add", line.constant(np.array([0.5, -0.25, 1], np.float32))).qdq(0.03, -4)
    return line.then("Softmax").qdq(1 / 256, -128)


def fast_model(divisor: int = 1) -> QdqModel:
    """32 → 12 → 8 → 4, just large enough for the fast kernels; weights by a divisor smaller."""
    rng = np.random.default_rng(4)
    line = QdqModel((1, 32)).qdq(0.05, -128)
    for outputs, inputs in ((12, 32), (8, 12), (4, 8)):
        weights, bias = random_layer(rng, outputs, inputs)
        weights //= np.int8(divisor)
        line.gemm(weights, 0.01, bias, np.float32(0.05) * np.float32(0.01))
        if outputs != 4:
            line.then("Relu")
        line.qdq(0.05, -128)
    return line


def tabled() -> QdqModel:
    """Two convolutions of 3 by 3, of which the first has so small tables that they are had."""
    return Shaped(8, 8, 16).conv(8).conv(16)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return read_graph(model().save(tmp_path_factory.mktemp("model") / "golden.onnx"))


def subset_header(
    graph: Graph, size: int, name: str = "mnist_test_subset", **described: Sequence[str]
) -> str:
    rng = np.random.default_rng(3)
    arrays: dict[str, Array] = {
        "inputs": rng.uniform(-6, 6, (9, 6)).astype(np.float32),
        "labels": np.arange(9, dtype=np.uint8) % 3,
    }
    if UNITS in described:
        del arrays["labels"]
        arrays[TARGETS] = rng.uniform(-3, 30, (9, graph.outputs[0].size)).astype(np.float32)
    for key, names in described.items():
        arrays[key] = np.frombuffer(packed(names), np.uint8)
    return render_header(graph, make_subset(graph, arrays, size, 5), size, 5, name)


def main_c(size: int, subset: str = "mnist_test_subset") -> str:
    return render("app/main.c.j2", {"name": "tiny", "subset_size": size, "subset": subset})


def on_a_board() -> dict[str, Any]:
    """A board and where things lie on it, by placement itself."""
    memories = toolchain("mps2_an500").board.to_json()
    sizes = {"kernels": 12 << 10, "weights": 1000, "activations": 64, "subset": 24, "results": 12}
    return {"memories": memories, "placement": {"objects": place_objects(memories, sizes, {})}}


def imported(graph: Graph, api: str, suffix: str) -> str:
    facts = {
        "name": "theirs",
        "files": {"theirs.c": "00"},
        "model_sha256": content_hash(graph),
        "input": {"stored": "uint8"},
        "output": {"stored": "int8"},
        "activations": [{"size": 20_188}, {"size": 131_072}],
    }
    return headers("ours", api, facts)[suffix]


# Golden file → what is rendered; the networks' own sources come on top.
RENDERED: dict[str, Callable[[Graph], str]] = {
    "app/main.c": lambda g: main_c(100),
    "xcube/no_params.c": lambda g: render("xcube/no_params.c.j2", {}),
    "app/main_one_digit.c": lambda g: main_c(0),
    "app/main_one_input.c": lambda g: main_c(0, "test_subset"),
    "app/expected.h": lambda g: render(
        "app/expected.h.j2",
        {"expected": {"success": 97, "outputs_crc32": 0x12345678}, "same_bytes": True},
    ),
    "app/expected_success.h": lambda g: render(
        "app/expected.h.j2",
        {"expected": {"success": 97, "outputs_crc32": 0x12345678}, "same_bytes": False},
    ),
    "app/app_network.c": lambda g: render("app/app_network.c.j2", {"name": "tiny"}),
    "app/app_network_stai.c": lambda g: render("app/app_network_stai.c.j2", {"name": "tiny"}),
    "app/app_network.h": lambda g: render(
        "app/app_network.h.j2", {"name": "tiny", "c_api": "legacy"}
    ),
    "app/app_network_stai.h": lambda g: render(
        "app/app_network.h.j2", {"name": "tiny", "c_api": "st-ai"}
    ),
    "app/validate.c": lambda g: render(
        "app/validate.c.j2",
        {
            **on_a_board(),
            "name": "tiny",
            "manifest": manifest(plan_network(g), "tiny"),
            "build": {"sha256": "b111d" * 12 + "b111"},
        },
    ),
    "app/mnist_test_subset.h": lambda g: subset_header(g, 4),
    "app/test_subset.h": lambda g: subset_header(g, 0, "test_subset"),
    "app/mnist_test_subset_one_digit.h": lambda g: subset_header(g, 0),
    "app/mnist_test_subset_classes.h": lambda g: subset_header(
        g, 4, class_names=('"run"', "läuft", "why??/")
    ),
    "app/mnist_test_subset_values.h": lambda g: subset_header(g, 4, units=("°C", "%", "")),
    "project/SConstruct.txt": lambda g: render(
        "project/SConstruct.j2", {"name": "gearbox", "root": "/opt/nn2flash", "board": "mps2_an500"}
    ),
    "board/firmware.ld": lambda g: render("board/firmware.ld.j2", on_a_board()),
    "board/board_config.h": lambda g: render("board/board_config.h.j2", on_a_board()),
    "xcube/network.h": lambda g: imported(g, "legacy", ".h"),
    "xcube/network_data.h": lambda g: imported(g, "legacy", "_data.h"),
    "xcube/network_stai.h": lambda g: imported(g, "st-ai", ".h"),
}
# Golden folder → C interface of the generated network.
NETWORKS = {
    "network": "legacy",
    "network_stai": "st-ai",
    "network_fast": "legacy",
    "network_graph": "legacy",
    "network_graph_stai": "st-ai",
    "network_image": "legacy",
    "network_assorted": "legacy",
    "network_left_in_float": "legacy",
    "network_classes": "legacy",
    "network_depthwise": "legacy",
    "network_stacked": "legacy",
    "network_tables": "st-ai",
    "network_joined_in_rows": "legacy",
    "network_pooled_in_rows": "legacy",
    "network_sparse": "legacy",
    "network_direct": "legacy",
}
FAST, GRAPH, IMAGE = "network_fast", "network_graph", "network_image"
ASSORTED, LEFT_IN_FLOAT = "network_assorted", "network_left_in_float"
CLASSES, DEPTHWISE = "network_classes", "network_depthwise"
STACKED, TABLES = "network_stacked", "network_tables"
JOINED, POOLED = "network_joined_in_rows", "network_pooled_in_rows"
SPARSE, DIRECT = "network_sparse", "network_direct"
# Of later ones, what looks otherwise than the first.
PARTS = {
    FAST: (".c", "_kernels.h", "_kernels.c", "_assembly.S", "_generate_report.txt"),
    GRAPH: (".c", ".h", "_generate_report.txt", "_manifest.json"),
    f"{GRAPH}_stai": (".c", ".h"),
    IMAGE: (".c", "_generate_report.txt", "_manifest.json"),
    LEFT_IN_FLOAT: (".c", ".h", "_generate_report.txt", "_manifest.json"),
    ASSORTED: (".c",),
    CLASSES: (".c",),
    DEPTHWISE: (".c", "_kernels.h", "_assembly.S"),
    STACKED: (".c", "_generate_report.txt"),
    TABLES: (".c", "_generate_report.txt"),
    JOINED: (".c", "_generate_report.txt"),
    POOLED: (".c",),
    SPARSE: ("_assembly.S",),
    DIRECT: ("_assembly.S", "_kernels.c", "_generate_report.txt"),
}


def make(folder: str, graph: Graph, out: Path) -> None:
    """Generate the network of a golden folder."""
    kernels = PORTABLE
    other: dict[str, Callable[[], QdqModel]] = {
        FAST: fast_model,
        GRAPH: two_in_two_out,
        f"{GRAPH}_stai": two_in_two_out,
        IMAGE: image,
        LEFT_IN_FLOAT: left_in_float,
        ASSORTED: assorted,
        CLASSES: classes,
        DEPTHWISE: depthwise,
        STACKED: image,
        TABLES: tabled,
        JOINED: u_net,
        POOLED: lenet_5,
        SPARSE: fast_model,
        DIRECT: partial(fast_model, 2),
    }
    if folder in other:
        out.mkdir(exist_ok=True)
        graph = read_graph(other[folder]().save(out / "golden.onnx"))
        (out / "golden.onnx").unlink()
    if folder in (FAST, DEPTHWISE, STACKED):
        kernels = Kernels("auto", stored_inputs(graph))
    elif folder == TABLES:
        kernels = Kernels("auto", table_memory=3 << 10)
    elif folder in (JOINED, POOLED, DIRECT):
        kernels = Kernels("small")
    elif folder == SPARSE:
        kernels = Kernels("sparse")
    generate(graph, "tiny", out, NETWORKS[folder], kernels)


def compare(golden: Path, text: str) -> None:
    if UPDATE:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text)
    assert golden.exists(), f"{golden} is missing: UPDATE_GOLDENS=1 writes it"
    assert text == golden.read_text()


@pytest.mark.parametrize("name", RENDERED)
def test_golden(name: str, graph: Graph) -> None:
    compare(GOLDENS / name, RENDERED[name](graph))


@pytest.mark.parametrize("folder", NETWORKS)
def test_golden_network(folder: str, graph: Graph, tmp_path: Path) -> None:
    make(folder, graph, tmp_path)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    if folder in PARTS:
        made = {f"tiny{part}": made[f"tiny{part}"] for part in PARTS[folder]}
    for name, text in made.items():
        compare(GOLDENS / folder / name, text)
    assert {path.name for path in (GOLDENS / folder).iterdir()} == set(made)


@pytest.mark.parametrize("folder", SETS)
def test_golden_set(folder: str, graph: Graph, tmp_path: Path) -> None:
    made = SETS[folder](graph, tmp_path)
    for name, text in made.items():
        compare(GOLDENS / folder / name, text)
    found = [path for path in (GOLDENS / folder).rglob("*") if path.is_file()]
    assert {str(path.relative_to(GOLDENS / folder)) for path in found} == set(made)


def test_no_golden_is_left_over() -> None:
    found = {str(path.relative_to(GOLDENS)) for path in GOLDENS.rglob("*") if path.is_file()}
    loose = {name for name in found if name.split("/")[0] not in {*NETWORKS, *SETS}}
    assert loose == set(RENDERED)


def test_every_template_is_rendered(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name: a template that no golden shows needs an entry above."""
    loaded: set[str] = set()

    def watched() -> Any:
        env = environment.__wrapped__()  # one that has not read anything yet
        load = env.loader.get_source  # type: ignore[union-attr]
        env.loader.get_source = lambda e, name: loaded.add(name) or load(e, name)  # type: ignore
        return env

    monkeypatch.setattr("codegen.render.environment", watched)
    monkeypatch.setattr("codegen.render._clang_format", lambda text: text)
    for rendered in RENDERED.values():
        rendered(graph)
    support_page()  # docs/operators.md: tests/codegen/test_operators_page.py
    for folder in NETWORKS:
        make(folder, graph, tmp_path / folder)
    for folder, files in SETS.items():
        files(graph, tmp_path / folder)
    paths = {str(p.relative_to(TEMPLATES)) for p in TEMPLATES.rglob("*") if p.is_file()}
    # What a package copies as it is needs no rendering.
    assert paths - loaded == {f"package/{name}" for name in VERBATIM}


def test_generated_c_is_formatted() -> None:
    """clang-format would change nothing: what a user's editor does on saving is nothing, too."""
    sources = [str(path) for suffix in ("c", "h") for path in GOLDENS.rglob(f"*.{suffix}")]
    style = f"--style=file:{ROOT / '.clang-format'}"
    run([str(ROOT / ".venv/bin/clang-format"), style, "--dry-run", "-Werror", *sources])


def test_clean_text() -> None:
    """One newline at the end, no tabs, no blanks before line ends, no paths of this machine."""
    for path in filter(Path.is_file, GOLDENS.rglob("*")):
        text = path.read_text()
        assert text.endswith("\n") and not text.endswith("\n\n"), path
        if path.suffix == ".launch" or path.name in (".cproject", ".project", "Kconfig"):
            continue  # with tabs, as Eclipse and Zephyr have them
        assert not any(line != line.rstrip() or "\t" in line for line in text.split("\n")), path
        assert str(ROOT) not in text and "/tmp" not in text, path
