"""Bundles that are refused: one message each, with what to do."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from codegen.ir.graph import Graph
from codegen.xcube import library
from codegen.xcube.bundle import import_bundle
from codegen.xcube.library import members
from support.errors import UserError
from support.removal import remove_temporary_folder
from tests.xcube.helpers import Make, edit, request
from tests.xcube.standins import CORTEX_M4, Standin, write_library, write_network, write_pack


def no_library(bundle: Path) -> None:
    next(bundle.rglob("*.a")).unlink()


def no_headers(bundle: Path) -> None:
    remove_temporary_folder(bundle / "Middlewares" / "ST" / "AI" / "Inc")


def no_network(bundle: Path) -> None:
    remove_temporary_folder(bundle / "X-CUBE-AI")
    remove_temporary_folder(bundle / ".ai")


def no_weights(bundle: Path) -> None:
    edit(bundle, "network_data_params.c", "const ai_u64", "extern ai_u64")


def without_params(bundle: Path) -> None:
    remove_temporary_folder(bundle / ".ai")
    for path in bundle.rglob("network_data_params.*"):
        path.unlink()


def old_layout(bundle: Path) -> None:
    without_params(bundle)
    edit(bundle, "network_config.h", "MAJOR 1\n", "MAJOR 5\n")


def stale_header(bundle: Path) -> None:
    """5.0.0's own headers carry 4.1.0: they are not asked."""
    without_params(bundle)
    edit(bundle, "network_config.h", "#define AI_TOOLS_VERSION_MAJOR", "#define MAJOR")
    edit(bundle, "core_datatypes.h", "MAJOR    (9)", "MAJOR    (4)")


def a_part_is_missing(bundle: Path) -> None:
    """Too large for a repository, say."""
    remove_temporary_folder(bundle / ".ai")
    (bundle / "X-CUBE-AI" / "App" / "network_data_params.c").unlink()


def other_code(bundle: Path) -> None:
    no_network(bundle)
    (bundle / "Core" / "Src" / "common_data.c").write_text("int x;\n")


def float_and_another_core(bundle: Path) -> None:
    float_input(bundle)
    another_core_by_name(bundle)


def older_than_supported(bundle: Path) -> None:
    for number in ("1", "2"):
        edit(bundle, "network_config.h", f"MAJOR {number}\n", "MAJOR 7\n")


def float_input(bundle: Path) -> None:
    edit(
        bundle,
        "network.h",
        "IN_1_FORMAT (AI_BUFFER_FORMAT_S8)",
        "IN_1_FORMAT (AI_BUFFER_FORMAT_FLOAT)",
    )


def two_inputs(bundle: Path) -> None:
    edit(bundle, "network.h", "_IN_NUM (1)", "_IN_NUM (2)")


def relocatable(bundle: Path) -> None:
    no_network(bundle)
    (bundle / "network_rel.bin").touch()


def for_the_npu(bundle: Path) -> None:
    no_network(bundle)
    (bundle / "stai_network.c").touch()


def header_is_missing(bundle: Path) -> None:
    next(bundle.rglob("ai_platform_interface.h")).unlink()


def other_compiler(bundle: Path) -> None:
    library = next(bundle.rglob("*.a"))
    library.rename(library.with_name("NetworkRuntime910_CM7_IAR.a"))


def another_core_by_name(bundle: Path) -> None:
    library = next(bundle.rglob("*.a"))
    library.rename(library.with_name("NetworkRuntime910_CM4_GCC.a"))


def a_text_as_library(bundle: Path) -> None:
    next(bundle.rglob("*.a")).write_text("version https://git-lfs.example/spec/v1\n")


def second_network(bundle: Path) -> None:
    app = bundle / "X-CUBE-AI" / "App"
    for path in sorted(app.glob("network*")):
        shutil.copy(path, app / path.name.replace("network", "other"))
    for path in sorted(app.glob("network*")):
        path.rename(app / path.name.replace("network", "third"))
    remove_temporary_folder(bundle / ".ai")


def unknown_tool(bundle: Path) -> None:
    edit(bundle, "network_config.h", "#define AI_TOOLS_VERSION_MAJOR", "#define MAJOR")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (no_library, ("no runtime library", "runtime=")),
        (no_headers, ("no runtime headers", "runtime=")),
        (no_network, ("no generated network", "7.1 or newer")),
        (no_weights, ("holds no weights", "--binary")),
        (old_layout, ("made with X-CUBE-AI 5.0.0", "older than 7.1")),
        (stale_header, ("network.c tells no version", "older than 7.1")),
        (a_part_is_missing, ("not complete: network_data_params.c missing",)),
        (other_code, ("no generated network",)),
        (float_and_another_core, ("input is float", "is for CM4", "quantize", "stm32h7")),
        (older_than_supported, ("7.0.0, older than 7.1", "newer X-CUBE-AI")),
        (float_input, ("input is float", "quantize")),
        (two_inputs, ("2 inputs",)),
        (relocatable, ("relocatable",)),
        (for_the_npu, ("NPU",)),
        (header_is_missing, ("includes ai_platform_interface.h", "one package")),
        (other_compiler, ("IAR", "GCC")),
        (another_core_by_name, ("CM4", "Cortex-M7")),
        (a_text_as_library, ("not a static library",)),
        (second_network, ("several networks: other, third", "name=other or name=third")),
        (unknown_tool, ("AI_TOOLS_VERSION_MAJOR",)),
    ],
)
def test_one_message_with_what_to_do(
    project: Make, tmp_path: Path, spoil: Callable[[Path], None], words: tuple[str, ...]
) -> None:
    bundle = project()
    spoil(bundle)
    with pytest.raises(UserError) as caught:
        import_bundle(request(bundle, tmp_path / "out"))
    for word in words:
        assert word in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("number", [(7, 2, 0), (10, 2, 0)])
def test_mixed_versions(project: Make, tmp_path: Path, number: tuple[int, int, int]) -> None:
    with pytest.raises(UserError, match="mixed versions.*9.1.0.*" + ".".join(map(str, number))):
        import_bundle(request(project(release="9.1", number=number), tmp_path / "out"))


def test_a_library_of_another_release_alone(project: Make, tmp_path: Path, kept: Path) -> None:
    bundle = project()
    no_library(bundle)
    other = Standin(number=(10, 2, 0))
    write_library(bundle / "Middlewares" / other.library, other, kept)
    with pytest.raises(UserError, match=r"library from X-CUBE-AI 10.2.0 \(NetworkRuntime1020"):
        import_bundle(request(bundle, tmp_path / "out"))


def test_the_library_that_belongs_is_picked_among_several(
    project: Make, tmp_path: Path, kept: Path
) -> None:
    bundle = project(release="9.1")
    for number in ((7, 2, 0), (10, 2, 0)):
        other = Standin(number=number)
        write_library(bundle / "Lib" / other.library, other, kept)
    manifest = import_bundle(request(bundle, tmp_path / "out"))
    assert manifest["runtime"]["library"] == "NetworkRuntime910_CM7_GCC.a"


def test_another_core_s_code_under_the_right_name(
    project: Make, tmp_path: Path, kept: Path
) -> None:
    bundle = project()
    library = next(bundle.rglob("*.a"))
    write_library(library, Standin(machine=CORTEX_M4), kept)
    with pytest.raises(UserError, match=r"Cortex-M4, this board has a Cortex-M7"):
        import_bundle(request(bundle, tmp_path / "out"))
    soft = ("-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=soft")
    write_library(library, Standin(machine=soft), kept)
    with pytest.raises(UserError, match="soft ABI"):
        import_bundle(request(bundle, tmp_path / "out"))
    write_library(library, Standin(machine=("-mcpu=cortex-m0", "-mthumb")), kept)
    with pytest.raises(UserError, match="Cortex-M0"):
        import_bundle(request(bundle, tmp_path / "out"))


def test_a_board_with_another_core(project: Make, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"this board has native"):
        import_bundle(request(project(), tmp_path / "out", core="native"))


def test_another_interface_than_the_firmware_s(project: Make, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="c_api=legacy"):
        import_bundle(request(project(), tmp_path / "out", api="st-ai"))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (("AI_PACK_INTQ_SCALE(0.01", "AI_PACK_INTQ_SCALE(0.02"), "input has scale"),
        (("AI_PACK_INTQ_SCALE(0.2", "AI_PACK_INTQ_SCALE(0.3"), "output has scale"),
        (("AI_PACK_INTQ_ZP(0)))", "AI_PACK_INTQ_ZP(5)))"), "input has zero point 5"),
    ],
)
def test_not_the_given_network(
    project: Make, tmp_path: Path, graph: Graph, change: tuple[str, str], word: str
) -> None:
    bundle = project()
    edit(bundle / "X-CUBE-AI", "network.c", *change)
    with pytest.raises(UserError, match=word) as caught:
        import_bundle(request(bundle, tmp_path / "out", graph=graph))
    assert "tiny.onnx" in str(caught.value)
    import_bundle(request(bundle, tmp_path / "out"))


def test_another_size_than_the_given_network_s(project: Make, tmp_path: Path, graph: Graph) -> None:
    bundle = project()
    edit(bundle / "X-CUBE-AI", "network.h", "IN_1_SIZE (8)", "IN_1_SIZE (9)")
    with pytest.raises(UserError, match=r"input has size 9, tiny\.onnx has 8"):
        import_bundle(request(bundle, tmp_path / "out", graph=graph))


class TestWithoutTables:
    """Sources without quantization tables: the user, or the given network, must know."""

    def test_asked_for(self, project: Make, tmp_path: Path) -> None:
        with pytest.raises(UserError, match="no quantization table") as caught:
            import_bundle(request(project(tables=False), tmp_path / "out"))
        assert "input_scale=" in caught.value.remedy

    def test_given(self, project: Make, tmp_path: Path) -> None:
        given = request(
            project(tables=False), tmp_path / "out", input_scale=0.5, input_zero_point=-3
        )
        port = import_bundle(given)["input"]
        assert (port["scale"], port["zero_point"]) == (0.5, -3)

    def test_from_the_network(self, project: Make, tmp_path: Path, graph: Graph) -> None:
        port = import_bundle(request(project(tables=False), tmp_path / "out", graph=graph))["input"]
        assert port["scale"] == float(graph.input.quantization.scale)

    @pytest.mark.parametrize("half", [{"input_scale": 0.5}, {"input_zero_point": 3}])
    def test_half_given(
        self, half: dict[str, float], project: Make, tmp_path: Path, graph: Graph
    ) -> None:
        """The network's is not taken for the other half, nor for both."""
        with pytest.raises(UserError, match="no quantization table") as caught:
            import_bundle(request(project(tables=False), tmp_path / "o", graph=graph, **half))
        assert "input_scale= and input_zero_point=" in caught.value.remedy

    def test_out_of_range(self, project: Make, tmp_path: Path) -> None:
        given = request(
            project(tables=False), tmp_path / "o", input_scale=0.5, input_zero_point=128
        )
        with pytest.raises(UserError, match="give -128 to 127"):
            import_bundle(given)

    def test_not_needed(self, project: Make, tmp_path: Path) -> None:
        with pytest.raises(UserError, match="has its own input quantization"):
            import_bundle(request(project(), tmp_path / "out", input_scale=0.5, input_zero_point=0))

    def test_st_ai(self, tmp_path: Path, graph: Graph, kept: Path) -> None:
        how = Standin(release="11.0", c_api="st-ai", tables=False)
        write_network(tmp_path / "made", graph, how, kept)
        write_pack(tmp_path / "pack", graph, how, kept)
        asked = request(
            tmp_path / "made", tmp_path / "out", api="st-ai", runtimes=(tmp_path / "pack",)
        )
        with pytest.raises(UserError, match="no quantization table"):
            import_bundle(asked)
        assert import_bundle(replace(asked, graph=graph))["input"]["zero_point"] == 0


# --- damaged --------------------------------------------------------------------------------------


@pytest.fixture
def good(tmp_path: Path, kept: Path) -> bytes:
    """A library that is taken."""
    path = tmp_path / "NetworkRuntime910_CM7_GCC.a"
    write_library(path, Standin(), kept)
    assert library.check_machine(path) == "Cortex-M7, hard float"
    return path.read_bytes()


def test_any_cut_of_a_library_is_a_message(good: bytes, tmp_path: Path) -> None:
    """At any odd length: members start at even ones, and between two the rest is whole, too."""
    broken = tmp_path / "broken.a"
    chance = random.Random(4)
    for size in [*range(1, 70, 4), *(chance.randrange(71, len(good), 2) for _ in range(60))]:
        broken.write_bytes(good[:size])
        with pytest.raises(UserError, match=r"broken\.a: .*(not a static library|cut off)"):
            library.check_machine(broken)


def test_flipped_bytes_of_a_library_are_a_message_or_change_nothing_here(
    good: bytes, tmp_path: Path
) -> None:
    """Headers and build attributes are read; the code between them is the linker's business."""
    broken = tmp_path / "broken.a"
    chance = random.Random(4)
    said = []
    for _ in range(100):
        changed = bytearray(good)
        for _ in range(chance.randrange(1, 6)):
            changed[chance.randrange(min(len(changed), 6000))] = chance.randrange(256)
        broken.write_bytes(changed)
        try:
            assert library.is_open(broken) in {True, False}
            said.append(library.check_machine(broken))
        except UserError as error:
            assert str(error).startswith(f"{broken}: ")
            said.append("refused")
    assert set(said) == {"Cortex-M7, hard float", "refused"}


@pytest.mark.sample(2)
@pytest.mark.parametrize("name", ["network.c", "network.h", "network_config.h", "network_data.c"])
def test_sources_with_parts_missing_are_a_message(project: Make, tmp_path: Path, name: str) -> None:
    bundle = project()
    path = bundle / "X-CUBE-AI" / "App" / name
    lines = path.read_text().splitlines(keepends=True)
    chance = random.Random(name)
    whole = import_bundle(request(bundle, tmp_path / "whole"))
    refused = 0
    for number in range(25):
        start = chance.randrange(len(lines))
        end = start + chance.randrange(1, 30)
        path.write_text("".join(lines[:start] + lines[end:]))
        try:
            made = import_bundle(request(bundle, tmp_path / f"out{number}"))
            for end_of_network in ("input", "output"):
                assert made[end_of_network] == whole[end_of_network], lines[start:end]
        except UserError as error:
            assert error.remedy
            refused += 1
    # What no line of the import reads is the compiler's to find.
    assert refused or name == "network_data.c"


def test_a_member_of_a_library_whose_header_does_not_end(tmp_path: Path) -> None:
    path = tmp_path / "NetworkRuntime900_CM7_GCC.a"
    path.write_bytes(b"!<arch>\n" + b"a.o/".ljust(48) + b"4".ljust(10) + b"??" + bytes(4))
    with pytest.raises(UserError, match="damaged static library"):
        list(members(path))
