"""What a network brings for its ends: quantizing, the largest output, a test of itself."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from codegen.reader.qdq import read_graph
from codegen.reference import quantize
from codegen.selftest import input_bytes
from tests.embed.models import WRITERS
from tests.embed.test_library import compile_all, includes, run

PROGRAMS = Path(__file__).resolve().parent / "programs"


@pytest.fixture
def objects(packages: Path, tmp_path: Path) -> list[str]:
    """Both packages, compiled for this computer with sanitizers."""
    flags = ["-std=c11", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    return [str(path) for path in compile_all(packages, tmp_path / "o", "gcc", flags)]


def link(program: Path, objects: list[str], packages: Path, elf: Path) -> None:
    """A program with both networks."""
    words = [
        "-std=c11",
        "-Wall",
        "-Wextra",
        "-Wconversion",
        "-Werror",
        "-fsanitize=address,undefined",
    ]
    run("gcc", *words, *includes(packages), str(program), *objects, "-o", str(elf), "-lm")


def test_ends(packages: Path, objects: list[str], tmp_path: Path) -> None:
    """Quantized as by the reference, halves and values beyond the ends included; what is no number
    counts as 0. Real outputs and the largest one by definition."""
    link(PROGRAMS / "ends.c", objects, packages, tmp_path / "ends")
    graph = read_graph(packages / "digits.onnx")
    scale = np.float32(graph.input.quantization.scale)
    rng = np.random.default_rng(5)
    values = rng.uniform(-9, 9, 40).astype(np.float32)
    values[:8] = np.array([0.5, 1.5, 2.5, -0.5, -1.5, 300, -300, 0], np.float32) * scale
    outputs = rng.integers(-128, 128, 12).astype(np.int8)
    outputs[3] = outputs[7] = 127
    given = tmp_path / "given"
    for extreme, real in ((np.nan, 0), (np.inf, 3e38), (-np.inf, -3e38)):
        sent, meant = values.copy(), values.copy()
        sent[9], meant[9] = extreme, real
        given.write_bytes(sent.tobytes() + outputs.tobytes())
        done = subprocess.run(
            [tmp_path / "ends"], stdin=given.open("rb"), capture_output=True, check=True
        )
        bytes_, rest = done.stdout[:40], done.stdout[40:]
        np.testing.assert_array_equal(
            np.frombuffer(bytes_, np.int8), quantize(meant[None], graph.input)[0]
        )
        of = graph.output.quantization
        reals = (outputs.astype(np.float32) - np.float32(of.zero_point)) * np.float32(of.scale)
        np.testing.assert_array_equal(np.frombuffer(rest[:48], np.float32), reals)
        assert rest[48:] == bytes([int(np.argmax(outputs))])


def test_macros_say_the_quantization(packages: Path, tmp_path: Path) -> None:
    """In either interface, each end's scale and zero point are those of the model."""
    for name, prefix in (("digits", "AI"), ("gearbox", "STAI")):
        graph = read_graph(packages / f"{name}.onnx")
        checks = []
        for port, tensor in (("IN", graph.input), ("OUT", graph.output)):
            macro = f"{prefix}_{name.upper()}_{port}_1"
            quantization = tensor.quantization
            checks += [
                f"{macro}_SCALE == {float(quantization.scale).hex()}f",
                f"{macro}_ZERO_POINT == {quantization.zero_point}",
            ]
        source = tmp_path / f"{name}.c"
        source.write_text(
            f'#include "{name}.h"\nint main(void) {{ return {" && ".join(checks)} ? 0 : 1; }}\n'
        )
        run("gcc", *includes(packages), str(source), "-o", str(tmp_path / name))
        run(str(tmp_path / name))


@pytest.mark.sample(1)
@pytest.mark.parametrize("name", WRITERS)
def test_example_tests_itself(
    name: str, packages: Path, objects: list[str], tmp_path: Path
) -> None:
    """The package's own example passes; on another input than was meant, it finds wrong bytes."""
    example = packages / name / "example" / "main.c"
    link(example, objects, packages, tmp_path / "example")
    assert f"{name}: self-test passed" in run(str(tmp_path / "example"))
    text = (packages / name / "network" / f"{name}_selftest.c").read_text()
    changed, other = tmp_path / "changed.c", tmp_path / "changed.o"
    changed.write_text(re.sub(r"nn_selftest_input\(\d+u", "nn_selftest_input(99u", text))
    words = ["-std=c11", "-fsanitize=address,undefined", *includes(packages)]
    run("gcc", *words, "-c", str(changed), "-o", str(other))
    rest = [path for path in objects if f"{name}_selftest" not in path]
    link(example, [*rest, str(other)], packages, tmp_path / "wrong")
    done = subprocess.run([tmp_path / "wrong"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "self-test failed" in done.stdout


def test_made_up_inputs_are_those_of_c() -> None:
    """nn_selftest_input by its definition, one step after the other."""
    state, expected = 7, []
    for _ in range(1000):
        state = (state * 1664525 + 1013904223) % 2**32
        expected.append((state >> 24) - 128)
    assert input_bytes(7, 1000).tolist() == expected


def test_rounding_without_libm(packages: Path, tmp_path: Path) -> None:
    """Every float32 of a sample and all ties, as rintf() rounds them."""
    words = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-DNN_NO_LIBM"]
    program = PROGRAMS / "rounding.c"
    run("gcc", *words, *includes(packages), str(program), "-o", str(tmp_path / "rounding"), "-lm")
    run(str(tmp_path / "rounding"))
