"""The command lines of each programmer, where each is found, and which one is chosen."""

from __future__ import annotations

import dataclasses
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from device.boards import Board, read_board
from device.programmers import _PROGRAMMERS, check_settings, choose
from device.programmers.base import Programmer
from device.programmers.openocd import OpenOcd
from device.programmers.pyocd import commander_word
from device.programmers.st_tools import find_gdb_server, find_programmer
from device.programmers.stm32cubeprogrammer import Stm32CubeProgrammer
from device.steps import Step, shown
from support.errors import UserError
from tests.device.boards_with_probes import BOARD, device, fake_tool, image, image_facts
from tests.device.conftest import FIRMWARE, Build

LOADER = "MT25TL01G_STM32H750B-DISCO.stldr"
CUBE = "STM32_Programmer_CLI -c port=SWD mode=UR reset=HWrst"
OPENOCD = "openocd -f board/stm32h750b-disco.cfg"
PROCEDURES = shlex.join(["-f", f"{FIRMWARE.parent}/device/programmers/openocd.tcl"])
SCRIPTS = f"{shlex.join(['-f', f'{BOARD.parent}/openocd.cfg'])} {PROCEDURES}"
QUIET = "-c 'gdb_port disabled; tcl_port disabled; telnet_port disabled'"
PYOCD = "-W -t stm32h750xx -M under-reset"
ELF = Path("out/firmware.elf")


@pytest.fixture(scope="module")
def board() -> Board:
    return read_board(BOARD)


def tool(board: Board, name: str) -> Programmer:
    """The programmer as it is on a computer without it: bare names in its command lines."""
    return _PROGRAMMERS[name](board, None)


def lines(steps: list[Step]) -> list[str]:
    return [shlex.join(step.command) for step in steps]


@pytest.mark.parametrize("path", sorted(FIRMWARE.glob("boards/*/board.toml")), ids=str)
def test_settings_of_every_board(path: Path) -> None:
    board = read_board(path)
    check_settings(board)
    assert board.programmers.keys() <= _PROGRAMMERS.keys()


def test_flash_own_and_external(board: Board) -> None:
    both = image_facts(ELF, external=True)
    assert lines(tool(board, "stm32cubeprogrammer").flash(both, "AB12")) == [
        f"{CUBE} sn=AB12 -el ExternalLoader/{LOADER} -w out/firmware.hex -v -rst"
    ]
    assert lines(tool(board, "openocd").flash(both, "AB12")) == [
        f"{OPENOCD} -c 'adapter serial {{AB12}}' {SCRIPTS} {QUIET} "
        "-c 'nn_flash {out/firmware.hex} 1 134217728'"
    ]


def test_flash_own(board: Board) -> None:
    own = image_facts(ELF, external=False)
    assert lines(tool(board, "stm32cubeprogrammer").flash(own, None)) == [
        f"{CUBE} -w out/firmware.hex -v -rst"
    ]
    assert lines(tool(board, "openocd").flash(own, None)) == [
        f"{OPENOCD} {SCRIPTS} {QUIET} -c 'nn_flash {{out/firmware.hex}} {{}} {{}}'"
    ]
    assert lines(tool(board, "pyocd").flash(own, "AB12")) == [
        f"pyocd load {PYOCD} -u AB12 --erase chip --no-reset out/firmware.hex",
        f"pyocd commander {PYOCD} -u AB12 -c 'compare 0x8000000 out/firmware-flash.bin' -c reset",
    ]
    assert lines(tool(board, "st-flash").flash(own, "AB12")) == [
        "st-flash --connect-under-reset --reset --serial AB12 "
        "write out/firmware-flash.bin 0x08000000"
    ]


@pytest.mark.parametrize(
    ("name", "erase", "reset"),
    [
        ("stm32cubeprogrammer", f"{CUBE} -e all", f"{CUBE} -rst"),
        (
            "openocd",
            f"{OPENOCD} {QUIET} -c 'init; reset halt; flash erase_sector 0 0 last; shutdown'",
            f"{OPENOCD} {QUIET} -c 'init; reset run; shutdown'",
        ),
        ("pyocd", f"pyocd erase {PYOCD} --chip", f"pyocd reset {PYOCD}"),
        ("st-flash", "st-flash --connect-under-reset erase", "st-flash reset"),
    ],
)
def test_erase_and_reset(board: Board, name: str, erase: str, reset: str) -> None:
    assert lines(tool(board, name).erase(None)) == [erase]
    assert lines(tool(board, name).reset(None)) == [reset]


@pytest.mark.parametrize(
    ("name", "reset", "attached"),
    [
        (
            "stm32cubeprogrammer",
            "ST-LINK_gdbserver -p 61234 -cp . --swd -m 0 -k",
            "ST-LINK_gdbserver -p 61234 -cp . --swd -m 0 --attach --halt",
        ),
        (
            "openocd",
            f"{OPENOCD} -c 'gdb_port 61234; tcl_port disabled; telnet_port disabled' "
            "-c 'gdb_memory_map disable; gdb_breakpoint_override hard'",
            "",
        ),
        (
            "pyocd",
            f"pyocd gdbserver {PYOCD} -p 61234 -T 0 -bh",
            "pyocd gdbserver -W -t stm32h750xx -M attach -p 61234 -T 0 -bh",
        ),
        ("st-flash", "st-util -p 61234 --connect-under-reset", "st-util -p 61234 --hot-plug"),
    ],
)
def test_gdb_server(board: Board, name: str, reset: str, attached: str) -> None:
    server = tool(board, name).gdb_server(61234, None, attach=False)
    joined = tool(board, name).gdb_server(61234, None, attach=True)
    assert lines([server.step, joined.step]) == [reset, attached or reset]
    assert server.halt_at_reset[0].startswith("monitor reset")
    assert joined.halt_at_reset == ()


def test_external_flash_needs_a_tool_that_writes_it(board: Board) -> None:
    qspi = board.memory("qspi")
    able = {name for name in board.programmers if tool(board, name).can_write(qspi)}
    assert able == {"stm32cubeprogrammer", "openocd"}
    poor = dataclasses.replace(board, programmers={"openocd": {"config": "x.cfg"}})
    assert not OpenOcd(poor, None).can_write(qspi)


@pytest.mark.parametrize(
    ("platform", "places"),
    [
        (
            "linux",
            [
                "home/STMicroelectronics/STM32Cube/STM32CubeProgrammer/bin",
                "opt/st/stm32cubeclt_1.18.0/STM32CubeProgrammer/bin",
                "opt/st/stm32cubeide_1.9.0/plugins/com.st.stm32cube.ide.mcu.externaltools."
                "cubeprogrammer.linux64_2.0.301.202207041506/tools/bin",
            ],
        ),
        (
            "darwin",
            [
                "Applications/STMicroelectronics/STM32Cube/STM32CubeProgrammer/"
                "STM32CubeProgrammer.app/Contents/MacOs/bin",
                "opt/ST/STM32CubeCLT_1.18.0/STM32CubeProgrammer/bin",
                "Applications/STM32CubeIDE.app/Contents/Eclipse/plugins/com.st.stm32cube.ide.mcu."
                "externaltools.cubeprogrammer.macos64_2.2.0/tools/bin",
            ],
        ),
        (
            "win32",
            [
                "Program Files/STMicroelectronics/STM32Cube/STM32CubeProgrammer/bin",
                "ST/STM32CubeCLT_1.18.0/STM32CubeProgrammer/bin",
                "ST/STM32CubeIDE_1.10.1/STM32CubeIDE/plugins/com.st.stm32cube.ide.mcu."
                "externaltools.cubeprogrammer.win32_2.0.301.202207041506/tools/bin",
            ],
        ),
    ],
)
def test_where_st_installs(tmp_path: Path, platform: str, places: list[str]) -> None:
    """Each place is found when it is the only one, and earlier ones win."""
    name = "STM32_Programmer_CLI" + (".exe" if platform == "win32" else "")

    def find() -> Path | None:
        return find_programmer(platform, {"PATH": ""}, tmp_path, tmp_path / "home")

    assert find() is None
    for place in reversed(places):
        path = tmp_path / place / name
        path.parent.mkdir(parents=True)
        path.touch()
        assert find() == path


def test_newest_version_wins(tmp_path: Path) -> None:
    for version in ("1.9.0", "1.18.0", "1.10.0"):
        folder = tmp_path / f"opt/st/stm32cubeclt_{version}"
        for path in ("STM32CubeProgrammer/bin/STM32_Programmer_CLI", "STLink-gdb-server/bin/x"):
            (folder / path).parent.mkdir(parents=True)
            (folder / path).touch()
        (folder / "STLink-gdb-server/bin/ST-LINK_gdbserver").touch()
    found = find_programmer("linux", {"PATH": ""}, tmp_path, tmp_path)
    assert found is not None and "1.18.0" in str(found)
    older = tmp_path / "opt/st/stm32cubeclt_1.9.0/STM32CubeProgrammer/bin/STM32_Programmer_CLI"
    server = find_gdb_server("linux", {"PATH": ""}, older, tmp_path, tmp_path)
    assert server is not None and "1.9.0" in str(server)  # the one that belongs to it
    assert "1.18.0" in str(find_gdb_server("linux", {"PATH": ""}, None, tmp_path, tmp_path))


def test_the_users_own_place(tmp_path: Path) -> None:
    cli = fake_tool(tmp_path / "bin", "STM32_Programmer_CLI", "")
    for given in (tmp_path, tmp_path / "bin", cli):
        assert find_programmer("linux", {"STM32CUBEPROGRAMMER": str(given)}) == cli
    with pytest.raises(UserError, match="there is no STM32_Programmer_CLI"):
        find_programmer("linux", {"STM32CUBEPROGRAMMER": str(tmp_path / "none")})


def test_installed_programmer_knows_its_loader_and_libraries(
    tmp_path: Path, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = fake_tool(tmp_path / "bin", "STM32_Programmer_CLI", "")
    programmer = Stm32CubeProgrammer(board, cli)
    with pytest.raises(UserError, match=f"no external loader ExternalLoader/{LOADER}"):
        programmer.flash(image_facts(ELF, external=True), None)
    loader = tmp_path / "bin/ExternalLoader" / LOADER
    loader.parent.mkdir()
    loader.touch()
    monkeypatch.setenv("LD_LIBRARY_PATH", "/before")
    monkeypatch.setattr("sys.platform", "linux")
    step = programmer.flash(image_facts(ELF, external=True), None)[0]
    assert step.command[5:7] == ("-el", str(loader))
    assert step.environment == {"LD_LIBRARY_PATH": f"{tmp_path / 'lib'}:/before"}
    assert shown(step).startswith("LD_LIBRARY_PATH=")


def test_choice(tmp_path: Path, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    flash, qspi = board.memory("flash"), board.memory("qspi")
    with pytest.raises(UserError) as caught:
        choose(board, None, [flash])
    assert "st-flash: not installed" in str(caught.value)
    assert "apt install openocd" in str(caught.value)
    fake_tool(tmp_path, "st-flash", "")
    assert choose(board, None, [flash]).name == "st-flash"
    with pytest.raises(UserError) as caught:
        choose(board, None, [flash, qspi])
    assert "st-flash: cannot write external flash (qspi)" in str(caught.value)
    assert "stlink-tools" not in str(caught.value)  # of no help here
    with pytest.raises(UserError, match=r"install one: stm32cubeprogrammer: .* or openocd: "):
        choose(board, "st-flash", [qspi])
    fake_tool(tmp_path, "openocd", "")
    assert choose(board, None, [flash, qspi]).name == "openocd"
    with pytest.raises(UserError, match="programmer=openocd, which is installed here, can"):
        choose(board, "st-flash", [qspi], model=True)
    fake_tool(tmp_path, "STM32_Programmer_CLI", "")
    assert choose(board, None, [flash, qspi]).name == "stm32cubeprogrammer"
    assert choose(board, None, gdb=True).name == "openocd"  # the former has no server here
    assert choose(board, "st-flash", [flash]).name == "st-flash"
    with pytest.raises(UserError, match="did you mean 'openocd'"):
        choose(board, "open-ocd", [flash])


def test_no_remedy_names_a_tool_that_lacks_its_gdb_server(
    tmp_path: Path, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    fake_tool(tmp_path, "STM32_Programmer_CLI", "")
    with pytest.raises(UserError) as caught:
        choose(board, None, gdb=True)
    assert "ST-LINK_gdbserver is not installed" in caught.value.message
    assert "which is installed here, can" not in caught.value.remedy
    assert "apt install openocd" in caught.value.remedy


@pytest.mark.parametrize(
    ("programmers", "message"),
    [
        ({"opnocd": {}}, "unknown programmer 'opnocd'"),
        ({"openocd": {}}, "missing key 'config'"),
        ({"openocd": {"config": "x", "bank": "1"}}, "unknown key 'bank'"),
        ({}, "has no programmers"),
    ],
)
def test_settings_that_are_refused(
    board: Board, programmers: dict[str, dict[str, str]], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        choose(dataclasses.replace(board, programmers=programmers))


@pytest.mark.parametrize("external", [False, True])
def test_dry_run_needs_no_tool(tmp_path: Path, build: Build, external: bool) -> None:
    """And what it prints is what a shell would take, from a folder with a space."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    elf = image(build, folder, external=external)
    for name in ("stm32cubeprogrammer", "openocd", *(() if external else ("pyocd", "st-flash"))):
        options = ["--board", BOARD, "--elf", elf, "--programmer", name, "--dry-run"]
        done = device("flash", *options, tools=tmp_path / "none", HOME=str(tmp_path))
        assert done.returncode == 0, done.stderr
        assert f"{name} is not installed" in done.stderr
        script = done.stdout.replace(tool(read_board(BOARD), name).program, "printf '%s\\n'", 1)
        words = subprocess.run(
            ["sh", "-c", script.splitlines()[0]], capture_output=True, text=True, check=True
        )
        assert any(str(folder / "firmware") in word for word in words.stdout.splitlines())


@pytest.mark.parametrize(
    ("name", "model"), [("pyocd", False), ("pyocd", True), ("st-flash", False)]
)
def test_external_flash_is_refused_with_what_can(
    name: str, model: bool, tmp_path: Path, build: Build
) -> None:
    """By the tools that have no algorithm for it, on a board and on its model; nothing is run."""
    elf = image(build, tmp_path, external=True)
    tools = tmp_path / "tools"
    for program in (name, "openocd"):
        fake_tool(tools, program, "")
    there = [f"--model={tmp_path / 'board.zip'}"] if model else []
    options = ["--board", BOARD, "--elf", elf, "--programmer", name, *there]
    done = device("flash", *options, tools=tools, HOME=str(tmp_path))
    assert done.returncode != 0 and not done.stdout
    assert done.stderr.splitlines() == [
        f"device: error: no programmer fits: {name}: cannot write external flash (qspi)",
        "  remedy: programmer=openocd, which is installed here, can",
    ]
    assert not (tools / f"{name}.log").exists()


def test_dry_run_runs_nothing(tmp_path: Path, build: Build) -> None:
    elf = image(build, tmp_path, external=False)
    tools = tmp_path / "tools"
    fake_tool(tools, "st-flash", "")
    done = device("flash", "--board", BOARD, "--elf", elf, "--dry-run", tools=tools)
    assert done.returncode == 0 and str(tools / "st-flash") in done.stdout
    assert not (tools / "st-flash.log").exists()


@pytest.mark.skipif(shutil.which("openocd") is None, reason="needs OpenOCD")
@pytest.mark.parametrize("action", ["erase", "reset", "gdb"])
def test_openocd_reads_every_command(board: Board, action: str) -> None:
    """The real OpenOCD parses the board's configuration and our commands; the verbs that need a
    probe are replaced by ones that tell what they were called with. (`flash` is run for real by
    test_debug_port.py.)"""
    stubs = [
        f'proc {verb} {{args}} {{echo "CALL {verb} $args"}}' for verb in ("init", "reset", "flash")
    ]
    programmer = OpenOcd(board, Path("openocd"))
    if action == "gdb":
        command = list(programmer.gdb_server(0, "AB12", attach=False).step.command)
    else:
        command = list(getattr(programmer, action)("AB12")[0].command)
    at = command.index("-c")
    prepared = [part for stub in ("noinit", *stubs) for part in ("-c", stub)]
    command[at:at] = prepared
    done = subprocess.run(
        [*command, "-c", "echo END", "-c", "shutdown"],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    said = [line[5:] for line in done.stderr.splitlines() if line.startswith("CALL ")]
    assert done.returncode == 0 and "Error" not in done.stderr, done.stderr
    expected = {
        "erase": ["init ", "reset halt", "flash erase_sector 0 0 last"],
        "reset": ["init ", "reset run"],
        "gdb": [],
    }
    assert said == expected[action]


@pytest.mark.skipif(shutil.which("openocd") is None, reason="needs OpenOCD")
def test_openocd_has_the_banks_that_we_name(board: Board) -> None:
    """Bank 0 is the chip's own flash, and the external one is where the board's memory is."""
    config = board.programmers["openocd"]["config"]
    done = subprocess.run(
        ["openocd", "-f", config, "-c", "noinit", "-c", "echo [flash list]", "-c", "shutdown"],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    bases = [
        int(line.split("base ")[1].split()[0], 0)
        for line in done.stderr.replace("{", "\n").splitlines()
        if "base " in line
    ]
    assert bases[0] == board.memory("flash").origin
    external = int(board.programmers["openocd"]["external_bank"])
    assert bases[external] == board.memory("qspi").origin


@pytest.mark.parametrize(
    "name",
    [
        "plain.bin",
        "c++/a=b,c@d%e.bin",
        "a b",
        "it's",
        'a "b"',
        "back\\slash",
        "x;reset",
        "$!?",
    ],
)
def test_a_name_reaches_pyocds_commander_whole(name: str) -> None:
    """Split as pyOCD does it: into commands, then each into words."""
    cmdline = pytest.importorskip("pyocd.utility.cmdline")
    line = f"compare 0x08000000 {commander_word(name)}"
    command = cmdline.split_command_line(line)
    assert ";" not in command
    assert cmdline.split_command_line(command) == ["compare", "0x08000000", name]
