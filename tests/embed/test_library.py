"""What a library may not do to the program it is part of."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from codegen.version import VERSION
from tests.embed.hosts import Host, make_host
from tests.embed.machines import COMPILER, MACHINES
from tests.embed.models import WRITERS

PROGRAMS = Path(__file__).resolve().parent / "programs"
# Every name that the linker sees begins like this.
OWN = re.compile(
    r"(ai|stai|g)_(digits|gearbox)_\w+|(digits|gearbox)_\w+|nn_\w+"
    r"|ai_(buffer|layer|platform)_\w+|stai_\w+"
)
# Of the C library and the compiler: nothing that allocates, prints or locks.
NEEDED = re.compile(
    r"mem(cpy|move|set)|rintf|__aeabi_\w+|__(stack_chk|gnu_thumb1)\w*|_GLOBAL_OFFSET_TABLE_"
)


def run(*command: str, cwd: Path | None = None) -> str:
    """Run a tool, which must succeed; returns what it printed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def sources(packages: Path) -> list[Path]:
    """Every source of both packages, the runtime once."""
    folders = [packages / name / "network" for name in WRITERS]
    folders.append(packages / "digits" / "runtime")
    files = [path for folder in folders for path in sorted(folder.rglob("*.[cS]"))]
    assert len(files) > 10
    return files


def includes(packages: Path) -> list[str]:
    """Where the headers are."""
    return [f"-I{packages / n / d}" for n in WRITERS for d in ("network", "runtime")]


def compile_all(packages: Path, folder: Path, compiler: str, flags: Sequence[str]) -> list[Path]:
    """One object for each source, as a host would that has no build file of ours."""
    folder.mkdir()
    made = []
    for index, source in enumerate(sources(packages)):
        made.append(folder / f"{index}-{source.name}.o")
        words = [*flags, *includes(packages), "-c", str(source), "-o", str(made[-1])]
        run(compiler, *words)
    return made


@pytest.mark.sample(2, each=["processor"])
@pytest.mark.parametrize("further", ["", "-DNN_NO_LIBM"])
@pytest.mark.parametrize("processor", ["cortex-m7", "cortex-m0plus"])
def test_symbols_and_sections(processor: str, further: str, packages: Path, tmp_path: Path) -> None:
    """Own names only; no heap, no constructors, nothing common; without libm, nothing of it."""
    flags = [*MACHINES[processor].flags, "-O2", "-std=c11", *further.split()]
    objects = [str(path) for path in compile_all(packages, tmp_path / "o", COMPILER, flags)]
    symbols = [line.split() for line in run("arm-none-eabi-nm", *objects).splitlines()]
    kinds = {(words[-2], words[-1]) for words in symbols if len(words) >= 2}
    defined = {name for kind, name in kinds if kind in "TDBRAVW"}
    wanted = {name for kind, name in kinds if kind == "U"} - defined
    assert not {name for name in defined if not OWN.fullmatch(name)}
    assert not {name for name in wanted if not NEEDED.fullmatch(name)}
    assert ("rintf" in wanted) == (processor == "cortex-m0plus" and not further)
    assert not {name for kind, name in kinds if kind in "cC"}
    headers = run("arm-none-eabi-objdump", "-h", *objects)
    assert ".text" in headers
    assert not re.search(r"\.(init|fini|preinit)_array|\.[cd]tors|\.tbss|\.tdata", headers)
    # Both networks and one runtime, all of them, in one piece.
    run(
        COMPILER, *MACHINES[processor].flags, "-r", "-nostdlib", *objects, "-o", str(tmp_path / "r")
    )


@pytest.mark.parametrize("standard", ["c++11", "c++20"])
@pytest.mark.parametrize("compiler", ["g++", "clang++", "arm-none-eabi-g++"])
def test_cpp(compiler: str, standard: str, packages: Path, tmp_path: Path) -> None:
    program = PROGRAMS / "plus.cpp"
    strict = [f"-std={standard}", "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Wcast-qual"]
    strict += ["-Werror", *(MACHINES["cortex-m7"].flags if "arm" in compiler else ())]
    made = tmp_path / "plus.o"
    run(compiler, *strict, *includes(packages), "-c", str(program), "-o", str(made))
    if compiler == "g++" and standard == "c++11":
        objects = compile_all(packages, tmp_path / "o", "gcc", ["-std=c11"])
        elf = tmp_path / "plus"
        run(compiler, str(made), *map(str, objects), "-o", str(elf), "-lm")
        run(str(elf))


def test_two_networks_in_two_threads(packages: Path, tmp_path: Path) -> None:
    """Different networks share nothing that either writes: ThreadSanitizer looks on."""
    flags = ["-std=c11", "-O1", "-g", "-fsanitize=thread"]
    objects = compile_all(packages, tmp_path / "o", "gcc", flags)
    elf = tmp_path / "threads"
    words = [*flags, *includes(packages), str(PROGRAMS / "threads.c"), *map(str, objects)]
    run("gcc", *words, "-o", str(elf), "-lm", "-pthread")
    run(str(elf))


@pytest.mark.parametrize(
    ("setting", "section"),
    [
        ("", ".rodata.nn.weights"),
        ('-DNN_SECTION_WEIGHTS=__attribute__((section(".qspi")))', ".qspi"),
        ("-DNN_SECTION_WEIGHTS=", ".rodata"),
    ],
)
@pytest.mark.parametrize("name", WRITERS)
def test_host_places_the_constants(
    name: str, setting: str, section: str, packages: Path, tmp_path: Path
) -> None:
    made = tmp_path / "data.o"
    source = packages / name / "network" / f"{name}_data.c"
    flags = ["-std=c11", *([setting] if setting else []), *includes(packages)]
    run(COMPILER, *MACHINES["cortex-m7"].flags, *flags, "-c", str(source), "-o", str(made))
    table = run("arm-none-eabi-objdump", "-t", str(made))
    weights = [line.split() for line in table.splitlines() if line.endswith(f"{name}_weights")]
    weights += [x.split() for x in table.splitlines() if x.endswith(f"{name}_weights_array")]
    assert [words[-3] for words in weights] == [section]


@pytest.mark.parametrize(
    ("setting", "section"),
    [("-DUNUSED", ".text.nn.kernels"), ("-DNN_SECTION_KERNELS=.itcm", ".itcm")],
)
@pytest.mark.parametrize("name", WRITERS)
def test_host_places_the_kernels(
    name: str, setting: str, section: str, packages: Path, tmp_path: Path
) -> None:
    made = tmp_path / "kernels.o"
    source = packages / name / "network" / f"{name}_assembly.S"
    words = [*MACHINES["cortex-m7"].flags, setting, *includes(packages), "-c", str(source)]
    run(COMPILER, *words, "-o", str(made))
    table = run("arm-none-eabi-objdump", "-t", str(made)).splitlines()
    functions = [x.split() for x in table if " g " in x and "F" in x.split()]
    assert functions
    assert {words[-3] for words in functions} == {section}


def test_clang_for_a_cortex_m(
    packages: Path, package_parts: dict[str, Path], tmp_path: Path
) -> None:
    """The library compiled by clang with newlib's headers, the program by GCC."""
    machine = MACHINES["cortex-m7"]
    host = make_host(tmp_path / "host", "make/package", package_parts)
    machine.copy_to(host.root)
    specs = run(COMPILER, "-print-file-name=nano.specs").strip()
    headers = Path(specs).resolve().parents[1] / "include"
    flags = ["--target=arm-none-eabi", *machine.flags, "-isystem", str(headers)]
    flags += ["-O2", "-std=c11", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"]
    objects = compile_all(packages, tmp_path / "o", "clang", flags)
    program = ["main.c", "startup.c", *map(str, objects)]
    host.build(
        COMPILER, *machine.link_flags(), *includes(packages), *program, "-o", "product", "-lm"
    )
    machine.check(host, "product")


def test_flags_of_the_host_do_not_change_bytes(
    packages: Path, package_parts: dict[str, Path], tmp_path: Path
) -> None:
    """No build file of ours, GNU C, fused operations allowed: an IDE's defaults."""
    machine = MACHINES["cortex-m7"]
    host = make_host(tmp_path / "host", "make/package", package_parts)
    machine.copy_to(host.root)
    flags = ["-std=gnu17", "-O3", "-ffp-contract=fast", *includes(packages)]
    program = ["main.c", "startup.c", *map(str, sources(packages))]
    host.build(COMPILER, *machine.link_flags(), *flags, *program, "-o", "product", "-lm")
    machine.check(host, "product")


def test_fast_math_is_refused(packages: Path, tmp_path: Path) -> None:
    """Where no build file of ours takes it back."""
    source = packages / "gearbox" / "runtime" / "kernels" / "nn_elementwise.c"
    words = ["gcc", "-Ofast", *includes(packages), "-c", str(source), "-o", str(tmp_path / "o")]
    made = subprocess.run(words, capture_output=True, text=True, check=False)
    assert made.returncode != 0
    assert "-ffast-math, -Ofast and their parts change results" in made.stderr


def link_with_other_version(host: Host, packages: Path) -> str:
    """Sources of one version, the runtime of another: what the linker says."""
    header = packages / "digits" / "runtime" / "nn_runtime.h"
    newer = host.root / "newer"
    newer.mkdir()
    for path in header.parent.glob("*.h"):
        text = path.read_text()
        (newer / path.name).write_text(
            text.replace("NN_RUNTIME_VERSION_MICRO 0", "NN_RUNTIME_VERSION_MICRO 9")
        )
    assert "MICRO 9" in (newer / "nn_runtime.h").read_text()
    host.build("make", "nn2flash-build/libnn2flash_runtime.a")
    files = [f"{name}/network/{name}{part}" for name in WRITERS for part in (".c", "_data.c")]
    files.append("digits/network/digits_data_params.c")
    words = ["-Inewer", "-Idigits/network", "-Igearbox/network", "-Idigits/runtime", "main.c"]
    runtime = "nn2flash-build/libnn2flash_runtime.a"
    return host.run("gcc", *words, *files, runtime, "-o", "product", "-lm").output


def test_versions_are_not_mixed(
    packages: Path, package_parts: dict[str, Path], tmp_path: Path
) -> None:
    host = make_host(tmp_path / "host", "make/package", package_parts)
    said = link_with_other_version(host, packages)
    major, minor, _ = VERSION
    for function in ("nn_init", "nn_stai_run"):
        assert re.search(rf"undefined reference to .{function}_{major}_{minor}_9", said), said
