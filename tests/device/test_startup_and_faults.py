"""From reset to main, and what becomes of faults: on QEMU's Cortex-M7."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from device.boards import Board
from device.elf import Elf
from device.emulators import SimOptions, SimResult, qemu
from support.errors import UserError
from tests.device.conftest import Build

ACTIONS = (
    "return_seven",
    "bus_fault",
    "undefined",
    "divide_by_zero",
    "execute_never",
    "hard_fault",
    "stack_gone",
    "hang",
    "lockup",
    "exit_early",
    "unexpected_exception",
    "float",
)
BUILDS = {name: (f"-DACTION={name.upper()}",) for name in ACTIONS}


def simulate(board: Board, elf: object, timeout: float = 30.0) -> SimResult:
    return qemu.run(board, elf, SimOptions(timeout, lambda text: None))  # type: ignore[arg-type]


def report(result: SimResult) -> dict[str, int]:
    """The registers of a fault report by name."""
    return {name: int(value, 16) for name, value in re.findall(r"  (\w+) +(0x\w+)", result.console)}


def test_memory_is_set_up_before_main(mps2: Board, build: Build) -> None:
    elf = build("echo")
    rows = Elf(elf)
    assert rows.address("initialized") >= 0x20000000  # or there would be nothing to prove
    assert rows.address("network") >= 0x20000000
    result = simulate(mps2, elf)
    assert (result.status, result.console) == (0, "hello from one\n")
    assert result.results[:4] == bytes([1, 4, 7, 10])


def test_status_of_main(mps2: Board, build: Build) -> None:
    result = simulate(mps2, build("misbehave", flags=BUILDS["return_seven"]))
    assert (result.status, result.results) == (7, b"")


def test_fpu_is_on(mps2: Board, build: Build) -> None:
    assert simulate(mps2, build("misbehave", flags=BUILDS["float"])).status == 0


@pytest.mark.parametrize(
    ("action", "name", "cfsr"),
    [
        # CFSR bits: ARMv7-M ARM, B3.2.15.
        ("bus_fault", "BusFault", 1 << 9 | 1 << 15),  # PRECISERR, BFARVALID
        ("undefined", "UsageFault", 1 << 16),  # UNDEFINSTR
        ("divide_by_zero", "UsageFault", 1 << 25),  # DIVBYZERO
        ("execute_never", "MemManage", 1 << 0),  # IACCVIOL
        ("hard_fault", "HardFault", 0),
    ],
)
def test_fault_report(mps2: Board, build: Build, action: str, name: str, cfsr: int) -> None:
    elf = build("misbehave", flags=BUILDS[action])
    result = simulate(mps2, elf)
    exceptions = {"HardFault": 3, "MemManage": 4, "BusFault": 5, "UsageFault": 6}
    assert result.status == 128 + exceptions[name]
    assert f"fault: {name}\n" in result.console
    registers = report(result)
    assert registers["CFSR"] == cfsr
    assert registers["xpsr"] & 1 << 24  # the Thumb bit: the frame was read from the right place
    if action == "execute_never":
        assert registers["pc"] == 0x40000000
        assert Elf(elf).function_at(registers["lr"]) in ("misbehave", "main")
    else:
        assert Elf(elf).function_at(registers["pc"]) == "misbehave"
    assert ("BFAR" in registers) == (action == "bus_fault")
    if action == "bus_fault":
        assert registers["BFAR"] == 0x5F000000
    if action == "hard_fault":
        assert registers["HFSR"] & 1 << 30  # FORCED


def test_fault_without_a_stack(mps2: Board, build: Build) -> None:
    result = simulate(mps2, build("misbehave", flags=BUILDS["stack_gone"]))
    assert result.status > 128
    assert "the stack pointer left its memory" in result.console
    assert "pc" not in report(result)


def test_exception_that_nobody_handles(mps2: Board, build: Build) -> None:
    elf = build("misbehave", flags=BUILDS["unexpected_exception"])
    assert simulate(mps2, elf).status == 128 + 14  # PendSV


@pytest.mark.parametrize(
    ("action", "timeout", "fragments"),
    [
        ("hang", 1.0, ("did not finish within 1 s", "in main")),
        ("lockup", 30.0, ("locked up",)),
        ("exit_early", 30.0, ("without calling board_finish",)),
    ],
)
def test_runs_that_do_not_end_well(
    mps2: Board, build: Build, action: str, timeout: float, fragments: Sequence[str]
) -> None:
    seen: list[str] = []
    elf = build("misbehave", flags=BUILDS[action])
    with pytest.raises(UserError) as caught:
        qemu.run(mps2, elf, SimOptions(timeout, seen.append))
    assert all(fragment in str(caught.value) for fragment in fragments)
    assert "".join(seen) == "about to misbehave\n"  # the console came live, not with the end
