"""Names, values and memory layout of the legacy X-CUBE-AI interface on a Cortex-M7.

The numbers are the interface's own (ai_platform.h of X-CUBE-AI 7.2 to 10.2 and network.h of the
guide's network), not what this project's headers say.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import pytest

from codegen.generate import generate
from codegen.reader.qdq import read_graph
from tests.codegen.models import QdqModel
from tests.codegen.programs import run, toolchain
from tests.runtime.conftest import Network

LAYOUT = {
    "sizeof(ai_error)": 4,
    "sizeof(ai_buffer_shape)": 8,
    "sizeof(ai_buffer)": 28,
    "offsetof(ai_buffer, format)": 0,
    "offsetof(ai_buffer, data)": 4,
    "offsetof(ai_buffer, meta_info)": 8,
    "offsetof(ai_buffer, flags)": 12,
    "offsetof(ai_buffer, size)": 16,
    "offsetof(ai_buffer, shape)": 20,
    "offsetof(ai_buffer_shape, data)": 4,
    "sizeof(ai_buffer_array)": 8,
    "offsetof(ai_buffer_array, size)": 2,
    "offsetof(ai_buffer_array, buffer)": 4,
    "offsetof(ai_buffer_meta_info, intq_info)": 4,
    "sizeof(ai_intq_info_list)": 8,
    "offsetof(ai_intq_info_list, size)": 2,
    "offsetof(ai_intq_info_list, info)": 4,
    "offsetof(ai_intq_info, scale)": 0,
    "offsetof(ai_intq_info, zeropoint)": 4,
    "sizeof(ai_network_params)": 56,
    "offsetof(ai_network_params, activations)": 28,
    "offsetof(ai_network_params, map_signature)": 0,
    "offsetof(ai_network_params, map_weights)": 4,
    "offsetof(ai_network_params, map_activations)": 12,
    "sizeof(ai_platform_version)": 4,
    "sizeof(ai_network_report)": 136,
    "offsetof(ai_network_report, runtime_version)": 0x14,
    "offsetof(ai_network_report, n_macc)": 0x30,
    "offsetof(ai_network_report, inputs)": 0x3C,
    "offsetof(ai_network_report, n_nodes)": 0x7C,
    "sizeof(ai_handle)": 4,
    "sizeof(ai_bool)": 1,
    "sizeof(ai_size)": 4,
    "sizeof(ai_short_size)": 2,
    "sizeof(ai_macc)": 8,
    "sizeof(ai_shape_dimension)": 4,
    "sizeof(ai_buffer_format)": 4,
    "sizeof(ai_custom_type_signature)": 1,
}

VALUES = {
    "AI_BUFFER_FORMAT_NONE": 0x40,
    "AI_BUFFER_FORMAT_FLOAT": 0x00821040,
    "AI_BUFFER_FORMAT_U1": 0x400C0,
    "AI_BUFFER_FORMAT_U8": 0x40440,
    "AI_BUFFER_FORMAT_U16": 0x40840,
    "AI_BUFFER_FORMAT_U32": 0x41040,
    "AI_BUFFER_FORMAT_S1": 0x8400C0,
    "AI_BUFFER_FORMAT_S8": 0x840440,
    "AI_BUFFER_FORMAT_S16": 0x840840,
    "AI_BUFFER_FORMAT_S32": 0x841040,
    "AI_BUFFER_FORMAT_Q": 0x840040,
    "AI_BUFFER_FORMAT_Q7": 0x840447,
    "AI_BUFFER_FORMAT_Q15": 0x84084F,
    "AI_BUFFER_FORMAT_UQ": 0x40040,
    "AI_BUFFER_FORMAT_UQ7": 0x40447,
    "AI_BUFFER_FORMAT_UQ15": 0x4084F,
    "AI_BUFFER_FORMAT_BOOL": 0x60440,
    "AI_BUFFER_FMT_FLAG_CONST": 1 << 30,
    "AI_BUFFER_FMT_FLAG_STATIC": 1 << 29,
    "AI_BUFFER_FMT_FLAG_IS_IO": 1 << 27,
    "AI_BUFFER_FMT_MASK(-1)": 0x01FFFFFF,
    "AI_BUFFER_FMT_GET_FBITS(AI_BUFFER_FORMAT_Q7)": 7,
    "AI_BUFFER_FMT_GET_BITS(AI_BUFFER_FORMAT_FLOAT)": 32,
    "AI_BUFFER_FMT_GET_TYPE(AI_BUFFER_FORMAT_FLOAT)": 1,
    "AI_BUFFER_FMT_GET_TYPE(AI_BUFFER_FORMAT_S8)": 2,
    "AI_BUFFER_FMT_GET_TYPE(AI_BUFFER_FORMAT_BOOL)": 3,
    "AI_BUFFER_META_HAS_INTQ_INFO": 1,
    "AI_BUFFER_META_FLAG_SCALE_FLOAT": 1,
    "AI_BUFFER_META_FLAG_ZEROPOINT_U8": 2,
    "AI_BUFFER_META_FLAG_ZEROPOINT_S8": 4,
    "AI_SHAPE_BCWH": 1,
    "AI_SHAPE_BATCH": 0,
    "AI_SHAPE_IN_CHANNEL": 0,
    "AI_SHAPE_CHANNEL": 1,
    "AI_SHAPE_WIDTH": 2,
    "AI_SHAPE_HEIGHT": 3,
    "AI_SHAPE_DEPTH": 4,
    "AI_SHAPE_EXTENSION": 5,
    "AI_FLAG_NONE": 0,
    "AI_MAGIC_SIGNATURE": 0xA1FACADE,
    "AI_MAGIC_MARKER": 0xA1FACADE,
    "AI_VERSION(1, 2, 3)": 0x01020300,
    "AI_TOOLS_API_VERSION_1_3": 0x01030000,
    "AI_TOOLS_API_VERSION_1_5": 0x01050000,
    "AI_ERROR_NONE": 0,
    "AI_ERROR_TOOL_PLATFORM_API_MISMATCH": 1,
    "AI_ERROR_TYPES_MISMATCH": 2,
    "AI_ERROR_INVALID_HANDLE": 0x10,
    "AI_ERROR_INVALID_STATE": 0x11,
    "AI_ERROR_INVALID_INPUT": 0x12,
    "AI_ERROR_INVALID_OUTPUT": 0x13,
    "AI_ERROR_INVALID_PARAM": 0x14,
    "AI_ERROR_INVALID_SIGNATURE": 0x15,
    "AI_ERROR_INVALID_SIZE": 0x16,
    "AI_ERROR_INVALID_VALUE": 0x17,
    "AI_ERROR_INIT_FAILED": 0x30,
    "AI_ERROR_ALLOCATION_FAILED": 0x31,
    "AI_ERROR_DEALLOCATION_FAILED": 0x32,
    "AI_ERROR_CREATE_FAILED": 0x33,
    "AI_ERROR_CODE_NONE": 0,
    "AI_ERROR_CODE_NETWORK": 0x10,
    "AI_ERROR_CODE_NETWORK_PARAMS": 0x11,
    "AI_ERROR_CODE_NETWORK_WEIGHTS": 0x12,
    "AI_ERROR_CODE_NETWORK_ACTIVATIONS": 0x13,
    "AI_ERROR_CODE_LAYER": 0x14,
    "AI_ERROR_CODE_TENSOR": 0x15,
    "AI_ERROR_CODE_ARRAY": 0x16,
    "AI_ERROR_CODE_INVALID_PTR": 0x17,
    "AI_ERROR_CODE_INVALID_SIZE": 0x18,
    "AI_ERROR_CODE_INVALID_FORMAT": 0x19,
    "AI_ERROR_CODE_OUT_OF_RANGE": 0x20,
    "AI_ERROR_CODE_INVALID_BATCH": 0x21,
    "AI_ERROR_CODE_MISSED_INIT": 0x30,
    "AI_ERROR_CODE_IN_USE": 0x40,
    "AI_ERROR_CODE_LOCK": 0x41,
}

# What the guide's own project defines for 784-128-64-10.
MNIST = {
    "AI_NETWORK_ACTIVATIONS_ALIGNMENT": 4,
    "AI_NETWORK_INPUTS_IN_ACTIVATIONS": 4,
    "AI_NETWORK_OUTPUTS_IN_ACTIVATIONS": 4,
    "AI_NETWORK_IN_NUM": 1,
    "AI_NETWORK_IN_1_FORMAT": 0x840440,
    "AI_NETWORK_IN_1_HEIGHT": 1,
    "AI_NETWORK_IN_1_WIDTH": 28,
    "AI_NETWORK_IN_1_CHANNEL": 28,
    "AI_NETWORK_IN_1_SIZE": 784,
    "AI_NETWORK_IN_1_SIZE_BYTES": 784,
    "{AI_NETWORK_IN_SIZE}": 784,
    "{AI_NETWORK_IN_SIZE_BYTES}": 784,
    "AI_NETWORK_OUT_NUM": 1,
    "AI_NETWORK_OUT_1_FORMAT": 0x840440,
    "AI_NETWORK_OUT_1_CHANNEL": 10,
    "AI_NETWORK_OUT_1_SIZE": 10,
    "AI_NETWORK_OUT_1_SIZE_BYTES": 10,
    "{AI_NETWORK_OUT_SIZE}": 10,
    "{AI_NETWORK_OUT_SIZE_BYTES}": 10,
    "AI_NETWORK_N_NODES": 3,
    "sizeof(AI_NETWORK_MODEL_NAME)": len("network") + 1,
    "sizeof(AI_NETWORK_ORIGIN_MODEL_NAME)": len("network") + 1,
    "AI_NETWORK_DATA_CONFIG == NULL": 1,
    "AI_NETWORK_DATA_ACTIVATIONS_COUNT": 1,
    "AI_NETWORK_DATA_WEIGHTS_COUNT": 1,
    "AI_NETWORK_DATA_ACTIVATION_1_SIZE == AI_NETWORK_DATA_ACTIVATIONS_SIZE": 1,
    "AI_NETWORK_DATA_WEIGHT_1_SIZE == AI_NETWORK_DATA_WEIGHTS_SIZE": 1,
    "AI_NETWORK_DATA_WEIGHTS_SIZE >= 109992": 1,
    "AI_NETWORK_DATA_ACTIVATIONS_SIZE <= 3760": 1,
    "sizeof(*AI_NETWORK_DATA_ACTIVATIONS_TABLE_GET())": 4,
    "sizeof(g_network_activations_table)": 3 * 4,
    "sizeof(g_network_weights_table)": 3 * 4,
    "AI_TOOLS_API_VERSION_MAJOR": 1,
    "AI_TOOLS_API_VERSION_MINOR": 5,
    "AI_PLATFORM_API_MAJOR": 1,
    "AI_PLATFORM_API_MINOR": 2,
    "sizeof(AI_NETWORK_IN[0])": 28,
    "sizeof(AI_TOOLS_VERSION_MAJOR + AI_TOOLS_VERSION_MINOR + AI_TOOLS_VERSION_MICRO)": 4,
}


AXES = ("HEIGHT", "WIDTH", "CHANNEL")


def values(
    expressions: Iterable[str], headers: Iterable[str], includes: list[str], folder: Path
) -> list[int]:
    """The values that a Cortex-M7 program gives constant expressions.

    `{NAME}` is a macro that expands to an initializer of one element.
    """
    tools = toolchain("mps2_an500")
    lines = [f'#include "{header}"' for header in headers]
    lines.append("const ai_u32 values[][1] = {")
    lines += [
        f"    {text[1:-1]}," if text[0] == "{" else f"    {{(ai_u32)({text})}},"
        for text in expressions
    ]
    source, section = folder / "values.c", folder / "values.bin"
    source.write_text("\n".join([*lines, "};", ""]))
    built = tools.compile(source, folder / "values.o", *includes)
    run(["arm-none-eabi-objcopy", "-O", "binary", "-j", ".rodata.values", str(built), str(section)])
    return [value for (value,) in struct.iter_unpack("<I", section.read_bytes())]


@pytest.mark.parametrize("expected", [LAYOUT, VALUES], ids=["layout", "values"])
def test_platform(expected: dict[str, int], tmp_path: Path) -> None:
    includes = toolchain("mps2_an500").includes()
    found = values(expected, ["ai_platform.h"], includes, tmp_path)
    assert dict(zip(expected, found, strict=True)) == expected


def test_macros_of_the_guides_network(mnist: Network, tmp_path: Path) -> None:
    includes = toolchain("mps2_an500").includes(mnist.folder)
    found = values(MNIST, ["network.h", "network_data.h"], includes, tmp_path)
    assert dict(zip(MNIST, found, strict=True)) == MNIST


@pytest.mark.parametrize("kind", ["ACTIVATION", "WEIGHT"])
def test_sizes_as_a_table_are_the_sizes(kind: str, mnist: Network, tmp_path: Path) -> None:
    includes = toolchain("mps2_an500").includes(mnist.folder)
    names = [f"AI_NETWORK_DATA_{kind}S_SIZE", f"{{AI_NETWORK_DATA_{kind}S_SIZES}}"]
    total, first = values(names, ["network_data.h"], includes, tmp_path)
    assert total == first


def test_a_rank_of_one_has_no_width(mnist: Network) -> None:
    """Nor a height, as in ST's own network.h: programs test with #ifdef."""
    text = (mnist.folder / "network.h").read_text()
    assert "OUT_1_CHANNEL" in text
    assert "OUT_1_WIDTH" not in text and "OUT_1_HEIGHT" not in text


def test_a_rank_of_two_has_height_and_channel(tmp_path: Path) -> None:
    """The interface's order of a matrix: (h, 1, c)."""
    model = QdqModel((1, 5, 7)).qdq(0.1, 0).then("Tanh").qdq(1 / 128, 0)
    generate(read_graph(model.save(tmp_path / "m.onnx")), "matrix", tmp_path)
    names = [f"AI_MATRIX_{end}_1_{axis}" for end in ("IN", "OUT") for axis in AXES]
    includes = toolchain("mps2_an500").includes(tmp_path)
    assert values(names, ["matrix.h"], includes, tmp_path) == [5, 1, 7, 5, 1, 7]
