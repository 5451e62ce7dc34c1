"""Names that cannot be C, that others have, or that try to break out of comments and strings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codegen.names import check_name
from codegen.reader.qdq import read_graph
from tests.codegen.conftest import Refused, check
from tests.codegen.models import two_layers
from tests.codegen.programs import FIRMWARE, Case, run_cases

GOOD = np.zeros((4, 6), np.int8)

# Targets of CMake, and what the library of a network is linked to: libm, the runtime.
CMAKE = ["all", "clean", "edit_cache", "help", "install", "m", "nn2flash_runtime", "package"]
CMAKE += ["package_source", "preinstall", "rebuild_cache", "test"]
NO_IDENTIFIERS = [
    "",
    "Digits",
    "9lives",
    "my-net",
    "a b",
    "é",
    "a" * 33,
    "../a",
    "a/b",
    "a;b",
    "_a",
]
# Every header that a firmware build sees beside the network's.
TAKEN = sorted({path.stem for path in FIRMWARE.rglob("*.h")} - {"network"})


@pytest.mark.parametrize("name", NO_IDENTIFIERS)
def test_names_that_are_no_identifiers(
    name: str, model: Path, tmp_path: Path, refused: Refused
) -> None:
    out = tmp_path / "out"
    refusal = refused("generate", "--model", model, f"--name={name}", "--out-dir", out)
    check(
        refusal,
        "is not a lower-case C identifier of up to 32",
        "name=digits .the command by itself: --name",
    )
    assert not out.exists()


@pytest.mark.parametrize("name", ["stdint", "string", "math", "nn", "platform", *CMAKE, *TAKEN])
def test_names_that_others_have(name: str, refused: Refused, tmp_path: Path) -> None:
    if name.isidentifier() and name == name.lower():
        refusal = refused("generate", "--name", name, "--out-dir", tmp_path, "--print-outputs")
        check(
            refusal, f"network name '{name}' is taken", "name=digits .the command by itself: --name"
        )


def test_odd_names_that_work(model: Path, tmp_path: Path) -> None:
    """Keywords, names of the interface's own words, one letter, 32 letters: all in one program."""
    graph = read_graph(model)
    names = ["int", "main", "a", "buffer", "error", "tools", "network_1", "data", "n" * 32]
    cases = [Case(check_name(name), graph, GOOD) for name in names]
    for outputs_found, case in zip(run_cases(cases, tmp_path), cases, strict=True):
        np.testing.assert_array_equal(outputs_found, case.expected)


STRANGE = [
    "what??)",
    'quote"',
    "back\\slash",
    "* / ;",
    "é✓",
    "%s%n",
    "??/",
    "*/ int x; /*",
    "a" * 999,
]


def test_names_in_a_model_cannot_break_the_c_sources(tmp_path: Path) -> None:
    """The file's name and the nodes' names are written into comments and strings."""
    cases = []
    for index, text in enumerate(STRANGE):
        strange = two_layers().build()
        for node in strange.graph.node:
            node.name = text
        path = tmp_path / f"{text[:99].replace('/', '')}.onnx"
        path.write_bytes(strange.SerializeToString())
        cases.append(Case(f"strange_{index}", read_graph(path), GOOD))
    for found, case in zip(run_cases(cases, tmp_path / "build"), cases, strict=True):
        np.testing.assert_array_equal(found, case.expected)


def test_saboteur_a_name_like_a_placeholder(tmp_path: Path) -> None:
    """Text that is set aside while C is formatted comes back for a key that no model can know."""
    strange = two_layers().build()
    for index, node in enumerate(strange.graph.node):
        node.name = f"/*verbatim:{index}*/"
    path = tmp_path / "strange.onnx"
    path.write_bytes(strange.SerializeToString())
    case = Case("strange", read_graph(path), GOOD)
    (found,) = run_cases([case], tmp_path / "build")
    np.testing.assert_array_equal(found, case.expected)


def test_saboteur_a_depfile_over_the_model(model: Path, tmp_path: Path, refused: Refused) -> None:
    before = model.read_bytes()
    out = tmp_path / "out"
    refusal = refused("generate", "--model", model, "--out-dir", out, "--depfile", model)
    check(refusal, "is what is to be read", "name another file: --depfile")
    refusal = refused(
        "generate", "--model", model, "--out-dir", out, "--depfile", out / "network.c"
    )
    check(refusal, "is to be written twice", "name another file: --depfile")
    assert model.read_bytes() == before and not out.exists()
