"""What an import takes from where, what it says of it, and what it refuses."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from codegen.ir.graph import Graph
from codegen.xcube.bundle import MANIFEST, TABLE, import_bundle, outputs
from support.errors import UserError
from support.files import read_json, sha256_file
from support.removal import remove_temporary_folder
from tests.xcube.helpers import Make, edit, request
from tests.xcube.standins import (
    RELEASES,
    Standin,
    write_network,
    write_pack,
    write_project,
)

LEGACY_RELEASES = ("7.1", "7.2", "8.1", "9.0", "9.1", "10.2")
# Names of the client interface as X-CUBE-AI's documentation and generated headers have them.
LEGACY_FUNCTIONS = {
    "get_info",
    "get_report",
    "get_error",
    "create",
    "destroy",
    "init",
    "create_and_init",
    "inputs_get",
    "outputs_get",
    "run",
    "forward",
    "data_params_get",
    "data_weights_get",
    "data_activations_buffer_get",
    "data_weights_buffer_get",
}
ST_AI_FUNCTIONS = {
    "init",
    "deinit",
    "run",
    "get_info",
    "get_error",
    "get_context_size",
    "set_callback",
    *(f"{verb}_{what}" for verb in ("get", "set") for what in ("activations", "weights", "inputs")),
    *(f"{verb}_{what}" for verb in ("get", "set") for what in ("outputs", "states")),
}


@pytest.mark.parametrize("release", LEGACY_RELEASES)
def test_a_project_of_each_release(
    project: Make, tmp_path: Path, graph: Graph, release: str
) -> None:
    bundle, out = project(release=release), tmp_path / "out"
    manifest = import_bundle(request(bundle, out, graph=graph))
    assert {path.name for path in out.iterdir()} == {*outputs("network", "legacy"), "include"}
    app = bundle / "X-CUBE-AI" / "App"
    for path in sorted(app.glob("*.c")):
        assert (out / path.name).read_bytes() == path.read_bytes()
    runtime, tools = RELEASES[release]
    assert manifest["x_cube_ai"] == ".".join(map(str, runtime))
    assert manifest["st_edge_ai_core"] == ("" if runtime == tools else ".".join(map(str, tools)))
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
    parts |= {"network_generate_report.txt"}
    if release != "7.1":
        parts |= {"network_data_params.c", "network_data_params.h"}
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
        "digits.c",
        "digits.h",
        "digits_data.c",
        "digits_data.h",
        "digits_details.h",
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
    remove_temporary_folder(bundle / ".ai")
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
    bundle = project(unsigned=True)
    source = (bundle / "X-CUBE-AI" / "App" / "network.c").read_text()
    shift = graph.input.quantization.zero_point + 128
    # As the real generator writes it.
    assert f"AI_PACK_UINTQ_ZP({shift})" in source
    # Without the model to fall back on: what is read is the bundle's own.
    manifest = import_bundle(request(bundle, tmp_path / "out"))
    for end, tensor in (("input", graph.input), ("output", graph.output)):
        assert manifest[end]["stored"] == "uint8"
        assert manifest[end]["scale"] == pytest.approx(float(tensor.quantization.scale), rel=1e-7)
        assert manifest[end]["zero_point"] == tensor.quantization.zero_point
    table = (tmp_path / "out" / f"network{TABLE}").read_text()
    assert f"uint8 [1 x 8], scale {float(graph.input.quantization.scale):.9g}" in table
    assert f"zero point {shift}" in table


@pytest.mark.parametrize("release", ["7.1", "7.2"])
def test_the_format_stands_in_the_declarations_before_8_1(
    project: Make, tmp_path: Path, release: str
) -> None:
    bundle = project(release=release)
    assert "_FORMAT" not in (bundle / "X-CUBE-AI" / "App" / "network.h").read_text()
    assert import_bundle(request(bundle, tmp_path / "out"))["input"]["stored"] == "int8"
    edit(bundle / "X-CUBE-AI", "network.c", "AI_ARRAY_FORMAT_S8|", "AI_ARRAY_FORMAT_FLOAT|")
    with pytest.raises(UserError, match="input is float; int8 is needed"):
        import_bundle(request(bundle, tmp_path / "out"))


def test_the_library_is_the_pack_s_for_this_chip(tmp_path: Path, graph: Graph, kept: Path) -> None:
    """Beside it, under the same name, lies one for Cortex-M7s with a smaller FPU."""
    how = Standin(release="9.1")
    made, pack = tmp_path / "made", tmp_path / "pack"
    write_network(made, graph, how, kept)
    write_pack(pack, graph, how, kept)
    import_bundle(request(made, tmp_path / "out", runtimes=(pack,)))
    table = (tmp_path / "out" / f"network{TABLE}").read_text()
    assert f"library     Middlewares/ST/AI/Lib/GCC/STM32H7/{how.library}\n" in table


def test_a_library_by_the_name_that_linkers_look_for(project: Make, tmp_path: Path) -> None:
    bundle = project()
    library = next(bundle.rglob("*.a"))
    library.rename(library.with_name(f"lib{library.name}"))
    manifest = import_bundle(request(bundle, tmp_path / "out"))
    assert manifest["runtime"]["version"] == "9.1.0"


def test_other_networks_of_a_project_are_told_of(project: Make, tmp_path: Path) -> None:
    bundle = project()
    remove_temporary_folder(bundle / ".ai")
    app = bundle / "X-CUBE-AI" / "App"
    for path in sorted(app.glob("network*")):
        shutil.copy(path, app / path.name.replace("network", "other"))
    import_bundle(request(bundle, tmp_path / "out"))
    table = (tmp_path / "out" / f"network{TABLE}").read_text()
    assert "others      other (not taken; name= chooses)" in table


def test_channels_first_are_shown_first(tmp_path: Path, graph: Graph, kept: Path) -> None:
    how = Standin(release="11.0", c_api="st-ai")
    made, pack = tmp_path / "made", tmp_path / "pack"
    write_network(made, graph, how, kept)
    write_pack(pack, graph, how, kept)
    header = made / "network.h"
    text = re.sub(r"(IN_1_CHANNEL) [^\n]*", r"\1 (4)", header.read_text())
    text = re.sub(r"(#define \w+_IN_1_FLAGS) [^\n]*", r"\1 (STAI_FLAG_CHANNEL_FIRST)", text)
    header.write_text(text + "#define STAI_NETWORK_IN_1_HEIGHT (2)\n")
    asked = request(made, tmp_path / "out", api="st-ai", runtimes=(pack,))
    assert import_bundle(asked)["input"]["shape"] == [1, 4, 2]
    header.write_text(header.read_text().replace("CHANNEL_FIRST", "CHANNEL_LAST"))
    assert import_bundle(asked)["input"]["shape"] == [1, 2, 4]


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
