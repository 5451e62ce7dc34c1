"""firmware/app/console.c, compiled for this computer and called directly."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.device.conftest import FIRMWARE, WARNINGS

STUB = """
#include "board.h"
char written[256];
size_t count;
void board_console_write(const char *data, size_t size) {
    for (size_t i = 0; i < size; ++i) written[count++] = data[i];
}
"""

Say = Callable[..., str]


@pytest.fixture(scope="module")
def say(tmp_path_factory: pytest.TempPathFactory) -> Say:
    """say(function, arguments…) -> what the function wrote."""
    folder = tmp_path_factory.mktemp("console")
    (folder / "stub.c").write_text(STUB)
    library = folder / "console.so"
    sources: list[str | Path] = [folder / "stub.c", FIRMWARE / "app/console.c"]
    command = ["gcc", *WARNINGS, "-shared", "-fPIC", f"-I{FIRMWARE / 'app'}", *sources]
    subprocess.run([*command, "-o", library], check=True)
    console = ctypes.CDLL(str(library))
    count = ctypes.c_size_t.in_dll(console, "count")
    written = (ctypes.c_char * 256).in_dll(console, "written")

    def call(function: str, *arguments: object) -> str:
        count.value = 0
        getattr(console, function)(*arguments)
        return written.raw[: count.value].decode()

    return call


@given(st.integers(0, 2**32 - 1))
@example(0)
@example(2**32 - 1)
def test_unsigned_and_hex(say: Say, value: int) -> None:
    assert say("console_unsigned", ctypes.c_uint32(value)) == str(value)
    assert say("console_hex", ctypes.c_uint32(value)) == f"{value:#010x}"


@given(st.integers(-(2**31), 2**31 - 1))
@example(-(2**31))
def test_signed(say: Say, value: int) -> None:
    assert say("console_signed", ctypes.c_int32(value)) == str(value)


@given(st.integers(1, 2**31 // 10), st.data())
def test_percent(say: Say, whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, whole))
    exact = Decimal(100 * part) / Decimal(whole)
    rounded = exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert say("console_percent", ctypes.c_uint32(part), ctypes.c_uint32(whole)) == f"{rounded} %"


def test_percent_of_nothing(say: Say) -> None:
    assert say("console_percent", 0, 0) == "- %"


@pytest.mark.parametrize("text", ["", "\n", "plain", "a\nb", "\n\nend\n"])
def test_line_ends(say: Say, text: str) -> None:
    assert say("console_text", text.encode()) == text.replace("\n", "\r\n")
