"""What an import takes from where, what it says of it, and what it refuses."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codegen.graph import Graph
from codegen.xcube.bundle import MANIFEST, TABLE, Request, import_bundle, outputs
from support.errors import UserError
from support.files import read_json, sha256_file
from tests.xcube.standins import (
    CORTEX_M4,
    RELEASES,
    Standin,
    write_library,
    write_network,
    write_pack,
    write_project,
)

Make = Callable[..., Path]
LEGACY_RELEASES = ("7.2", "9.1", "10.2")
# Names of the client interface as X-CUBE-AI's documentation and generated headers have them.
LEGACY_FUNCTIONS = {
    *("get_info", "get_report", "get_error", "create", "destroy", "init", "create_and_init"),
    *("inputs_get", "outputs_get", "run", "forward", "data_params_get", "data_weights_get"),
    *("data_activations_buffer_get", "data_weights_buffer_get"),
}
ST_AI_FUNCTIONS = {
    *("init", "deinit", "run", "get_info", "get_error", "get_context_size", "set_callback"),
    *(f"{verb}_{what}" for verb in ("get", "set") for what in ("activations", "weights", "inputs")),
    *(f"{verb}_{what}" for verb in ("get", "set") for what in ("outputs", "states")),
}


def request(bundle: Path, out: Path, **more: Any) -> Request:
    """A request for a stand-in."""
    return Request(bundle=bundle, out=out, **more)


@pytest.mark.parametrize("release", LEGACY_RELEASES)
def test_a_project_of_each_release(
    project: Make, tmp_path: Path, graph: Graph, release: str
) -> None:
    bundle, out = project(release=release), tmp_path / "out"
    manifest = import_bundle(request(bundle, out, graph=graph))
    assert {path.name for path in out.iterdir()} == {*outputs("network", "legacy"), "include"}
    app = bundle / "X-CUBE-AI" / "App"
    for name in ("network.c", "network_data.c", "network_data_params.c"):
        assert (out / name).read_bytes() == (app / name).read_bytes()
    runtime, tools = RELEASES[release]
    assert manifest["x_cube_ai"] == ".".join(map(str, runtime))
    assert manifest["st_edge_ai_core"] == ("" if runtime < (9,) else ".".join(map(str, tools)))
    for end, tensor in (("input", graph.input), ("output", graph.output)):
        port = manifest[end]
        assert (port["size"], port["type"]) == (tensor.size, "int8")
        assert port["scale"] == pytest.approx(float(tensor.quantization.scale), rel=1e-7)
        assert port["zero_point"] == tensor.quantization.zero_point
    assert manifest == read_json(out / f"network{MANIFEST}")
    included = out / "include"
    for name, digest in manifest["files"].items():
        found = included / name if name.endswith(".h") else out / name
        assert sha256_file(out / "network_runtime.a" if name.endswith(".a") else found) == digest


@pytest.mark.parametrize("release", LEGACY_RELEASES)
def test_stand_ins_have_the_files_and_functions_of_the_interface(
    project: Make, release: str
) -> None:
    """So that what is proven with them holds for the real ones as far as names go."""
    bundle = project(release=release)
    app = bundle / "X-CUBE-AI" / "App"
    parts = {"network.c", "network.h", "network_data.c", "network_data.h", "network_config.h"}
    parts |= {"network_data_params.c", "network_data_params.h", "network_generate_report.txt"}
    assert {path.name for path in app.iterdir()} == parts
    inc = bundle / "Middlewares" / "ST" / "AI" / "Inc"
    assert {"ai_platform.h", "core_datatypes.h"} <= {path.name for path in inc.iterdir()}
    library = "NetworkRuntime" + "".join(map(str, RELEASES[release][0])) + "_CM7_GCC.a"
    assert (inc.parent / "Lib" / library).is_file()
    assert functions(app, inc, "legacy") >= {f"ai_network_{name}" for name in LEGACY_FUNCTIONS}


def functions(app: Path, inc: Path, c_api: str) -> set[str]:
    """Functions that a stand-in's sources define, as the linker sees them."""
    found = set()
    for source in app.glob("*.c"):
        target = source.with_suffix(".o")
        flags = ["-mcpu=cortex-m7", "-mthumb", "-w", f"-I{inc}", "-c", str(source)]
        subprocess.run(["arm-none-eabi-gcc", *flags, "-o", str(target)], check=True)
        done = subprocess.run(
            ["arm-none-eabi-nm", "-g", "--defined-only", str(target)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found |= {line.split()[2] for line in done.stdout.splitlines() if " T " in line}
    return found


def test_the_st_ai_interface_from_a_tool_and_a_pack(
    tmp_path: Path, graph: Graph, kept: Path
) -> None:
    how = Standin(release="11.0", c_api="st-ai", name="digits")
    made, pack, out = tmp_path / "st_ai_output", tmp_path / "pack", tmp_path / "out"
    write_network(made, graph, how, kept)
    write_pack(pack, graph, how, kept)
    assert {path.name for path in made.iterdir()} == {
        *("digits.c", "digits.h", "digits_data.c", "digits_data.h", "digits_details.h")
    }
    inc = pack / "Middlewares" / "ST" / "AI" / "Inc"
    assert functions(made, inc, "st-ai") >= {f"stai_digits_{name}" for name in ST_AI_FUNCTIONS}
    manifest = import_bundle(request(made, out, api="st-ai", graph=graph, runtimes=(pack,)))
    assert {path.name for path in out.iterdir()} == {*outputs("network", "st-ai"), "include"}
    assert manifest["name"] == "digits"
    assert manifest["c_api"] == "st-ai"
    assert manifest["macs"] == graph.macs
    assert manifest["runtime"]["library"] == "NetworkRuntime1100_CM7_GCC.a"


def test_a_zip_gives_what_its_folder_gives(project: Make, tmp_path: Path) -> None:
    bundle = project()
    zipped = Path(shutil.make_archive(str(tmp_path / "bundle"), "zip", bundle.parent, bundle.name))
    folder = import_bundle(request(bundle, tmp_path / "a"))
    assert import_bundle(request(zipped, tmp_path / "b")) == folder


def test_the_code_that_is_compiled_and_not_an_earlier_draft(project: Make, tmp_path: Path) -> None:
    """The cloud's first draft stays in .ai, of another version than the code beside the project."""
    bundle = project(release="9.1")
    assert (bundle / ".ai" / "output" / "network.c").is_file()
    manifest = import_bundle(request(bundle, tmp_path / "out"))
    assert manifest["st_edge_ai_core"] == "1.0.0"
    # Nor is the draft's report believed: it says 1 MACC, the project's own 2.
    assert manifest["macs"] == 2
    assert manifest["runtime"]["flash_bytes"] == 9408
    assert any("2 MACC" in row["why"] for row in manifest["layers"])


def test_a_text_report_does_when_there_is_no_other(
    project: Make, graph: Graph, tmp_path: Path
) -> None:
    bundle = project()
    shutil.rmtree(bundle / ".ai")
    manifest = import_bundle(request(bundle, tmp_path / "out"))
    assert manifest["macs"] == graph.macs
    assert manifest["runtime"] | {"flash_bytes": 9408, "ram_bytes": 1756} == manifest["runtime"]
    (bundle / "X-CUBE-AI" / "App" / "network_generate_report.txt").unlink()
    manifest = import_bundle(request(bundle, tmp_path / "out"))
    assert manifest["macs"] == graph.macs
    assert manifest["runtime"]["flash_bytes"] > 0


def test_uint8_ends_become_int8_with_the_zero_point_moved(
    project: Make, tmp_path: Path, graph: Graph
) -> None:
    manifest = import_bundle(request(project(unsigned=True), tmp_path / "out", graph=graph))
    assert manifest["input"]["stored"] == "uint8"
    assert manifest["input"]["zero_point"] == graph.input.quantization.zero_point


def test_pools_weights_and_fixed_addresses(project: Make, tmp_path: Path) -> None:
    bundle = project(two_pools=True, address="0x20000000", external=True)
    manifest = import_bundle(request(bundle, tmp_path / "out"))
    sizes = [pool["size"] for pool in manifest["activations"]]
    assert sizes[1] == 1000
    assert manifest["activations_bytes"] >= sum(sizes)
    assert manifest["activations_bytes"] % 32 == 0
    table = (tmp_path / "out" / f"network{TABLE}").read_text()
    assert "0x20000000" in table
    assert "2 pools" in table


def test_any_change_changes_the_header_that_the_build_watches(
    project: Make, tmp_path: Path
) -> None:
    bundle = project()
    import_bundle(request(bundle, tmp_path / "out"))
    before = (tmp_path / "out" / "network.h").read_text()
    header = bundle / "Middlewares" / "ST" / "AI" / "Inc" / "core_datatypes.h"
    header.write_text(header.read_text() + "/* changed */\n")
    import_bundle(request(bundle, tmp_path / "out"))
    assert (tmp_path / "out" / "network.h").read_text() != before


def test_what_an_older_import_left_is_gone(project: Make, tmp_path: Path) -> None:
    import_bundle(request(project(release="10.2"), tmp_path / "out"))
    import_bundle(request(project(release="7.2"), tmp_path / "out"))
    assert (tmp_path / "out" / "include" / "ai_platform.h").is_file()
    assert not (tmp_path / "out" / "include" / "stai.h").exists()


def test_a_failed_import_leaves_no_manifest_of_its_own(project: Make, tmp_path: Path) -> None:
    bundle = project()
    library = next(bundle.rglob("*.a"))
    library.write_bytes(library.read_bytes()[:300])
    with pytest.raises(UserError, match="cut off"):
        import_bundle(request(bundle, tmp_path / "out"))
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


# --- refused --------------------------------------------------------------------------------------


def edit(bundle: Path, name: str, old: str, new: str) -> None:
    """Replace text in every file of that name."""
    found = [path for path in bundle.rglob(name) if old in path.read_text()]
    assert found, f"no {name} with '{old}'"
    for path in found:
        path.write_text(path.read_text().replace(old, new))


def no_library(bundle: Path) -> None:
    next(bundle.rglob("*.a")).unlink()


def no_headers(bundle: Path) -> None:
    shutil.rmtree(bundle / "Middlewares" / "ST" / "AI" / "Inc")


def no_network(bundle: Path) -> None:
    shutil.rmtree(bundle / "X-CUBE-AI")
    shutil.rmtree(bundle / ".ai")


def no_weights(bundle: Path) -> None:
    edit(bundle, "network_data_params.c", "const ai_u64", "extern ai_u64")


def old_layout(bundle: Path) -> None:
    for path in bundle.rglob("network_data_params.*"):
        path.unlink()
    edit(bundle, "network_config.h", "MAJOR 1\n", "MAJOR 5\n")
    edit(bundle, "network_config.h", "MAJOR 2\n", "MAJOR 5\n")


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
    shutil.rmtree(bundle / ".ai")


def unknown_tool(bundle: Path) -> None:
    edit(bundle, "network_config.h", "#define AI_TOOLS_VERSION_MAJOR", "#define MAJOR")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (no_library, ("no runtime library", "runtime=")),
        (no_headers, ("no runtime headers", "runtime=")),
        (no_network, ("no generated network", "7.1 or newer")),
        (no_weights, ("holds no weights", "--binary")),
        (old_layout, ("made with X-CUBE-AI 5.", "older than 7.1")),
        (older_than_supported, ("7.0.0, older than 7.1", "newer X-CUBE-AI")),
        (float_input, ("input is float", "quantize")),
        (two_inputs, ("2 inputs",)),
        (relocatable, ("relocatable",)),
        (for_the_npu, ("NPU",)),
        (header_is_missing, ("includes ai_platform_interface.h", "one package")),
        (other_compiler, ("IAR", "GCC")),
        (another_core_by_name, ("CM4", "Cortex-M7")),
        (a_text_as_library, ("not a static library",)),
        (second_network, ("several networks: other, third", "name=")),
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


def test_the_command_prints_one_table_and_no_traceback(project: Make, tmp_path: Path) -> None:
    bundle = project()
    command = [sys.executable, "-m", "codegen", "bundle", "--out-dir", str(tmp_path / "out")]
    done = subprocess.run(
        [*command, "--bundle", str(bundle)], capture_output=True, text=True, check=True
    )
    assert done.stdout == (tmp_path / "out" / f"network{TABLE}").read_text()
    assert "X-CUBE-AI 9.1.0 (ST Edge AI Core 1.0.0)" in done.stdout
    assert not done.stderr
    wrong = [*command, "--bundle", str(bundle), "--input-scale", "x"]
    done = subprocess.run(wrong, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("codegen: error: input_scale=x")
    assert "Traceback" not in done.stderr


def test_project_folder_has_no_surprises(tmp_path: Path, graph: Graph, kept: Path) -> None:
    """Two equal projects import to equal files: nothing depends on where they lie."""
    for name in ("a", "b"):
        write_project(tmp_path / name, graph, Standin(), kept)
        import_bundle(request(tmp_path / name, tmp_path / f"out-{name}"))
    files = {p.relative_to(tmp_path / "out-a") for p in (tmp_path / "out-a").rglob("*")}
    for path in files:
        if (tmp_path / "out-a" / path).is_file():
            assert (tmp_path / "out-a" / path).read_bytes() == (
                tmp_path / "out-b" / path
            ).read_bytes()
