"""A model that cannot be built: one message that names file, node and remedy, and nothing else."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from onnx import TensorProto

from tests.codegen import wrong_models as wrong
from tests.codegen.conftest import Refusal, Refused, check
from tests.codegen.programs import ROOT
from tests.codegen.wrong_models import Make, changed, content, saved

# name: (how to make it, what the message says, what the remedy says)
MODELS: dict[str, tuple[Make, str, str]] = {
    # operators and structure
    "unsupported_operator": (
        saved(wrong.sine),
        r"node 'sin_2' \(Sin\): unsupported operator",
        "docs/operators.md lists",
    ),
    "unknown_domain": (
        changed(wrong.own_domain),
        r"'relu_6' \(Relu\): domain 'my.company' is unknown",
        "ONNX's own operators",
    ),
    "local_function": (changed(wrong.local_function), "local functions.*'helper'", "inline"),
    "skip_connection": (
        changed(wrong.skip_connection),
        r"'gemm_11' \(Gemm\): its input has shape \[1, 6\], its weights need \[1, 5\]",
        "flatten the input",
    ),
    "cycle": (
        changed(wrong.cycle),
        r"'flatten_2' .*reads 'relu_6_out', which depends on it: a cycle",
        "export",
    ),
    "read_from_nowhere": (
        changed(wrong.read_from_nowhere),
        "'gemm_11' .*reads 'nowhere', which nothing writes",
        "export",
    ),
    "unused_input": (changed(wrong.two_inputs), "input 'more' is not used", "leave it out"),
    "input_quantized_twice": (
        saved(wrong.input_quantized_twice),
        "'quantizelinear_5' .*quantizes input 'input' otherwise than another node",
        "quantize the input once",
    ),
    "output_is_an_input": (
        changed(wrong.output_is_an_input),
        "output 'input' is one of the model's inputs",
        "a network that computes",
    ),
    "output_is_a_constant": (
        changed(wrong.output_is_a_constant),
        "the output 'constant_0' is a constant",
        "export",
    ),
    "two_shapes_added": (
        saved(wrong.two_shapes_added, check=False),
        r"'add_\d+' .*its operands have shapes \[1, 5\] and \[1, 6\]",
        "can be broadcast",
    ),
    "float_output": (
        changed(wrong.two_outputs),
        "'gemm_5': its result is the model's output, and is not quantized",
        "quantize what it reads and writes",
    ),
    "output_in_the_middle": (
        changed(wrong.output_in_the_middle),
        "'gemm_5': its result is the model's output, and is not quantized",
        "quantize what it reads and writes",
    ),
    "written_twice": (
        changed(wrong.written_twice),
        "'flatten_2' .*writes 'input', which exists already",
        "export",
    ),
    "no_output": (changed(wrong.no_output), "'relu_6' .*has 0 outputs, not 1", "export"),
    "unnamed_output": (
        changed(lambda m: wrong.node(m, "Relu").output.__setitem__(0, "")),
        "'relu_6' .*has no output",
        "export",
    ),
    "too_many_operands": (
        changed(lambda m: wrong.node(m, "Relu").input.append("constant_4")),
        r"'relu_6' \(Relu\): has 2 inputs, not 1",
        "opset 17",
    ),
    "unknown_attribute": (
        changed(lambda m: wrong.add_attribute(wrong.node(m, "Gemm"), "activation", "relu")),
        "'gemm_5' .*has the unknown attribute 'activation' in opset 17",
        "opset 17",
    ),
    "attribute_of_another_opset": (
        changed(lambda m: wrong.add_attribute(wrong.node(m, "QuantizeLinear"), "output_dtype", 3)),
        "'quantizelinear_0' .*has the unknown attribute 'output_dtype' in opset 17",
        "opset 17",
    ),
    "attribute_twice": (
        changed(lambda m: wrong.add_attribute(wrong.node(m, "Flatten"), "axis", 1)),
        "'flatten_2' .*has the unknown attribute 'axis'",
        "opset 17",
    ),
    "attribute_of_wrong_type": (
        changed(lambda m: wrong.add_attribute(wrong.node(m, "Softmax"), "axis", 0.5), "Softmax"),
        "'softmax_14' .*attribute 'axis' has a wrong type",
        "opset 17",
    ),
    "bound_of_integers": (
        saved(wrong.integer_bound, check=False),
        r"'clip_2' .*its bound is int8",
        "export",
    ),
    "output_of_another_type": (
        changed(lambda m: wrong.declare_output(m, TensorProto.INT8)),
        "output '.*' is declared with another type than it has",
        "export",
    ),
    "name_is_not_text": (wrong.replaced(b"Gemm", b"G\xff\xfem"), "a name is not UTF-8", "whole"),
    "constant_first": (
        changed(wrong.constant_first),
        "'gemm_5' .*its first operand is a constant",
        "export",
    ),
    "weights_not_constant": (
        saved(wrong.weights_not_constant, check=False),
        "'gemm_2' .*operand 'dequantizelinear_1_out' is not a constant of the model",
        "constant operands",
    ),
    "control_flow": (
        changed(wrong.control_flow),
        r"\(If\): unsupported operator",
        "docs/operators.md lists",
    ),
    "empty_graph": (
        changed(lambda m: m.graph.ClearField("node")),
        "holds no ONNX graph",
        "export the model again",
    ),
    "no_graph": (changed(lambda m: m.ClearField("graph")), "holds no ONNX graph", "export"),
    # shapes
    "dynamic_size": (
        wrong.input_shape(1, "w"),
        "dynamic dimension 'w' at position 1",
        "fixed shape",
    ),
    "unnamed_dynamic": (wrong.input_shape(1, None), r"dynamic dimension '\?'", "fixed shape"),
    "batch_of_two": (wrong.input_shape(2, 6), r"shape \[2, 6\]; rank 2 to 4 with batch 1", r"784"),
    "rank_one": (wrong.input_shape(6), r"rank 2 to 4", "batch 1"),
    "rank_five": (wrong.input_shape(1, 1, 1, 2, 3), r"rank 2 to 4", "batch 1"),
    "no_shape": (changed(wrong.no_shape), "input 'input' has no shape", "fixed shape"),
    "float64_input": (
        wrong.input_type(TensorProto.DOUBLE),
        "neither float32 nor 8-bit",
        "float32 input",
    ),
    "weights_of_rank_three": (
        wrong.weights([[[1, 2, 3, 4, 5, 6]]]),
        "'gemm_3' .*its weights are int64|'dequantizelinear_2' .*dequantizes int64",
        "",
    ),
    "weights_of_other_size": (
        wrong.weights(wrong.WEIGHTS[:, :5]),
        r"'gemm_3' .*input has shape \[1, 6\], its weights need \[1, 5\]",
        "flatten",
    ),
    "weights_empty": (wrong.weights(wrong.WEIGHTS[:0]), "'gemm_3' .*weights are empty", "export"),
    "bias_of_other_size": (
        wrong.weights(wrong.WEIGHTS, 0.1, wrong.BIAS[:3].astype("f")),
        r"'gemm_3' .*its bias has shape \[3\], not \[5\]",
        "export",
    ),
    "bias_without_scale": (
        wrong.weights(wrong.WEIGHTS, 0.1, wrong.BIAS),
        "'gemm_3' .*its bias is int32 without a scale",
        "quantize",
    ),
    "not_flattened": (
        saved(wrong.not_flattened, check=False),
        r"'matmul_3' .*shape \[1, 2, 5\], its weights need 6 at the end",
        "export",
    ),
    # quantization
    "float_model": (
        saved(wrong.float_model),
        "a float network",
        r"calibration=x.npz \(without scons: nn2flash quantize\)",
    ),
    "float_weights": (
        saved(wrong.float_weights),
        "'gemm_2' .*its weights are float32, not quantized",
        "quantize_static",
    ),
    "missing_between": (
        saved(wrong.missing_between),
        "'gemm_6' .*not quantized: no .* pair after 'gemm_3'",
        "extract_model",
    ),
    "missing_at_the_end": (
        saved(wrong.missing_at_the_end),
        "'gemm_3': its result is the model's output, and is not quantized",
        "extract_model",
    ),
    "missing_at_the_start": (
        saved(wrong.missing_at_the_start),
        "'relu_0' .*not quantized",
        "extract_model",
    ),
    "operator_format": (
        saved(wrong.operator_format, check=False),
        "'relu_2' .*integers without a DequantizeLinear",
        "QDQ format",
    ),
    "scale_zero": (
        wrong.scale(0),
        "'quantizelinear_0' .*scale 0.0 .*not a positive",
        "calibration",
    ),
    "scale_negative": (wrong.scale(-0.5), "'quantizelinear_0' .*scale -0.5", "calibration"),
    "scale_nan": (wrong.scale("nan"), "'quantizelinear_0' .*scale nan", "calibration"),
    "scale_infinite": (wrong.scale("inf"), "'quantizelinear_0' .*scale inf", "calibration"),
    "scale_of_rank_two": (
        wrong.scale([[0.1, 0.1]]),
        r"must be float32, a scalar .*\[1, 2\]",
        "per",
    ),
    "scale_empty": (wrong.scale([]), r"must be float32, a scalar .*\[0\]", "per tensor"),
    "zero_points_too_many": (wrong.zero_point([1, 2], "i1"), "1 scales but 2 zero points", "again"),
    "zero_point_float": (wrong.zero_point(0, "f4"), "does not quantize to int8|type float", ""),
    "dequantized_otherwise": (
        saved(wrong.dequantized_otherwise),
        "'dequantizelinear_1' .*differs from the QuantizeLinear before it",
        "quantize the model again",
    ),
    "dequantized_as_unsigned": (
        saved(wrong.dequantized_as_unsigned, check=False),
        "'dequantizelinear_1' .*zero point is uint8, its input int8",
        "quantize the model again",
    ),
    "activations_per_channel": (
        saved(wrong.activations_per_channel),
        "'quantizelinear_0' .*activations must be quantized per tensor",
        "per tensor",
    ),
    "weights_per_input": (
        saved(wrong.weights_per_input),
        "'gemm_3' .*quantized per input channel",
        "per output channel",
    ),
    "scales_of_another_number": (
        saved(wrong.scales_of_another_number, check=False),
        r"'dequantizelinear_2' .*4 scales do not match axis 0 of shape \[5, 6\]",
        "quantize",
    ),
    "in_blocks": (saved(wrong.in_blocks, check=False), "quantizes in blocks", "per channel"),
    "sixteen_bits": (saved(wrong.sixteen_bits), "type INT16 is not supported", "8 bits"),
    "nan_in_weights": (
        saved(wrong.nan_in_weights),
        "'quantizelinear_2' .*not finite",
        "train the model again",
    ),
    # files
    "empty_file": (content(b""), "holds no ONNX graph", "export"),
    "text": (content(b"no model at all\n" * 9), "not an ONNX file", "whole"),
    "pickle": (
        content(b"\x80\x04\x95\x10\x00\x00\x00"),
        "a pickle, such as PyTorch.s old files",
        "export it",
    ),
    "zip": (content(b"PK\x03\x04" + bytes(60)), "an archive, not ONNX", "unpack it"),
    "truncated_early": (wrong.truncated(0.02), "not an ONNX file, or a truncated one", "whole"),
    "truncated_late": (wrong.truncated(0.97), "not an ONNX file, or a truncated one", "whole"),
    "external_data": (
        wrong.external_data("weights.bin"),
        "initializer 'constant_4': its data is in 'weights.bin', which is not beside the model",
        "same folder",
    ),
    "path_traversal": (
        wrong.external_data("../../../../etc/passwd"),
        "initializer 'constant_4': keeps its data in '../../../../etc/passwd', not beside",
        "single file",
    ),
    "absolute_path": (wrong.external_data("/etc/passwd"), "not beside the model", "single file"),
    "external_folder": (wrong.external_data("."), "not beside the model", "single file"),
    "external_offset": (
        wrong.external_data("model.onnx", offset="-1"),
        "initializer 'constant_4': its offset is '-1'",
        "single file",
    ),
    "external_beyond_the_end": (
        wrong.external_data("model.onnx", offset="1", length="99999999"),
        "initializer 'constant_4': 'model.onnx' ends before its data",
        "single file",
    ),
    "external_constant_node": (
        changed(wrong.external_constant_node),
        "constant 'more': keeps its data in another file",
        "single file",
    ),
    "opset_6": (wrong.opset(6), r"opset 6 is outside 7 to \d\d", "opset 17"),
    "opset_99": (wrong.opset(99), r"opset 99 is outside 7 to \d\d", "opset 17"),
    "older_than_its_operators": (
        wrong.opset(9),
        "opset 9 cannot be lifted to 13 .*QuantizeLinear",
        "opset 17",
    ),
    "no_opset": (wrong.opset(None), "names no ONNX opset", "opset 17"),
    "constant_twice": (
        changed(wrong.constant_twice),
        "initializer 'constant_4': is there twice",
        "export",
    ),
    "data_too_short": (
        changed(lambda m: setattr(wrong.constant(m, "constant_4"), "raw_data", b"12")),
        r"initializer 'constant_4': shape \[5, 6\] needs 30 elements, the file has 2",
        "damaged",
    ),
    "long_and_strange_name": (
        wrong.long_name("a\n\x1b[31m" * 100_000),
        r"node 'a\\n\\x1b\[31ma.*….*' \(Sin\): unsupported operator",
        "supported",
    ),
}

# Hostile ones, run under a limit of memory and time.
HOSTILE: dict[str, tuple[Make, str, str]] = {
    "billion_elements_in": (
        wrong.input_shape(1, 10**9),
        r"shape \[1, 1000000000\]: more than 16,777,216",
        "microcontroller",
    ),
    "shape_that_wraps": (wrong.input_shape(1, 2**32, 2**32, 2**32), "more than", "microcontroller"),
    "billion_elements": (
        wrong.shape_without_data(10**5, 10**4),
        r"'constant_4': shape \[100000, 10000\] has more than",
        "microcontroller",
    ),
    "elements_beyond_64_bits": (
        wrong.shape_without_data(2**62, 2**62, 2**62),
        "'constant_4': shape .*has more than",
        "microcontroller",
    ),
    "nothing_times_huge": (
        wrong.shape_without_data(0, 2**62),
        "'constant_4': shape .*has more than",
        "microcontroller",
    ),
    "negative_dimension": (wrong.shape_without_data(-5, 6), "negative dimension", "export"),
    "many_dimensions": (changed(wrong.many_dimensions), "has 300,000 dimensions", "export"),
    "hundred_thousand_nodes": (
        wrong.many_nodes(100_000, named=True),
        r"100,0\d\d nodes are more than 4,096",
        "microcontroller",
    ),
    "millions_of_empty_nodes": (
        wrong.many_nodes(5_000_000, named=False),
        "more than 200,000 parts",
        "microcontroller",
    ),
    "millions_of_attributes": (wrong.many_attributes, "more than 200,000 parts", "microcontroller"),
    "shared_constant": (
        changed(wrong.shared_constant),
        r"'q\d+' .*constants together have more than",
        "microcontroller",
    ),
    "deeply_nested": (wrong.nested(5000), "not an ONNX file", "whole"),
    "too_large": (
        content(bytes(64 * 2**20 + 1)),
        "67,108,865 bytes is larger than 67,108,864",
        "microcontroller",
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_model(name: str, tmp_path: Path, refused: Refused) -> None:
    make, message, remedy = MODELS[name]
    model, out = make(tmp_path), tmp_path / "out"
    refusal = refused("generate", "--model", model, "--out-dir", out)
    check_model(refusal, model, message, remedy)
    assert not out.exists()


@pytest.mark.parametrize("path", ["none.onnx", "none.onnx/below", "folder"])
def test_no_file(path: str, tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "folder").mkdir()
    refusal = refused("generate", "--model", tmp_path / path, "--out-dir", tmp_path / "out")
    check_model(refusal, tmp_path / path, "no such file|not a file", "path of an .onnx")


@pytest.mark.sample(5)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_model(name: str, tmp_path: Path) -> None:
    """In a process of its own: 1.5 GiB of address space, 10 s of processor time."""
    make, message, remedy = HOSTILE[name]
    model = make(tmp_path)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (3 << 29, 3 << 29))
        resource.setrlimit(resource.RLIMIT_CPU, (10, 10))

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "codegen",
            "generate",
            "--model",
            model,
            "--out-dir",
            tmp_path / "out",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )
    check_model(Refusal(done.returncode, done.stdout, done.stderr), model, message, remedy)
    assert not (tmp_path / "out").exists()


def check_model(refusal: Refusal, model: Path, message: str, remedy: str) -> None:
    """One short message that begins with the file."""
    check(refusal, f"^codegen: error: {re.escape(str(model))}: .*({message})", remedy)
    line = refusal.stderr.splitlines()[0]
    assert len(line) < len(str(model)) + 300 and line.isprintable()
