"""What the compiled network and runtime look like to the application that links them."""

from __future__ import annotations

import itertools
import re
import subprocess
from pathlib import Path

import pytest

from tests.codegen.programs import (
    FIRMWARE,
    STRICT,
    compile_all,
    generated_sources,
    run,
    toolchain,
)
from tests.runtime.conftest import Network
from tests.sampled import sampled

# Beyond what the project promises: what embedders' own flags may add.
PEDANTIC = [
    "-Wshadow",
    "-Wundef",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
    "-Wpointer-arith",
    "-Wredundant-decls",
    "-Wdouble-promotion",
    "-Wswitch-enum",
]
RUNTIME = sorted((FIRMWARE / "runtime").rglob("*.c"))
# The only foreign functions: none allocates. Softmax divides 64-bit integers.
FOREIGN = {"memcpy", "memmove", "memset", "rintf", "__aeabi_uldivmod"}


def sources(network: Network) -> list[Path]:
    return [*generated_sources(network.folder, network.name), *RUNTIME]


def symbols(objects: list[Path], *options: str) -> set[str]:
    """Names that nm lists."""
    lines = run(["arm-none-eabi-nm", "--format=posix", *options, *map(str, objects)]).splitlines()
    return {line.split()[0] for line in lines if len(line.split()) > 1}


@pytest.mark.parametrize(
    ("compiler", "board", "level"),
    sampled(
        [
            (compiler, board, level)
            for compiler, board in (
                ("gcc", "host"),
                ("clang", "host"),
                ("arm-none-eabi-gcc", "mps2_an500"),
            )
            for level in ("-O0", "-Os", "-O3")
        ],
        3,
    ),
)
def test_no_warnings(  # noqa: PLR0917
    compiler: str, board: str, level: str, tiny: Network, mnist: Network, tmp_path: Path
) -> None:
    tools = toolchain(board, compiler, sanitize=False)
    for network in (tiny, mnist):
        flags = [*tools.includes(network.folder), *PEDANTIC, level]
        compile_all(tools, sources(network), tmp_path, *flags)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_no_extensions_but_those_of_the_interface(
    compiler: str, mnist: Network, tmp_path: Path
) -> None:
    """-Wpedantic: generated files keep to ISO C11."""
    tools = toolchain("host", compiler, sanitize=False)
    for source in sources(mnist):
        words = [compiler, *STRICT, "-Wpedantic", *tools.includes(mnist.folder), "-fsyntax-only"]
        if source.suffix == ".c":
            run([*words, str(source)])


def test_double_precision_is_never_used(mnist: Network, tmp_path: Path) -> None:
    """One emulator, and cores with a single-precision unit, know no double instruction."""
    tools = toolchain("mps2_an500")
    objects = compile_all(tools, sources(mnist), tmp_path, *tools.includes(mnist.folder))
    listing = run(["arm-none-eabi-objdump", "-d", *map(str, objects)])
    assert not re.findall(r"\bv\w+\.f64\b.*|__aeabi_d\w+", listing)


@pytest.mark.parametrize("name", ["tiny", "network"])
def test_every_global_name_has_the_networks_prefix(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    network: Network = request.getfixturevalue("mnist" if name == "network" else name)
    tools = toolchain("mps2_an500")
    made = compile_all(
        tools, generated_sources(network.folder, name), tmp_path, *tools.includes(network.folder)
    )
    names = symbols(made, "--extern-only", "--defined-only")
    assert f"ai_{name}_run" in names and f"g_{name}_weights_table" in names
    assert not {n for n in names if not re.match(rf"(ai_|g_)?{name}_", n)}


def test_the_runtime_defines_only_its_own_names(tmp_path: Path) -> None:
    tools = toolchain("mps2_an500")
    made = compile_all(tools, RUNTIME, tmp_path, *tools.includes())
    names = symbols(made, "--extern-only", "--defined-only")
    assert "nn_run" in names
    assert not {
        n for n in names if not re.match(r"nn_|ai_buffer_|ai_platform_|ai_layer_type_name|stai_", n)
    }


@pytest.mark.sample(1)
@pytest.mark.parametrize("name", ["mnist", "tiny"])
def test_no_heap_and_little_else_from_outside(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    network: Network = request.getfixturevalue(name)
    tools = toolchain("mps2_an500")
    made = compile_all(tools, sources(network), tmp_path, *tools.includes(network.folder))
    wanted = symbols(made, "--undefined-only") - symbols(made, "--defined-only")
    assert wanted <= FOREIGN


def test_constants_stay_out_of_ram(mnist: Network, tmp_path: Path) -> None:
    """Writable data: the instance, two tables, four shapes. No copy of anything else."""
    tools = toolchain("mps2_an500")
    made = compile_all(tools, sources(mnist), tmp_path, *tools.includes(mnist.folder))
    table = run(["arm-none-eabi-size", "-A", "-d", *map(str, made)])
    sizes = [line.split() for line in table.splitlines() if line.startswith((".data", ".bss"))]
    assert 0 < sum(int(size) for _, size, _ in sizes) <= 512


@pytest.mark.parametrize("pair", list(itertools.permutations(["tiny", "network"])))
def test_headers_of_two_networks_in_one_file(
    pair: tuple[str, str], tiny: Network, mnist: Network, tmp_path: Path
) -> None:
    """In both orders, and each twice."""
    source = tmp_path / "both.c"
    names = [f'#include "{name}{part}.h"' for name in pair * 2 for part in ("", "_data")]
    source.write_text("\n".join([*names, "int both;", ""]))
    tools = toolchain("host", sanitize=False)
    tools.compile(source, tmp_path / "both.o", *tools.includes(tiny.folder, mnist.folder))


@pytest.mark.parametrize(
    "header", sorted((FIRMWARE / "runtime").rglob("*.h")), ids=lambda h: h.name
)
@pytest.mark.parametrize("language", ["c", "c++"])
def test_each_header_stands_alone(header: Path, language: str) -> None:
    standard = "-std=c11" if language == "c" else "-std=c++17"
    words = ["gcc", "-x", language, standard, "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    includes = [f"-I{FIRMWARE / 'runtime'}", f"-I{FIRMWARE / 'runtime/kernels'}"]
    # As an include, not as the main file: a header's own static functions may be unused.
    done = subprocess.run(
        [*words, *includes, "-"],
        input=f'#include "{header}"\n',
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
