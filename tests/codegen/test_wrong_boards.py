"""Networks too large for a board, wrong placements, templates and folders."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.generate import generate
from codegen.outputs import outputs
from codegen.reader.qdq import read_graph
from tests.codegen.conftest import Refusal, Refused, check
from tests.codegen.programs import ROOT, toolchain
from tests.graph.project import files_below


@pytest.fixture
def board(model: Path, tmp_path: Path) -> Callable[..., list[Any]]:
    """board(facts, **manifest changes) → arguments of `place` for the small network."""

    def arguments(name: str, **changes: Any) -> list[Any]:
        generate(read_graph(model), "network", tmp_path)
        manifest = json.loads((tmp_path / "network_manifest.json").read_text())
        if "weights_bytes" in changes:
            changes["weights_blocks"] = [changes["weights_bytes"]]
        (tmp_path / "manifest.json").write_text(json.dumps({**manifest, **changes}))
        (tmp_path / "memories.json").write_text(json.dumps(toolchain(name).board.to_json()))
        np.savez(tmp_path / "subset.npz", inputs=np.zeros((4, 6), np.int8))
        return [
            "--memories",
            tmp_path / "memories.json",
            "--manifest",
            tmp_path / "manifest.json",
            "--subset",
            tmp_path / "subset.npz",
            "--subset-size",
            4,
            "--code-sizes",
            ROOT / "codegen/kernels/code_sizes.json",
            "--out",
            tmp_path / "placement.json",
        ]

    return arguments


BOARDS: dict[str, tuple[str, dict[str, Any], list[str], str, str]] = {
    "too_large": (
        "mps2_an500",
        {"weights_bytes": 30_000_000},
        [],
        r"board 'mps2_an500': weights need 30,000,000 bytes and fit none of ram, code, psram "
        r"\(ram lacks 2[\d,]+ B; .*psram lacks 1[\d,]+ B\);"
        r" the most for 'gemm_\d+' \d+ of them, 'gemm_\d+' \d+ of them",
        r"at most 16,777,216 bytes of weights would fit: use a smaller network",
    ),
    "activations_too_large": (
        "mps2_an500",
        {"activations_bytes": 5_000_000},
        [],
        r"activations need 5,000,000 bytes .*\(ram lacks [\d,]+ B\);"
        r" the most for 'gemm_\d+' 11 at once, 'gemm_\d+' 8 at once",
        r"at most [34],\d{3},\d{3} bytes of activations would fit",
    ),
    "too_large_where_asked_for": (
        "mps2_an500",
        {"weights_bytes": 5_000_000},
        ["--override", "weights:ram"],
        r"weights need 5,000,000 bytes and fit none of ram \(ram lacks",
        r"at most [\d,]+ bytes of weights would fit",
    ),
    "no_memories": ("host", {}, [], "board 'host' has no memories", "another board"),
    "unknown_object": (
        "mps2_an500",
        {},
        ["--override", "wheights:ram"],
        "placement=wheights:ram: no such object",
        "choose from kernels, weights",
    ),
    "unknown_memory": (
        "mps2_an500",
        {},
        ["--override", "weights:dtcm"],
        "the board has no memory 'dtcm'",
        "choose from code, ram",
    ),
    "no_colon": (
        "mps2_an500",
        {},
        ["--override", "weights"],
        "'weights' is not object:memory",
        "weights:",
    ),
    "negative_weights": (
        "mps2_an500",
        {"weights_bytes": -1_000_000},
        [],
        "manifest.json: has a negative size",
        "make it anew: scons generate",
    ),
    "negative_runtime": (
        "mps2_an500",
        {"runtime": {"flash_bytes": 0, "ram_bytes": -5}},
        [],
        "manifest.json: has a negative size",
        "make it anew: scons generate",
    ),
    "other_blocks": (
        "mps2_an500",
        {"weights_blocks": [8, 8]},
        [],
        "manifest.json: not a network's manifest",
        "make it anew: scons generate",
    ),
    "infinite_weights": (
        "mps2_an500",
        {"weights_bytes": float("inf")},
        [],
        r"manifest.json: not valid JSON \(Infinity is no number of JSON\)",
        "make it anew: scons generate",
    ),
    "no_manifest": (
        "mps2_an500",
        {"output_bytes": "3 of"},
        [],
        "not a network's manifest",
        "make it anew: scons generate",
    ),
}


@pytest.mark.parametrize("name", BOARDS)
def test_board(
    name: str, board: Callable[..., list[Any]], tmp_path: Path, refused: Refused
) -> None:
    facts, changes, words, message, remedy = BOARDS[name]
    check(refused("place", *board(facts, **changes), *words), message, remedy)
    assert not (tmp_path / "placement.json").exists()


def test_what_would_fit_does_fit(
    board: Callable[..., list[Any]], tmp_path: Path, refused: Refused
) -> None:
    """The remedy's number is true: that much fits, four bytes more do not."""

    def place(weights: int) -> Refusal:
        # Nothing else in the way: the subset comes after the weights.
        words = board("mps2_an500", weights_bytes=weights)
        return refused("place", *words, "--subset-size", 0)

    most = re.findall(r"at most ([\d,]+) bytes", place(30_000_000).stderr)[0]
    assert place(int(most.replace(",", ""))).status == 0
    assert place(int(most.replace(",", "")) + 4).status == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"weights_bytes": 1e999}', "1e999 is no number of JSON"),
        ('{"weights_bytes": NaN}', "NaN is no number of JSON"),
        ("[" * 100_000, "too many levels"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "too many levels"),
        ("1" * 5_000, "Exceeds the limit"),
    ],
    ids=["beyond float64", "NaN", "levels", "levels of objects", "digits"],
)
def test_manifest_that_is_no_json(
    text: str, why: str, board: Callable[..., list[Any]], tmp_path: Path, refused: Refused
) -> None:
    words = board("mps2_an500")
    (tmp_path / "manifest.json").write_text(text)
    check(
        refused("place", *words),
        rf"manifest.json: not valid JSON \({why}",
        "make it anew: scons generate",
    )


def test_memory_whose_start_is_reserved(
    board: Callable[..., list[Any]], tmp_path: Path, refused: Refused
) -> None:
    """What a boot loader keeps is no room for anything."""
    words = board("mps2_an500", weights_bytes=1_000_000)
    path = tmp_path / "memories.json"
    memories = json.loads(path.read_text())
    (ram,) = [memory for memory in memories["memories"] if memory["name"] == "ram"]

    def place() -> str:
        assert refused("place", *words).status == 0
        placed: str = json.loads((tmp_path / "placement.json").read_text())["objects"]["weights"][
            "run"
        ]
        return placed

    assert place() == "ram"
    ram["reserve_start"] = ram["length"] - 500_000
    path.write_text(json.dumps(memories))
    assert place() != "ram"


# --- templates and folders ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["app/none.c.j2"], "template 'app/none.c.j2' not found"),
        (["../README.md"], "not found"),
        (["app/main.c.j2"], "template 'app/main.c.j2': '.*' is undefined"),
        (["app/main.c.j2", "--set", "subset_size"], "'subset_size' is not KEY=VALUE"),
        (["board/firmware.ld.j2", "--context", "memories=none.json"], "none.json: no such file"),
    ],
)
def test_render(words: list[str], message: str, tmp_path: Path, refused: Refused) -> None:
    refusal = refused("render", *words, "--out", tmp_path / "out.c")
    assert refusal.status == 1 and re.search(message, refusal.stderr), refusal.stderr
    assert "Traceback" not in refusal.stderr
    assert not (tmp_path / "out.c").exists()


def test_folder_that_is_a_file(model: Path, tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "file").write_text("")
    refusal = refused("generate", "--model", model, "--out-dir", tmp_path / "file")
    assert refusal.status == 1
    assert refusal.stderr.startswith(f"codegen: error: {tmp_path / 'file'}")


@pytest.mark.parametrize("c_api", ["legacy", "st-ai"])
def test_saboteur_sources_of_others_are_not_overwritten(
    c_api: str, model: Path, tmp_path: Path, refused: Refused
) -> None:
    """Ours of an earlier run are, whatever the interface was."""
    out = tmp_path / "out"
    words = ("--model", model, "--out-dir", out, "--c-api")
    for each in ("legacy", "st-ai", c_api):
        assert refused("generate", *words, each).status == 0
    for name in outputs("network", c_api):
        ours = (out / name).read_bytes()
        (out / name).write_text("/* What nn2flash makes is called by this. */\n")
        before = files_below(out)
        check(refused("generate", *words, c_api), f"{name}: was not written", "another name")
        assert files_below(out) == before
        (out / name).write_bytes(ours)
    (out / "network.h").write_text("")
    assert refused("generate", *words, c_api).status == 0
    assert (out / "network.h").stat().st_size > 0


def test_print_outputs_is_what_is_written(model: Path, tmp_path: Path, refused: Refused) -> None:
    told = refused("generate", "--name", "some", "--out-dir", tmp_path / "o", "--print-outputs")
    assert refused("generate", "--model", model, "--name", "some", "--out-dir", tmp_path / "o")
    written = sorted(str(path) for path in (tmp_path / "o").iterdir())
    assert sorted(told.stdout.split()) == written
    assert len(written) == len(outputs("some"))
