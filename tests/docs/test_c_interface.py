"""docs/c-interface.md is made of the public headers' own declarations and comments.

After a change: `UPDATE_DOCS=1 .venv/bin/python -m pytest tests/docs/test_c_interface.py`.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from codegen.generate import generate
from codegen.reader.qdq import read_graph
from tests.docs.headers import Entry, declared, entries
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "c-interface.md"
RUNTIME = ROOT / "firmware" / "runtime"
MODEL = ROOT / "tests" / "fixtures" / "guide_int8.onnx"
MARKED = re.compile(r"(?<=<!-- headers: begin -->\n).*?(?=<!-- headers: end -->)", re.DOTALL)
# Chapter → C interface, headers of the network, headers of the runtime.
CHAPTERS = {
    "The legacy X-CUBE-AI interface": (
        "legacy",
        ("network.h", "network_data.h", "network_data_params.h"),
        ("ai_platform.h", "ai_platform_interface.h", "ai_datatypes_defines.h"),
    ),
    "The st-ai interface": (
        "st-ai",
        ("network.h", "network_details.h", "network_data.h"),
        ("stai.h", "stai_events.h", "stai_debug.h"),
    ),
    "With either": ("legacy", ("network_io.h", "network_selftest.h", "network_config.h"), ()),
}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The network of the guide, for each interface."""
    folders = {}
    for interface in ("legacy", "st-ai"):
        folders[interface] = tmp_path_factory.mktemp(interface)
        generate(read_graph(MODEL), "network", folders[interface], interface)
    return folders


def headers(chapter: str, generated: dict[str, Path]) -> list[Path]:
    """The files of a chapter."""
    interface, of_network, of_runtime = CHAPTERS[chapter]
    return [generated[interface] / n for n in of_network] + [RUNTIME / n for n in of_runtime]


def shown(entry: Entry) -> str:
    if entry.title:
        return f"#### {entry.title}\n\n"
    return (f"{entry.about}\n\n" if entry.about else "") + (
        f"```c\n{entry.code}\n```\n\n" if entry.code else ""
    )


def page_of(generated: dict[str, Path]) -> str:
    """The page between its marks."""
    text = ""
    for chapter in CHAPTERS:
        text += f"\n## {chapter}\n\n"
        for path in headers(chapter, generated):
            found = entries(path.read_text(encoding="utf-8"))
            text += f"### `{path.name}`\n\n" + "".join(map(shown, found))
    return text.rstrip() + "\n\n"


def test_the_page_is_made_of_todays_headers(generated: dict[str, Path]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    made = MARKED.sub(lambda _: page_of(generated), text)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(made, encoding="utf-8")
    assert made == PAGE.read_text(encoding="utf-8"), "UPDATE_DOCS=1 writes it"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_function_that_the_compiler_sees_has_a_comment(
    chapter: str, generated: dict[str, Path], tmp_path: Path
) -> None:
    """GCC lists the prototypes of these headers; the page has each, and says what it does."""
    files = headers(chapter, generated)
    source = tmp_path / "all.c"
    source.write_text("".join(f'#include "{path}"\n' for path in files))
    interface = CHAPTERS[chapter][0]
    words = ["-I", str(generated[interface]), "-I", str(RUNTIME), "-aux-info", "all.txt"]
    subprocess.run(["gcc", "-fsyntax-only", *words, str(source)], cwd=tmp_path, check=True)
    listed = (tmp_path / "all.txt").read_text(encoding="utf-8").splitlines()
    seen = set()
    for line in listed:
        match = re.match(r"/\* (.*?):\d+:\w+ \*/ extern .*?(\w+) \(", line)
        if match and Path(match[1]).name in {path.name for path in files}:
            seen.add(match[2])
    assert len(seen) > 3 and not any(name.startswith("__") for name in seen)
    told: set[str] = set()
    for path in files:
        for entry in entries(path.read_text(encoding="utf-8")):
            if entry.about:
                told |= declared(entry.code)
    assert seen == told


HEADER = """/* SPDX-License-Identifier: X
 *
 * What the file is: 2 * 3.
 */
#ifndef A_H
#define A_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/* ---- Types -------- */

typedef struct {
    int a; /* of it */

    int b;
} a_pair;

/* Adds MOST_OF_IT, see
 * a_pair. */
int a_add(const a_pair *pair,
          int (*then)(int));
int a_sub(void);
/* Another. */
char *a_name(int number);
#define A_TWICE(x) \\
    ((x) * 2)
#if defined(__arm__)
_Static_assert(sizeof(a_pair) == 8, "a");
#endif
#endif
"""


def test_a_header_is_read() -> None:
    found = entries(HEADER)
    assert [entry.title for entry in found] == ["", "Types", "", "", ""]
    assert found[0] == Entry("", r"What the file is: 2 \* 3.", "")
    assert "int b;" in found[2].code and "/* of it */" in found[2].code
    assert found[3].about == "Adds `MOST_OF_IT`, see\n`a_pair`."
    assert declared(found[3].code) == {"a_add", "a_sub"}
    assert found[4].code == "char *a_name(int number);\n#define A_TWICE(x)"
    assert declared(found[4].code) == {"a_name"}
