"""Several inputs and outputs whose buffers share bytes: the right bytes, or a refusal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codegen.generate import generate
from codegen.reader.qdq import read_graph
from tests.codegen.graphs import two_in_two_out
from tests.codegen.oracle import stored_inputs
from tests.codegen.programs import run_program
from tests.runtime.conftest import Build, Network

TRIALS = 20_000


@pytest.mark.parametrize("board", ["host", "mps2_an500"])
def test_buffers_anywhere(board: str, build: Build, tmp_path: Path) -> None:
    graph = read_graph(two_in_two_out().save(tmp_path / "pair.onnx"))
    inputs = stored_inputs(graph, count=8)[7:]
    generate(graph, "pair", tmp_path)
    (tmp_path / "inputs.bin").write_bytes(inputs.tobytes())
    network = Network("pair", graph, inputs, tmp_path)
    done = run_program(board, build("several.c", network, board, f"-DTRIALS={TRIALS}"))
    assert done.status == 0, done.console
    taken, refused = np.frombuffer(done.results, np.uint32)
    assert taken > TRIALS // 10 and refused > TRIALS // 10
