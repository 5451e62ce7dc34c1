"""The stedgeai step with a stand-in tool that has the real one's habits."""

from __future__ import annotations

import json
import os
import platform
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from codegen.ir.graph import Graph
from codegen.xcube import tool as tool_module
from codegen.xcube.pools import memory_pools
from codegen.xcube.tool import Tool, ask, find_tool, read_banner
from codegen.xcube.versions import Version
from support.errors import UserError
from support.files import read_json
from tests.graph.project import Project, copy_tree
from tests.xcube.standins import REPOSITORY, Standin, write_network, write_pack

SCRIPT = Path(__file__).with_name("standin_tool.py")


@dataclass
class Installed:
    """An installed stand-in.

    Attributes:
        root: what STEDGEAI_CORE_DIR would name.
        folder: how it behaves, and what it was called with.
    """

    root: Path
    folder: Path

    @property
    def program(self) -> Path:
        """The tool."""
        return self.root / "Utilities" / "linux" / "stedgeai"

    def mood(self, *words: str) -> None:
        """How it behaves from now on."""
        (self.folder / "mood").write_text("\n".join(words))

    def calls(self) -> list[list[str]]:
        """Its command lines so far."""
        lines = (self.folder / "calls").read_text().splitlines()
        return [json.loads(line) for line in lines]


@pytest.fixture
def tool(tmp_path: Path, graph: Graph, kept: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    """A stand-in of 2.2.0 with headers and libraries beside it, named by STEDGEAI_CORE_DIR."""
    how = Standin(release="10.2")
    root, folder = tmp_path / "STEdgeAI" / "2.2", tmp_path / "standin"
    write_pack(root, graph, how, kept)
    write_network(folder / "made", graph, how, kept)
    installed = Installed(root, folder)
    installed.program.parent.mkdir(parents=True)
    shutil.copy(SCRIPT, installed.program)
    installed.program.chmod(0o755)
    monkeypatch.setenv("STANDIN", str(folder))
    monkeypatch.setenv("STEDGEAI_CORE_DIR", str(root))
    return installed


@pytest.fixture
def generate(tmp_path: Path, model: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command; further words go to its end."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "codegen", "stedgeai", "--model", str(model)]
        return subprocess.run(
            [*command, "--out-dir", str(tmp_path / "out"), *words],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return run


Generate = Callable[..., subprocess.CompletedProcess[str]]


def test_what_it_makes_is_imported_with_the_tool_s_own_runtime(
    tool: Installed, generate: Generate, tmp_path: Path, graph: Graph, model: Path
) -> None:
    pools = tmp_path / "mempools.json"
    pools.write_text("{}")
    done = generate("--memory-pool", str(pools), "--options=--optimization 'ram'")
    assert done.returncode == 0, done.stderr
    manifest = read_json(tmp_path / "out" / "network_manifest.json")
    assert manifest["source"] == "stedgeai"
    assert manifest["runtime"]["library"] == "NetworkRuntime1020_CM7_GCC.a"
    assert manifest["macs"] == graph.macs
    assert any("9,408" not in row["why"] and "MACC" in row["why"] for row in manifest["layers"])
    call = tool.calls()[-1]
    assert call[0] == "generate"
    given = dict(zip(call[1::2], call[2::2], strict=True))
    assert given["--model"] == str(model)
    assert given["--target"] == "stm32h7"
    assert given["--c-api"] == "legacy"
    assert given["--input-data-type"] == given["--output-data-type"] == "int8"
    assert given["--memory-pool"] == str(pools)
    assert given["--optimization"] == "ram"
    # All its noise is kept, none of it shown.
    log = (tmp_path / "out" / "network_stedgeai.log").read_text()
    assert "elapsed time" in log
    assert "\x1b" not in log
    assert "tensorflow" not in done.stdout + done.stderr
    assert not Path(given["--output"]).exists()


@pytest.mark.sample(2)
@pytest.mark.parametrize("mood", [("floods",), ("slow",), ("lies",), ("floods", "slow", "lies")])
def test_noise_and_a_lying_status_are_no_failure(
    tool: Installed, generate: Generate, mood: tuple[str, ...]
) -> None:
    tool.mood(*mood)
    done = generate()
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) < 3000


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("mood", "words"),
    [
        ("fails", ("exit status 0", "E010(InvalidModelError)", "did not write network.c", ".log")),
        ("forgets", ("did not write network_data_params.c", "exit status 0")),
        ("empties", ("did not write network.c",)),
        ("complains", ("reported an error", "INTERNAL ERROR: list index out of range")),
        ("asks", ("did not write", "accept the licence?")),
    ],
)
def test_failing_with_status_0_is_seen(
    tool: Installed, generate: Generate, tmp_path: Path, mood: str, words: tuple[str, ...]
) -> None:
    assert generate().returncode == 0
    manifest = tmp_path / "out" / "network_manifest.json"
    manifest.unlink()
    tool.mood(mood)
    detected = tmp_path / "tool.json"
    detected.write_text(json.dumps({"path": str(tool.program), "version": "2.2.0", "banner": ""}))
    done = generate("--detected", str(detected))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr
    assert not manifest.exists()


def test_one_that_hangs_ends_with_all_that_it_started(
    tool: Installed, generate: Generate, tmp_path: Path
) -> None:
    detected = tmp_path / "tool.json"
    detected.write_text(json.dumps({"path": str(tool.program), "version": "2.2.0", "banner": ""}))
    tool.mood("hangs")
    done = generate("--detected", str(detected), "--timeout", "2")
    assert done.returncode == 1
    assert "did not end in 2 s" in done.stderr
    child = int((tool.folder / "child").read_text())
    for _ in range(50):
        if not _runs(child):
            break
        time.sleep(0.1)
    assert not _runs(child)
    with pytest.raises(UserError, match="no answer in 1 s"):
        ask(tool.program, seconds=1)


def _runs(process: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


# --- version --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("banner", "version"),
    [
        ("ST Edge AI Core v1.0.0-19899", "1.0.0"),
        ("ST Edge AI Core v4.0.1-20581 7ed50de05\nSTM32CubeAI 12.0.1-RC2", "4.0.1"),
        (
            "Python 3.9.13\nWARNING: tensorflow 2.15.0\n\x1b[1mST Edge AI Core v2.2.0-20266\x1b[0m",
            "2.2.0",
        ),
        ("STM32CubeAI 12.0.1-RC2\nST Edge AI Core 4.0.1", "4.0.1"),
        ("Neural Network Tools for STM32AI v1.7.0 (STM.ai v8.1.0-19520)", "8.1.0"),
        ("STEdgeAI Core: v3.0.0 RC1 (built 2026.01.15)", "3.0.0"),
        ("", None),
        ("command not found", None),
        ("ST Edge AI Core (unknown)", None),
    ],
)
def test_the_version_is_found_between_noise(banner: str, version: str | None) -> None:
    found = read_banner(Path("tool"), banner).version
    assert (None if found is None else str(found)) == version


def test_detecting_asks_only_a_new_program(tool: Installed, tmp_path: Path) -> None:
    out = tmp_path / "tool.json"
    command = [sys.executable, "-m", "codegen", "stedgeai", "--detect", str(out)]

    def detect() -> dict[str, str]:
        subprocess.run(command, cwd=REPOSITORY, check=True)
        return dict(read_json(out))

    first = detect()
    assert (first["path"], first["version"]) == (str(tool.program), "2.2.0")
    detect()
    assert len(tool.calls()) == 1
    (tool.folder / "banner").write_text("ST Edge AI Core v3.0.0-1")
    tool.program.write_text(tool.program.read_text() + "\n")
    assert detect()["version"] == "3.0.0"


# --- where it is ----------------------------------------------------------------------------------


def an_executable(path: Path) -> Path:
    """A program that does nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_it_is_found_where_it_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("STEDGEAI_CORE_DIR", raising=False)
    with pytest.raises(UserError, match="not found: not in PATH") as caught:
        find_tool()
    assert "ai=cloud" in caught.value.remedy
    packs = tmp_path / "home" / "STM32Cube/Repository/Packs/STMicroelectronics/X-CUBE-AI"
    an_executable(packs / "9.1.0" / "Utilities" / "linux" / "stedgeai")
    newest = an_executable(packs / "10.2.0" / "Utilities" / "linux" / "stedgeai")
    assert find_tool() == newest
    # One by the older name, in PATH, comes after all that have today's.
    an_executable(tmp_path / "bin" / "stm32ai")
    assert find_tool() == newest
    in_path = an_executable(tmp_path / "bin" / "stedgeai")
    assert find_tool() == in_path
    told = an_executable(tmp_path / "told" / "Utilities" / "linux" / "stedgeai")
    monkeypatch.setenv("STEDGEAI_CORE_DIR", str(tmp_path / "told"))
    assert find_tool() == told
    given = an_executable(tmp_path / "given")
    assert find_tool(str(given)) == given
    monkeypatch.setenv("STEDGEAI_CORE_DIR", str(tmp_path / "bin" / ".."))
    with pytest.raises(UserError, match="STEDGEAI_CORE_DIR="):
        find_tool()
    with pytest.raises(UserError, match="stedgeai=absent"):
        find_tool("absent")


def test_on_a_mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ST's installer for Apple's own processors has a folder of its own."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("STEDGEAI_CORE_DIR", raising=False)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "/Applications/ST" in tool_module._ROOTS
    version = tmp_path / "home" / "STEdgeAI" / "3.0"
    intel = an_executable(version / "Utilities" / "mac" / "stedgeai")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert find_tool() == intel
    arm = an_executable(version / "Utilities" / "macarm" / "stedgeai")
    assert find_tool() == arm
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    assert find_tool() == intel


def test_one_that_is_too_old(tmp_path: Path) -> None:
    program = an_executable(tmp_path / "stm32ai")
    program.write_text(
        "#!/bin/sh\necho 'Neural Network Tools for STM32AI v1.7.0 (STM.ai v8.1.0-1)'\n"
    )
    with pytest.raises(UserError, match=r"is 8\.1\.0, older than X-CUBE-AI 9\.0") as caught:
        ask(program)
    assert "ai=bundle" in caught.value.remedy
    program.write_text("#!/bin/sh\necho 'STEdgeAI Core v9.0.0-19802'\n")
    assert ask(program).version == Version(9, 0, 0)


def test_one_that_cannot_start(tmp_path: Path) -> None:
    program = an_executable(tmp_path / "stedgeai")
    program.write_text("#!/no/such/interpreter\n")
    with pytest.raises(UserError, match="cannot be started"):
        ask(program)


# --- memory pools ---------------------------------------------------------------------------------


def test_pools_are_the_board_s_ram_for_activations(tmp_path: Path) -> None:
    memories = tmp_path / "memories.json"
    board = "firmware/boards/stm32h750b_dk/board.toml"
    command = [sys.executable, "-m", "device", "memories", "--board", board, "--out", str(memories)]
    subprocess.run(command, cwd=REPOSITORY, check=True)
    content = read_json(memories)
    pools = memory_pools(content)["memory"]["mempools"]
    names = [pool["name"] for pool in pools]
    assert names == ["DTCM", "AXI", "SRAM1", "SRAM2", "SRAM4", "SRAM3", "SDRAM"]
    dtcm = pools[0]
    assert dtcm["offset"] == {"value": "0x20000000", "magnitude": "BYTES"}
    assert int(dtcm["size"]["value"]) == 128 * 1024 - content["budget"]["stack"]
    assert dtcm["prop"] == {"throughput": "HIGH", "latency": "LOW"}
    assert pools[-1]["prop"] == {"throughput": "LOW", "latency": "HIGH"}
    # The words of ST's own files.
    assert {word for pool in pools for word in pool["prop"].values()} == {"HIGH", "MID", "LOW"}


# --- in the graph ---------------------------------------------------------------------------------


def test_the_step_runs_again_only_for_model_options_and_version(
    tool: Installed, tmp_path: Path, model: Path, inputs: Path
) -> None:
    project: Project = copy_tree(
        tmp_path / "tree", board="mps2_an500", network=str(model), inputs=str(inputs),
        ai="stedgeai", subset_size="40", werror="1",
    )  # fmt: skip
    # SCons hands commands little of our environment; the stand-in must know where it lives.
    text = tool.program.read_text().replace('os.environ["STANDIN"]', repr(str(tool.folder)))
    tool.program.write_text(text)
    assert "160/160 output bytes identical" in project.build("sim").output
    assert "GENERATE" not in project.build().output

    def runs() -> int:
        return sum(call[0] == "generate" for call in tool.calls())

    assert runs() == 1
    project.build("sim")
    assert runs() == 1
    project.build(ai_options="--optimization ram")
    assert runs() == 2
    assert tool.calls()[-1][-2:] == ["--optimization", "ram"]
    project.build()
    assert runs() == 3
    (tool.folder / "banner").write_text("ST Edge AI Core v2.2.1-1")
    tool.program.write_text(text + "\n")
    project.build()
    assert runs() == 4
    os.utime(tool.program)
    project.build()
    assert runs() == 4


def test_a_tool_without_a_known_version_may_still_work(tool: Installed, generate: Generate) -> None:
    (tool.folder / "banner").write_text("hello")
    assert isinstance(ask(tool.program), Tool)
    assert ask(tool.program).version is None
    assert generate().returncode == 0
    (tool.folder / "banner").write_text("ST Edge AI Core v2.2.0")
    assert ask(tool.program).version == Version(2, 2, 0)
