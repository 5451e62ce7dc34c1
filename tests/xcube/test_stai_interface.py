"""The built-in runtime behind the st-ai interface: used rightly and wrongly, with sanitizers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from codegen import reference
from codegen.generate import generate
from codegen.ir.graph import Graph
from tests.xcube.standins import RUNTIME

PROGRAM = Path(__file__).parent / "programs" / "stai_interface.c"
WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
# Debian's clang comes without the sanitizers' runtime.
COMPILERS = {"gcc": SANITIZERS, "clang": []}
CALLER = """#include "network.h"
#include "network_data.h"
int main() { return stai_runtime_init(); }
"""


@pytest.mark.sample(1)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_the_interface_on_the_host(tmp_path: Path, graph: Graph, compiler: str) -> None:
    generate(graph, "network", tmp_path, "st-ai")
    sources = [*tmp_path.glob("*.c"), *RUNTIME.rglob("*.c"), PROGRAM]
    program, inputs, outputs = (tmp_path / name for name in ("program", "inputs", "outputs"))
    subprocess.run(
        [
            compiler,
            *WARNINGS,
            *COMPILERS[compiler],
            "-g",
            "-O1",
            "-ffp-contract=off",
            f"-I{tmp_path}",
            f"-I{RUNTIME}",
            *map(str, sources),
            "-lm",
            "-o",
            str(program),
        ],
        check=True,
    )
    values = np.random.default_rng(5).integers(-128, 128, (50, graph.input.size)).astype(np.int8)
    inputs.write_bytes(values.tobytes())
    done = subprocess.run(
        [str(program), str(inputs), str(outputs)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert outputs.read_bytes() == reference.run(graph, values).tobytes()


def test_the_headers_are_c_plus_plus_too(tmp_path: Path, graph: Graph) -> None:
    generate(graph, "network", tmp_path, "st-ai")
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c++", "-"]
    command = ["g++", *flags, f"-I{tmp_path}", f"-I{RUNTIME}"]
    subprocess.run(command, input=CALLER, text=True, check=True)


def test_the_layout_on_arm(tmp_path: Path) -> None:
    """The header's own assertions, with the compiler that the interface is laid out for."""
    (tmp_path / "layout.c").write_text('#include "stai.h"\nint used;\n')
    subprocess.run(
        [
            "arm-none-eabi-gcc",
            *WARNINGS,
            "-mcpu=cortex-m7",
            "-mthumb",
            f"-I{RUNTIME}",
            "-fsyntax-only",
            str(tmp_path / "layout.c"),
        ],
        check=True,
    )
