"""An application in the manner of STM32CubeMX's own, whose observer is told of each layer."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from codegen.reference import run as reference
from support.files import read_json
from tests.codegen.programs import run_program
from tests.runtime.conftest import Build, Network

PRE, POST, FIRST, LAST = 1 << 1, 1 << 2, 1 << 8, 1 << 9
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("board", ["host", "mps2_an500"])
def test_cubemx_s_application_is_told_of_each_layer(
    board: str, mnist: Network, build: Build
) -> None:
    done = run_program(board, build("system_performance.c", mnist, board))
    lines = [line.split() for line in done.console.splitlines()]
    assert done.status == 0, done.console
    assert lines[-1] == ["checks", "passed"]
    manifest = read_json(mnist.folder / "network_manifest.json")
    layers = manifest["layers"]
    assert lines[0][1:] == [
        str(len(layers)),
        str(mnist.graph.macs),
        "1",
        str(manifest["activations_bytes"]),
        str(len(manifest["weights_blocks"])),
        str(manifest["weights_bytes"]),
    ]
    nodes = [line[1:] for line in lines if line[0] == "node"]
    names = [layer["op"].replace("_", " ").split() for layer in layers]
    assert nodes == [[str(i), str(i), *name] for i, name in enumerate(names)]
    events = [line for line in lines if line[0] in ("pre", "post")]
    last = len(layers) - 1
    ends = [(FIRST if i == 0 else 0) | (LAST if i == last else 0) for i in range(len(layers))]
    expected = [
        (word, i, flag | ends[i])
        for i in range(len(layers))
        for word, flag in (("pre", PRE), ("post", POST))
    ]
    assert [(e[0], int(e[1]), int(e[2], 16)) for e in events] == expected
    # Told at the time: a layer's own bytes are new after it, and nothing changes between layers.
    written = [event[4] for event in events]
    assert written == ["0"] * (len(events) - 1) + ["1"]
    sums = [event[3] for event in events]
    for layer in range(last):
        assert sums[2 * layer] != sums[2 * layer + 1]
        assert sums[2 * layer + 1] == sums[2 * layer + 2]
    np.testing.assert_array_equal(
        np.frombuffer(done.results, np.int8), reference(mnist.graph, mnist.inputs[:1])[0]
    )


def test_every_operator_has_a_name() -> None:
    """A new one needs a number in nn_observer.h and a name in nn_observer.c."""
    runtime = ROOT / "firmware" / "runtime"
    numbers = re.findall(r"#define NN_LAYER_(\w+) \d+", (runtime / "nn_observer.h").read_text())
    source = (runtime / "nn_observer.c").read_text()
    computed = {path.stem for path in (ROOT / "templates" / "ops").glob("*.c.j2")}
    stems = {path.stem for path in (ROOT / "codegen" / "ops").glob("*.py")} & {
        stem.removesuffix(".c") for stem in computed
    }
    assert stems
    assert {stem.upper() for stem in stems} <= set(numbers)
    for number in numbers:
        assert f"[NN_LAYER_{number}] = " in source
