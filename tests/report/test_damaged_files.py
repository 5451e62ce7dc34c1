"""A damaged file of the build is named, in words, with the command that makes it anew."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codegen.cli import build_parser
from codegen.commands import report
from support.build_files import KINDS
from support.errors import UserError
from support.shape import SIGNED, Named, wrong
from tests.report.conftest import Build as Folder
from tests.report.conftest import codegen

SHOWN = ("manifest", "training", "quantization", "evaluation", "memory", "placement")
MEASURED = ("validation", "profile")
# What no message may have: the words of Python's errors, and names of its types.
OF_PYTHON = ("Error", "object has no", "subscriptable", "'int'", "'str'", "NoneType", "indices")
TEXTS = {
    "empty": (b"", "not valid JSON (it is empty)"),
    "truncated": (b'{"layers": [', "not valid JSON (what is at line 1, column 13 is none)"),
    "other bytes": (b"\xff\xfe{}", "not valid JSON (no UTF-8)"),
    "not a number": (b'{"a": NaN}', "not valid JSON (NaN is no number of JSON)"),
    "a list": (b"[]", "it is a list, not an object"),
    "null": (b"null", "it is null, not an object"),
    "text": (b'"x"', "it is text, not an object"),
    "a number": (b"3", "it is 3, not an object"),
}


def file_of(build: Folder, kind: str) -> Path:
    return build.path("network_manifest.json" if kind == "manifest" else f"{kind}.json")


def refusal(build: Folder, kind: str) -> UserError | None:
    """What the report says of the manifest and this file alone; None where it is made."""
    words = ["report", "--manifest", str(file_of(build, "manifest"))]
    words += ["--kept", str(build.path("kept.json")), "--out", str(build.path("page.html"))]
    if kind != "manifest":
        words += [f"--{kind}", str(file_of(build, kind))]
    try:
        report.run(build_parser("report").parse_args(words))
    except UserError as error:
        return error
    return None


@pytest.mark.parametrize("kind", [*SHOWN, *MEASURED])
@pytest.mark.parametrize("name", TEXTS)
def test_no_such_file_as_it_should_be(kind: str, name: str, build: Folder) -> None:
    content, why = TEXTS[name]
    (path := file_of(build, kind)).write_bytes(content)
    error = refusal(build, kind)
    assert error is not None and not build.path("page.html").exists()
    assert error.message.startswith(f"{path}: ") and error.message.endswith(why)
    assert error.remedy == f"make it anew: scons {KINDS[kind].made_by}"


def mutants(content: Any) -> Iterator[tuple[str, Any]]:
    """The content with each of its values, one of each list, gone or of other kinds."""

    def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        items = value.items() if isinstance(value, dict) else enumerate(value[:1])
        for key, each in items:
            yield (*at, key)
            if isinstance(each, dict | list):
                yield from places(each, (*at, key))

    for place in places(content):
        for new in (None, [], {}, "x", -1, 1e300, 10**30, True, [None], {"x": 1}):
            changed = copy.deepcopy(content)
            inner = changed
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = new
            yield f"{place} = {new!r}", changed


@pytest.mark.sample(2)
@pytest.mark.parametrize("kind", [*SHOWN, *MEASURED])
def test_each_value_of_another_kind(kind: str, build: Folder) -> None:
    """A page is made, or the file is named: never a traceback, never another file, no Python."""
    path = file_of(build, kind)
    refused = 0
    for what, content in mutants(json.loads(path.read_text())):
        path.write_text(json.dumps(content))
        error = refusal(build, kind)
        if error is None:
            continue
        refused += 1
        assert error.message.startswith(f"{path}: "), what
        assert error.remedy == f"make it anew: scons {KINDS[kind].made_by}", what
        assert not any(words in error.message for words in OF_PYTHON), (what, error.message)
    assert refused > 10


def test_the_right_one_of_many_is_named(build: Folder) -> None:
    """What the shape does not tell: numbers that do not fit each other."""
    content = json.loads((path := build.path("memory.json")).read_text())
    content["regions"][0]["length"] = 0
    path.write_text(json.dumps(content))
    done = build.report()
    assert done.returncode == 1 and not build.path("report.html").exists()
    assert done.stderr == (
        f"codegen: error: {path}: not the memory table as this version writes it:"
        " its numbers do not fit the network, or each other\n"
        "  remedy: make it anew: scons size\n"
    )
    edges = json.loads((path := file_of(build, "manifest")).read_text())
    edges["edges"] = [{"from": ["layer", 0], "to": ["layer", 99]}]
    path.write_text(json.dumps(edges))
    error = refusal(build, "manifest")
    assert error is not None and error.message.startswith(f"{path}: not the manifest of a network")


def test_the_files_of_other_commands(tmp_path: Path) -> None:
    """`ide`, `package` and `render` ended in a traceback, or without a remedy."""
    broken = tmp_path / "broken.json"
    broken.write_text("[1, 2]")
    ide = [f"--{name}={tmp_path}" for name in ("project", "build-dir", "elf", "database")]
    ide += [f"--{name}={broken}" for name in ("debugging", "memories", "placement")]
    for words, made_by in (
        (["ide", *ide, f"--out-dir={tmp_path}", "--compiler=gcc"], "ide"),
        (["package", f"--manifest={broken}", f"--out-dir={tmp_path / 'package'}"], "generate"),
        (
            ["render", "board/firmware.ld.j2", f"--context=memories={broken}", "--out=x.ld"],
            "elf",
        ),
    ):
        done = codegen(*words)
        assert done.returncode == 1, words
        message, remedy = done.stderr.splitlines()
        assert message.endswith("it is a list, not an object") and str(broken) in message
        assert remedy == f"  remedy: make it anew: scons {made_by}"
    assert [path.name for path in tmp_path.iterdir()] == ["broken.json"]


@pytest.mark.parametrize(
    ("content", "shape", "why"),
    [
        ({"a": 1, "more": None}, {"a": int, "b?": str}, ""),
        ({"a": None}, {"a": int}, "'a' is null, not a whole number from 0 on"),
        ({"a": None}, {"a?": int}, ""),
        ({}, {"a": int}, "'a' is missing"),
        ({"a": [{"b": 1}, {"b": []}]}, {"a": [{"b": int}]}, "'a[1].b' is a list, not a whole"),
        ({"a": True}, {"a": int}, "'a' is true or false, not a whole number from 0 on"),
        ({"a": -1}, {"a": int}, "'a' is -1, not a whole number from 0 on"),
        ({"a": -1}, {"a": SIGNED}, ""),
        ({"a": 0.5}, {"a": SIGNED}, "'a' is 0.5, not a whole number"),
        ({"a": 10**30}, {"a": float}, "'a' is a number of more than 64 bits, not a number"),
        ({"a": ["x", 1]}, {"a": (str, int)}, ""),
        ({"a": ["x"]}, {"a": (str, int)}, "'a' has 1 elements, not 2"),
        ({"a": {"x": 1, "y": "z"}}, {"a": Named(int)}, "'a.y' is text, not a whole number"),
        (["x"], [str], ""),
        ([1], [str], "'[0]' is 1, not text"),
    ],
)
def test_shapes(content: Any, shape: Any, why: str) -> None:
    told = wrong(content, shape)
    assert told.startswith(why) and bool(told) == bool(why)
