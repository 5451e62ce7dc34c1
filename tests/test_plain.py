"""Text of others moves no cursor: names of files, builds and classes, whatever prints them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import onnx
import pytest

from codegen.dump import dump
from codegen.kernels.wanted import Kernels
from codegen.reader.qdq import read_graph
from codegen.target import CORTEX_M7
from support.files import write_json, write_plain
from support.plain import PlainStream, one_line, plain, print_json
from tests.codegen.models import two_layers

ROOT = Path(__file__).resolve().parents[1]
# Clears the screen, sets the window's title, goes back in the line, reads from right to left.
EVIL = "\x1b[2J\x1b]0;title\a\x7f\r\b\x9b1A\u202e"
TAME = r"\x1b[2J\x1b]0;title\x07\x7f\r\x08\x9b1A\u202e"


def test_what_is_not_printable_is_escaped(tmp_path: Path) -> None:
    assert plain(f"Größe\t{EVIL}\n") == f"Größe\t{TAME}\n"
    assert one_line("two\nlines") == r"two\nlines"
    write_plain(tmp_path / "told.txt", f"{EVIL}\n")
    assert (tmp_path / "told.txt").read_text(encoding="utf-8") == f"{TAME}\n"


def test_json_is_what_it_was(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """No escape of the stream's comes into it, which JSON would not know."""
    value = {"name": f"Größe 😀 \U000e0001 {EVIL}"}
    print_json(value)
    write_json(tmp_path / "told.json", value)
    written = (tmp_path / "told.json").read_text(encoding="utf-8")
    for told in (capsys.readouterr().out, written):
        assert plain(told) == told and json.loads(told) == value
    assert "Größe 😀 \\udb40" in written


def test_a_stream_is_what_it_wraps_but_for_its_text(tmp_path: Path) -> None:
    with (tmp_path / "told.txt").open("w", encoding="utf-8") as file:
        stream = PlainStream(file, "stdout")
        stream.writelines(["a", EVIL])
        assert stream.fileno() == file.fileno() and not stream.isatty()
    assert (tmp_path / "told.txt").read_text(encoding="utf-8") == f"a{TAME}"


def test_a_network_whose_names_are_hostile(tmp_path: Path) -> None:
    """The drawing is XML, which has no such characters; so are its texts and the manifest plain."""
    made = two_layers().build()
    names: dict[str, str] = {}
    for node in made.graph.node:
        for ends in (node.input, node.output):
            ends[:] = [names.setdefault(each, f"{each}{EVIL}") if each else "" for each in ends]
    for value in (*made.graph.input, *made.graph.output, *made.graph.initializer):
        value.name = names[value.name]
    onnx.save(made, tmp_path / "evil.onnx")
    graph = read_graph(tmp_path / "evil.onnx")
    dump(graph, Kernels("auto"), CORTEX_M7, tmp_path / "dump")
    files = sorted((tmp_path / "dump").iterdir())
    texts = {each.name: each.read_text(encoding="utf-8") for each in files}
    assert not [name for name, text in texts.items() if plain(text) != text]
    assert "title" in texts["memory.txt"] and ElementTree.fromstring(texts["network.svg"])


def build(**other: object) -> str:
    """The history of one build."""
    found = {"key": "0123456789ab", "made": "", "commit": "", "facts": {}, "figures": {}, **other}
    return json.dumps({"builds": [found]})


def builds(history: Path) -> subprocess.CompletedProcess[bytes]:
    """Print a history, as a user does."""
    command: list[str | Path] = [sys.executable, "-m", "codegen", "builds", history]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False)


@pytest.mark.parametrize("text", [build(made=EVIL), build(**{EVIL: 1}, key=7)])
def test_a_history_of_others_is_printed_plain(text: str, tmp_path: Path) -> None:
    history = tmp_path / f"{EVIL}.json"
    history.write_text(text, encoding="utf-8")
    done = builds(history)
    told = (done.stdout + done.stderr).decode()
    assert TAME in told and plain(told) == told, told
