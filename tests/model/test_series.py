"""Files of time series: read as they are, refused by the line that cannot be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.sources.series import load
from support.errors import UserError

HEAD = "# recorded by hand\n@problemName toy\n@classLabel true up down\n@data\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "toy.ts"
    path.write_text(text)
    return path


def test_recordings_are_read(tmp_path: Path) -> None:
    """Blank lines, comments and Windows' ends of lines between them."""
    text = HEAD + "1,2,-3e-1:4, 5,6:up\n\n# more\n7,8,9:0,.5,+1:down \n"
    for ends in (text, text.replace("\n", "\r\n")):
        found = load(write(tmp_path, ends))
        assert found.inputs.dtype == np.float32
        first, second = [[1, 2, np.float32(-0.3)], [4, 5, 6]], [[7, 8, 9], [0, 0.5, 1]]
        assert found.inputs.tolist() == np.array([first, second], np.float32).tolist()
        assert found.labels.tolist() == ["up", "down"]
        assert found.classes == ("up", "down")
    unnamed = load(write(tmp_path, "@data\n1:b\n2:a\n3:b\n"))
    assert unnamed.classes == ("a", "b") and unnamed.inputs.shape == (3, 1, 1)


WRONG = {
    "no number": ("1,2:3,4:up\n1,2:3,x:up\n", r"toy\.ts:6: channel 2 holds 'x', no number"),
    "one that is missing": ("1,2:?,4:up\n", r"toy\.ts:5: channel 2 holds '\?', no number"),
    "an empty one": ("1,,2:up\n", r"toy\.ts:5: channel 1 holds '', no number"),
    "not a number": ("nan:up\n", r"toy\.ts:5: channel 1 holds 'nan', no number that float32 has"),
    "too large": ("1:up\n1e39:up\n", r"toy\.ts:6: channel 1 holds '1e39', no number"),
    "a program's number": ("1_0:up\n", r"toy\.ts:5: channel 1 holds '1_0', no number"),
    "a time stamp": ("(0,1),(1,2):up\n", r"toy\.ts:5: channel 1 holds '\(0', no number"),
    "a channel less": (
        "1,2:3,4:up\n\n1,2:up\n",
        r"toy\.ts:7: has 1 channels of 2 values, the first recording has 2 of 2",
    ),
    "a longer recording": (
        "1,2:up\n1,2,3:up\n",
        r"toy\.ts:6: has 1 channels of 3 values, the first recording has 1 of 2",
    ),
    "a shorter channel": (
        "1,2:3:up\n",
        r"toy\.ts:5: channel 2 has 1 values, the first has 2",
    ),
    "no colon": ("1,2,3\n", r"toy\.ts:5: has no colon"),
    "no class": ("1,2:\n", r"toy\.ts:5: has no class"),
    "another class": ("1:up\n1:left\n", r"toy\.ts:6: is of class 'left', .* names up, down"),
    "nothing": ("", r"toy\.ts: holds no recordings after a line @data"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_line_is_told_by_its_number(name: str, tmp_path: Path) -> None:
    lines, message = WRONG[name]
    with pytest.raises(UserError, match=message) as told:
        load(write(tmp_path, HEAD + lines))
    assert told.value.remedy


def test_what_is_no_such_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"toy\.ts:1: stands before @data"):
        load(write(tmp_path, "1,2:up\n"))
    (tmp_path / "toy.ts").write_bytes(b"@data\n\xff\xfe")
    with pytest.raises(UserError, match=r"toy\.ts: is no text"):
        load(tmp_path / "toy.ts")
    with pytest.raises(UserError, match=r"none\.ts: No such file"):
        load(tmp_path / "none.ts")
