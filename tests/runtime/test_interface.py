"""Programs written for the legacy X-CUBE-AI interface, compiled unchanged and run."""

from __future__ import annotations

import numpy as np
import pytest

from codegen.literals import c_float
from codegen.reference import run as reference
from tests.codegen.programs import run_program
from tests.runtime.conftest import Build, Network

BOARDS = ["host", "mps2_an500"]
# Structures in structures without inner braces: what the guide's own listing has.
GUIDE = "-Wno-missing-braces"


@pytest.mark.parametrize("board", BOARDS)
def test_program_after_the_guide(board: str, mnist: Network, build: Build) -> None:
    done = run_program(board, build("guide.c", mnist, board, GUIDE))
    assert done.status == 0
    outputs = np.frombuffer(done.results, np.int8).reshape(20, 10)
    expected = reference(mnist.graph, mnist.inputs)
    np.testing.assert_array_equal(outputs, expected)
    # Random weights, yet not one and the same answer: the comparison means something.
    assert len(np.unique(expected)) > 20


@pytest.mark.parametrize("board", BOARDS)
def test_every_form_of_parameters_and_buffers(board: str, tiny: Network, build: Build) -> None:
    source, output = tiny.graph.input.quantization, tiny.graph.output.quantization
    options = [
        f"-DINPUT_SCALE={c_float(source.scale)}",
        f"-DINPUT_ZERO_POINT={source.zero_point}",
        f"-DOUTPUT_SCALE={c_float(output.scale)}",
        f"-DOUTPUT_ZERO_POINT={output.zero_point}",
    ]
    done = run_program(board, build("forms.c", tiny, board, *options))
    assert done.status == 0, done.console
    outputs = np.frombuffer(done.results, np.int8).reshape(-1, 3, 3)
    assert len(outputs) == 9
    expected = reference(tiny.graph, tiny.inputs)
    for form, found in enumerate(outputs):
        np.testing.assert_array_equal(found, expected, f"form {form}")


@pytest.mark.parametrize("board", BOARDS)
def test_from_cpp(board: str, tiny: Network, build: Build) -> None:
    done = run_program(board, build("embedded_in_cpp.cpp", tiny, board))
    assert done.status == 0
    zeros = np.zeros((1, 7), np.int8)
    np.testing.assert_array_equal(
        np.frombuffer(done.results, np.int8), reference(tiny.graph, zeros)[0]
    )
