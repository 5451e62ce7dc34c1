"""Programs linked as real projects link them: by whatever way they are built, with whatever linker
script and flags, they give the reference's bytes, or fail with one line before they run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.embed.hosts import Host, make_host
from tests.embed.machines import COMPILER, MACHINES, Machine
from tests.sampled import sampled

STRICT = "-Wall -Wextra -Wconversion -Wpedantic -Wcast-qual -Wshadow -Wundef -Werror"
F4 = MACHINES["netduinoplus2"]


def cmake_words(host: Host, machine: Machine, script: str = "cubemx.ld") -> list[str]:
    """Configure for a machine as a toolchain file would."""
    link = " ".join(machine.link_flags(str(host.root / script)))
    return [
        "cmake",
        "-G",
        "Ninja",
        "-B",
        "b",
        f"-DCMAKE_PREFIX_PATH={host.root}",
        "-DCMAKE_SYSTEM_NAME=Generic",
        f"-DCMAKE_C_COMPILER={COMPILER}",
        "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY",
        f"-DCMAKE_C_FLAGS={' '.join(machine.flags)}",
        f"-DCMAKE_EXE_LINKER_FLAGS={link}",
    ]


def make_words(machine: Machine, cflags: str = "-O2", script: str = "cubemx.ld") -> list[str]:
    """The command for a machine."""
    link = [*machine.link_flags(script), "-Wl,--gc-sections", "startup.c"]
    flags = [*machine.flags, cflags]
    return ["make", f"CC={COMPILER}", f"CFLAGS={' '.join(flags)}", f"LDFLAGS={' '.join(link)}"]


def build_with_cmake(host: Host, machine: Machine) -> str:
    """Build the example; returns the program."""
    host.append("CMakeLists.txt", "target_sources(product PRIVATE startup.c)\n")
    host.build(*cmake_words(host, machine))
    host.build("ninja", "-C", "b")
    return "b/product"


def build_with_make(host: Host, machine: Machine) -> str:
    """Build the example; returns the program."""
    host.build(*make_words(machine))
    return "product"


def build_with_scons(host: Host, machine: Machine) -> str:
    """Build the example; returns the program."""
    host.replace(
        "SConstruct", "env = Environment()", f"env = Environment({machine.scons_arguments()})"
    )
    host.replace("SConstruct", '["main.c"', '["main.c", "startup.c"')
    run = host.scons()
    assert run.status == 0, run.output
    return "product.elf"


WAYS = {
    "cmake/live": build_with_cmake,
    "cmake/subdirectory": build_with_cmake,
    "cmake/find": build_with_cmake,
    "make/live": build_with_make,
    "make/package": build_with_make,
    "scons": build_with_scons,
}


@pytest.mark.sample(3, each=lambda way: way.partition("/")[0])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_building(
    way: str, vendor: Path, package_parts: dict[str, Path], tmp_path: Path
) -> None:
    """A Cortex-M4 with a script of CubeMX's kind: .got and orphans would stay unfilled."""
    live = way.endswith("live") or way == "scons"
    host = make_host(tmp_path / "host", way, {"vendor/nn2flash": vendor} if live else package_parts)
    F4.copy_to(host.root)
    F4.check(host, WAYS[way](host, F4))


@pytest.fixture
def host(package_parts: dict[str, Path], tmp_path: Path) -> Host:
    """A host of Make with both packages."""
    host = make_host(tmp_path / "host", "make/package", package_parts)
    F4.copy_to(host.root)
    return host


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("script", "machine"),
    [("rodata_in_text.ld", "netduinoplus2"), ("data_at_end_of_text.ld", "lm3s6965evb")],
)
def test_linker_script(script: str, machine: str, host: Host) -> None:
    host.build(*make_words(MACHINES[machine], script=script))
    MACHINES[machine].check(host, "product")


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "flags",
    [
        f"-O2 -std=c11 {STRICT}",
        f"-Os -std=gnu99 {STRICT}",
        "-O2 -std=c89",
        "-Ofast",
        "-Og -flto",
    ],
)
def test_flags_of_the_host(flags: str, host: Host) -> None:
    host.build(*make_words(F4, flags))
    F4.check(host, "product")


def test_product_in_cpp(host: Host) -> None:
    """The product is C++17; its Makefile compiles C, too."""
    (host.root / "main.c").rename(host.root / "main.cpp")
    host.append(
        "Makefile", "main.o: main.cpp\n\tarm-none-eabi-g++ $(CPPFLAGS) $(CFLAGS) -c -o $@ $<\n"
    )
    host.append("Makefile", "main.o: override CFLAGS += -std=c++17 -fno-exceptions -fno-rtti\n")
    host.build(*make_words(F4))
    F4.check(host, "product")


# --- constants that are not in memory -------------------------------------------------------------

# What a linker script may get wrong: what it matches where it should not, and stays unfilled.
LOST = {
    "weights": "*(.rodata.nn.weights*)",
    "descriptions": "*(.rodata.digits_description .rodata.gearbox_description)",
    "tables": "*(.data.g_digits_*_table)",
    "all constants": "*libdigits.a:*(.rodata .rodata.*) *libgearbox.a:*(.rodata .rodata.*)",
}


# With link-time optimization the linker sees no files, and constant tables.
LOST_WITH = [*((lost, "") for lost in LOST), ("weights", "-flto"), ("descriptions", "-flto")]


@pytest.mark.parametrize(
    ("lost", "lto", "ram"),
    sampled([(*each, ram) for each in LOST_WITH for ram in ("garbage", "zeros")], 2),
)
def test_init_fails_without_its_constants(lost: str, lto: str, ram: str, host: Host) -> None:
    """Both networks refuse to start: main() returns 16, and 1 or 2 more for what begins."""
    program = Path(__file__).parent / "programs" / "start.c"
    (host.root / "main.c").write_text(program.read_text())
    lines = f".lost (NOLOAD) : {{ {LOST[lost]} }} > RAM\n    .text :"
    host.replace("cubemx.ld", ".text :", lines)
    host.build(*make_words(F4, f"-O2 -fdata-sections {lto}"))
    F4.write_memories(host.root, "product")
    if ram == "zeros":
        (host.root / "garbage.bin").write_bytes(bytes(F4.ram[1]))
    begun = host.run(*F4.command())
    # The st-ai interface has no tables.
    assert begun.status == (18 if lost == "tables" else 16), begun.output
