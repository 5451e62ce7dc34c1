"""Each misuse of the interface: what is returned, and the type and code of the error."""

from __future__ import annotations

import pytest

from tests.codegen.programs import run_program
from tests.runtime.conftest import Build, Network

# Error types and codes by the interface's names; values: ai_error_type, ai_error_code.
NONE = 0x00
INVALID_HANDLE, INVALID_STATE, INVALID_INPUT, INVALID_OUTPUT = 0x10, 0x11, 0x12, 0x13
INVALID_PARAM, INVALID_SIZE_TYPE, INIT_FAILED = 0x14, 0x16, 0x30
NETWORK, PARAMS, WEIGHTS, ACTIVATIONS = 0x10, 0x11, 0x12, 0x13
POINTER, SIZE, FORMAT, BATCH, MISSED_INIT, IN_USE = 0x17, 0x18, 0x19, 0x21, 0x30, 0x40

EXPECTED = {
    # what: (returned, type, code)
    "create_without_place": (0, INVALID_HANDLE, NETWORK),
    "init_before_create": (0, INVALID_HANDLE, NETWORK),
    "init_of_foreign": (0, INVALID_HANDLE, NETWORK),
    "run_of_foreign": (0, INVALID_HANDLE, NETWORK),
    "error_of_foreign": (0, INVALID_HANDLE, NETWORK),
    "inputs_of_foreign": (0, INVALID_HANDLE, NETWORK),
    "destroy_of_foreign": (1, NONE, NONE),
    "report_of_foreign": (0, INVALID_HANDLE, NETWORK),
    "report_to_nowhere": (0, INVALID_PARAM, POINTER),
    "params_to_nowhere": (0, NONE, NONE),
    "run_after_destroy": (0, INVALID_HANDLE, NETWORK),
    "destroy_twice": (1, NONE, NONE),
    "init_without_params": (0, INVALID_PARAM, PARAMS),
    "weights_null": (0, INIT_FAILED, WEIGHTS),
    "weights_unaligned": (0, INIT_FAILED, WEIGHTS),
    "weights_too_small": (0, INVALID_SIZE_TYPE, WEIGHTS),
    "activations_null": (0, INIT_FAILED, ACTIVATIONS),
    "activations_unaligned": (0, INIT_FAILED, ACTIVATIONS),
    "activations_too_small": (0, INVALID_SIZE_TYPE, ACTIVATIONS),
    "map_without_activations": (0, INIT_FAILED, ACTIVATIONS),
    "map_activations_no_array": (0, INVALID_PARAM, ACTIVATIONS),
    "map_weights_two": (0, INVALID_PARAM, WEIGHTS),
    "map_weights_none": (0, INVALID_PARAM, WEIGHTS),
    "run_after_failed_init": (0, INVALID_STATE, MISSED_INIT),
    "weights_begin_like_a_table": (1, NONE, NONE),
    "activations_over_weights": (0, INIT_FAILED, ACTIVATIONS),
    "output_over_weights": (0, INVALID_OUTPUT, IN_USE),
    "create_and_init_no_memory": (0, INIT_FAILED, ACTIVATIONS),
    "run_before_init": (0, INVALID_STATE, MISSED_INIT),
    "input_null": (0, INVALID_INPUT, POINTER),
    "output_null": (0, INVALID_OUTPUT, POINTER),
    "input_data_null": (0, INVALID_INPUT, POINTER),
    "output_data_null": (0, INVALID_OUTPUT, POINTER),
    "input_float": (0, INVALID_INPUT, FORMAT),
    "input_u8": (0, INVALID_INPUT, FORMAT),
    "output_float": (0, INVALID_OUTPUT, FORMAT),
    "input_no_batch": (0, INVALID_INPUT, BATCH),
    "input_too_long": (0, INVALID_INPUT, SIZE),
    "output_too_short": (0, INVALID_OUTPUT, SIZE),
    "input_too_short_without_shape": (0, INVALID_INPUT, SIZE),
    "fewer_outputs_than_inputs": (0, INVALID_OUTPUT, BATCH),
    "input_size_wraps": (0, INVALID_INPUT, SIZE),
    "input_batches_wrap": (0, INVALID_INPUT, SIZE),
    "flags_are_fine": (1, NONE, NONE),
    "batches_in_arena": (0, INVALID_INPUT, IN_USE),
    "batches_out_of_arena": (0, INVALID_OUTPUT, IN_USE),
    "batches_over_each_other": (0, INVALID_OUTPUT, IN_USE),
    "batches_beside_each_other": (2, NONE, NONE),
    "batches": (2, NONE, NONE),
    "first_of_two": (0, INVALID_INPUT, POINTER),
    "then_none": (0, NONE, NONE),
}


@pytest.fixture(scope="module", params=["host", "mps2_an500"])
def said(request: pytest.FixtureRequest, tiny: Network, build: Build) -> dict[str, tuple[int, ...]]:
    """What the program said on the console of a board."""
    done = run_program(request.param, build("misuse.c", tiny, request.param))
    assert done.status == 0
    lines = [line.split() for line in done.console.splitlines()]
    return {line[0]: tuple(int(word, 0) for word in line[1:]) for line in lines}


@pytest.mark.parametrize("what", EXPECTED)
def test_misuse(what: str, said: dict[str, tuple[int, ...]]) -> None:
    assert said[what] == EXPECTED[what]


def test_nothing_untested(said: dict[str, tuple[int, ...]]) -> None:
    assert list(said) == list(EXPECTED)
