"""Wrong inputs files, names, sizes and boards: one message each, exit status 1, nothing written."""

from __future__ import annotations

import json
import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.generate import generate
from codegen.names import check_name
from codegen.outputs import outputs
from codegen.reader.qdq import read_graph
from tests.codegen.conftest import Refusal, Refused
from tests.codegen.models import two_layers
from tests.codegen.programs import FIRMWARE, run_cases, toolchain
from tests.codegen.programs import Case as ProgramCase

Write = Callable[[Path], None]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_layers().save(tmp_path_factory.mktemp("model") / "model.onnx")


def check(refusal: Refusal, message: str, remedy: str) -> None:
    assert refusal.status == 1, refusal.stderr
    assert refusal.stdout == ""
    lines = refusal.stderr.splitlines()
    assert len(lines) == 2, refusal.stderr
    assert lines[0].startswith("codegen: error: ")
    assert re.search(message, lines[0]), refusal.stderr
    assert re.match(r"  remedy: .", lines[1]) and re.search(remedy, lines[1]), refusal.stderr


# --- inputs files ---------------------------------------------------------------------------------


def npz(**arrays: Any) -> Write:
    return lambda path: np.savez(path.open("wb"), **arrays)


def npy(values: Any) -> Write:
    return lambda path: np.save(path.open("wb"), values)


def data(content: bytes) -> Write:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def pickled_array(path: Path) -> None:
    np.save(path.open("wb"), np.array([{"a": 1}], object), allow_pickle=True)


def half_of_a_zip(path: Path) -> None:
    npz(inputs=GOOD)(path)
    path.write_bytes(path.read_bytes()[:300])


def damaged_member(path: Path) -> None:
    npz(inputs=GOOD)(path)
    whole = bytearray(path.read_bytes())
    whole[200] ^= 0xFF
    path.write_bytes(whole)


def promises(shape: str, dtype: str = "<f4") -> Write:
    """A .npy whose header claims more than the file holds."""
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (117 - len(header)) + b"\n"
    return data(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(64))


def zip_bomb(path: Path) -> None:
    """An archive whose directory promises two gigabytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inputs.npy", bytes(1 << 10))
        archive.infolist()[0].file_size = 2 << 30


def checkpoint(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", pickle.dumps([1]))


def idx(content: bytes) -> Write:
    return data(content)


GOOD = np.zeros((4, 6), np.float32)
NAN = GOOD.copy()
NAN[2, 3] = np.nan

FILES: dict[str, tuple[Write, str, str]] = {
    "pickle": (data(pickle.dumps([GOOD])), "not a NumPy file", "of numbers"),
    "pickled_array": (pickled_array, "holds pickled objects, not numbers", "of numbers"),
    "text": (data(b"1 2 3\n"), "not a NumPy file", "of numbers"),
    "empty": (data(b""), "not a NumPy file", "of numbers"),
    "strings": (npy(np.array([["a", "b"]])), "holds values of type <U1", "of numbers"),
    "complex": (npy(np.zeros((2, 6), complex)), "holds values of type complex128", "of numbers"),
    "half_of_a_zip": (half_of_a_zip, "not a NumPy file", "of numbers"),
    "damaged_member": (damaged_member, "not a NumPy file .*CRC", "of numbers"),
    "checkpoint": (checkpoint, "holds no NumPy arrays", "of numbers"),
    "zip_bomb": (zip_bomb, "holds more than 1,073,741,824 bytes", "fewer inputs"),
    "shape_too_large": (promises("(1000000000000, 6)"), "does not fit its 192 bytes", "numbers"),
    "shape_negative": (promises("(-4, 4)"), "not a NumPy file", "of numbers"),
    "header_is_code": (promises("__import__('os').getcwd()"), "not a NumPy file", "of numbers"),
    "no_inputs": (npz(images=GOOD), r"has no array 'inputs' \(found: images\)", "'inputs'"),
    "rank_zero": (npy(np.float32(1)), r"inputs of shape \[\]", "N, input size"),
    "rank_one": (npy(np.zeros(6, "f4")), r"inputs of shape \[6\]", "N, input size"),
    "none": (npy(GOOD[:0]), r"inputs of shape \[0, 6\]", "N, input size"),
    "wrong_size": (npy(GOOD[:, :5]), "5 values per input, the network takes 6", "shape"),
    "wrong_type": (npy(GOOD.astype(np.int32)), "inputs of type int32", "uint8 images or floats"),
    "nan": (npy(NAN), "input 2 holds values that are not finite", "how it was made"),
    "infinite": (npy(GOOD + np.inf), "input 0 holds values that are not finite", "made"),
    "beyond_float32": (npy(GOOD.astype("f8") + 1e300), "input 0 .*not finite", "made"),
    "labels_too_few": (npz(inputs=GOOD, labels=[1, 2]), r"labels of shape \[2\] for 4", "each"),
    "labels_float": (npz(inputs=GOOD, labels=[0.5] * 4), "not classes 0 to 255", "integers"),
    "labels_negative": (npz(inputs=GOOD, labels=[0, 1, -1, 2]), "not classes", "integers"),
}


@pytest.mark.parametrize("name", FILES)
def test_inputs_file(name: str, model: Path, tmp_path: Path, refused: Refused) -> None:
    write, message, remedy = FILES[name]
    source, out = tmp_path / "given.npz", tmp_path / "test.npz"
    write(source)
    refusal = refused("inputs", "--model", model, "--from", source, "--out", out)
    check(refusal, f"{re.escape(str(source))}: .*{message}", remedy)
    assert not out.exists()


@pytest.mark.parametrize("command", ["subset", "reference"])
@pytest.mark.parametrize("name", ["pickled_array", "no_inputs", "rank_zero", "wrong_size", "nan"])
def test_inputs_file_of_other_commands(
    command: str, name: str, model: Path, tmp_path: Path, refused: Refused
) -> None:
    write, message, remedy = FILES[name]
    source, out = tmp_path / "given.npz", tmp_path / "out"
    write(source)
    words = ["--inputs", source, "--out", out / "a"]
    words += ["--npz", out / "b"] if command == "subset" else []
    check(refused(command, "--model", model, *words), f"given.npz: .*{message}", remedy)
    assert not out.exists()


def test_raw_images_are_no_test_inputs(model: Path, tmp_path: Path, refused: Refused) -> None:
    """Pixels 0..255 taken for normalized values would give a wrong accuracy without a word."""
    np.save(tmp_path / "raw.npy", GOOD.astype(np.uint8))
    words = ["--inputs", tmp_path / "raw.npy", "--out", tmp_path / "h", "--npz", tmp_path / "n"]
    check(
        refused("subset", "--model", model, *words), "type uint8, not normalized", "codegen inputs"
    )


@pytest.mark.parametrize(
    "content", [b"", b"\0\0\x08\x03\0\0", b"\0\0\x08\x03" + b"\xff" * 12 + b"ab"]
)
def test_mnist_file(content: bytes, model: Path, tmp_path: Path, refused: Refused) -> None:
    source = tmp_path / "t10k-images-idx3-ubyte"
    source.write_bytes(content)
    refusal = refused("inputs", "--model", model, "--from", source, "--out", tmp_path / "o.npz")
    assert refusal.status == 1 and str(source) in refusal.stderr
    assert "Traceback" not in refusal.stderr


def test_no_inputs_file(model: Path, tmp_path: Path, refused: Refused) -> None:
    words = ["--from", tmp_path / "none.npy", "--out", tmp_path / "o.npz"]
    refusal = refused("inputs", "--model", model, *words)
    assert refusal.stderr == f"codegen: error: {tmp_path / 'none.npy'}: no such file\n"


# --- settings -------------------------------------------------------------------------------------

SETTINGS: dict[str, tuple[list[str], str, str]] = {
    "normalize_one": (["--normalize", "0.5"], "normalize='0.5' is not 'mean,std'", "=0.5,0.5"),
    "normalize_three": (["--normalize", "1,2,3"], "is not 'mean,std'", "=0.5,0.5"),
    "normalize_text": (["--normalize", "a,b"], "normalize='a,b' is not", "=0.5,0.5"),
    "normalize_zero": (["--normalize", "0.5,0"], "std positive", "=0.5,0.5"),
    "normalize_negative": (["--normalize", "0.5,-1"], "std positive", "=0.5,0.5"),
    "normalize_nan": (["--normalize", "nan,1"], "mean must be finite", "=0.5,0.5"),
    "normalize_huge": (["--normalize", "1e300,1"], "mean must be finite", "=0.5,0.5"),
    "normalize_tiny": (["--normalize", "0,1e-300"], "std positive", "=0.5,0.5"),
    "count_zero": (["--count", "0"], "count 0: there can be 1 to", "count"),
    "count_huge": (["--count", str(10**15)], "there can be 1 to 44,739,242", "count"),
    "seed_negative": (["--seed", "-1"], "seed -1 is negative", "0 or more"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(name: str, model: Path, tmp_path: Path, refused: Refused) -> None:
    words, message, remedy = SETTINGS[name]
    out = tmp_path / "test.npz"
    check(refused("inputs", "--model", model, *words, "--out", out), message, remedy)
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "message", "remedy"),
    [
        (["--size", "5"], "subset_size=5: there are 4 test inputs", "choose 0 to 4"),
        (["--size", "-1"], "subset_size=-1: there are 4 test inputs", "choose 0 to 4"),
        (["--seed", "-7"], "seed -7 is negative", "0 or more"),
    ],
)
def test_subset(  # noqa: PLR0917
    words: list[str], message: str, remedy: str, model: Path, tmp_path: Path, refused: Refused
) -> None:
    npz(inputs=GOOD)(tmp_path / "test.npz")
    out = ["--out", tmp_path / "subset.h", "--npz", tmp_path / "subset.npz"]
    refusal = refused(
        *("subset", "--model", model, "--inputs", tmp_path / "test.npz", "--size", "4"),
        *(*words, *out),
    )
    check(refusal, message, remedy)
    assert not (tmp_path / "subset.h").exists() and not (tmp_path / "subset.npz").exists()


# --- names ----------------------------------------------------------------------------------------

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
    check(refusal, "is not a lower-case C identifier of up to 32", "name=digits")
    assert not out.exists()


@pytest.mark.parametrize("name", ["stdint", "string", "math", "nn", "platform", *TAKEN])
def test_names_that_others_have(name: str, refused: Refused, tmp_path: Path) -> None:
    if name.isidentifier() and name == name.lower():
        refusal = refused("generate", "--name", name, "--out-dir", tmp_path, "--print-outputs")
        check(refusal, f"network name '{name}' is taken", "name=digits")


def test_odd_names_that_work(model: Path, tmp_path: Path) -> None:
    """Keywords, names of the interface's own words, one letter, 32 letters: all in one program."""
    graph = read_graph(model)
    names = ["int", "main", "a", "buffer", "error", "tools", "network_1", "data", "n" * 32]
    cases = [ProgramCase(check_name(name), graph, GOOD.astype(np.int8)) for name in names]
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
        cases.append(ProgramCase(f"strange_{index}", read_graph(path), GOOD.astype(np.int8)))
    for found, case in zip(run_cases(cases, tmp_path / "build"), cases, strict=True):
        np.testing.assert_array_equal(found, case.expected)


# --- boards ---------------------------------------------------------------------------------------


@pytest.fixture
def board(model: Path, tmp_path: Path) -> Callable[..., list[Any]]:
    """board(facts, **manifest changes) → arguments of `place` for the small network."""

    def arguments(name: str, **changes: Any) -> list[Any]:
        generate(read_graph(model), "network", tmp_path)
        manifest = json.loads((tmp_path / "network_manifest.json").read_text())
        (tmp_path / "manifest.json").write_text(json.dumps({**manifest, **changes}))
        (tmp_path / "memories.json").write_text(json.dumps(toolchain(name).board.to_json()))
        npz(inputs=np.zeros((4, 6), np.int8))(tmp_path / "subset.npz")
        return [
            *("--memories", tmp_path / "memories.json", "--manifest", tmp_path / "manifest.json"),
            *("--subset", tmp_path / "subset.npz", "--subset-size", 4),
            *("--out", tmp_path / "placement.json"),
        ]

    return arguments


BOARDS: dict[str, tuple[str, dict[str, Any], list[str], str, str]] = {
    "too_large": (
        "mps2_an500",
        {"weights_bytes": 30_000_000},
        [],
        r"board 'mps2_an500': weights need 30,000,000 bytes and fit none of ram, code, psram "
        r"\(ram lacks 2[\d,]+ B; .*psram lacks 1[\d,]+ B\)",
        r"at most 16,777,216 bytes of weights would fit: use a smaller network",
    ),
    "activations_too_large": (
        "mps2_an500",
        {"activations_bytes": 5_000_000},
        [],
        r"activations need 5,000,000 bytes .*\(ram lacks [\d,]+ B\)",
        r"at most [34],\d{3},\d{3} bytes of activations would fit",
    ),
    "too_large_where_asked_for": (
        "mps2_an500",
        {"weights_bytes": 5_000_000},
        ["--override", "weights:ram"],
        r"weights need 5,000,000 bytes and fit none of ram \(ram lacks",
        r"at most [\d,]+ bytes of weights would fit",
    ),
    "no_memories": ("host", {}, [], "board 'host' has no memories", "another board"),
    "unknown_object": (
        "mps2_an500",
        {},
        ["--override", "wheights:ram"],
        "placement=wheights:ram: no such object",
        "choose from kernels, weights",
    ),
    "unknown_memory": (
        "mps2_an500",
        {},
        ["--override", "weights:dtcm"],
        "the board has no memory 'dtcm'",
        "choose from code, ram",
    ),
    "no_colon": (
        "mps2_an500",
        {},
        ["--override", "weights"],
        "'weights' is not object:memory",
        "weights:",
    ),
    "no_manifest": ("mps2_an500", {"output": 3}, [], "not a network's manifest", "build again"),
}


@pytest.mark.parametrize("name", BOARDS)
def test_board(
    name: str, board: Callable[..., list[Any]], tmp_path: Path, refused: Refused
) -> None:
    facts, changes, words, message, remedy = BOARDS[name]
    check(refused("place", *board(facts, **changes), *words), message, remedy)
    assert not (tmp_path / "placement.json").exists()


def test_what_would_fit_does_fit(
    board: Callable[..., list[Any]], tmp_path: Path, refused: Refused
) -> None:
    """The remedy's number is true: that much fits, four bytes more do not."""

    def place(weights: int) -> Refusal:
        # Nothing else in the way: the subset comes after the weights.
        words = board("mps2_an500", weights_bytes=weights)
        return refused("place", *words, "--subset-size", 0)

    most = re.findall(r"at most ([\d,]+) bytes", place(30_000_000).stderr)[0]
    assert place(int(most.replace(",", ""))).status == 0
    assert place(int(most.replace(",", "")) + 4).status == 1


# --- templates and folders ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["app/none.c.j2"], "template 'app/none.c.j2' not found"),
        (["../README.md"], "not found"),
        (["app/main.c.j2"], "template 'app/main.c.j2': '.*' is undefined"),
        (["app/main.c.j2", "--set", "subset_size"], "'subset_size' is not KEY=VALUE"),
        (["board/firmware.ld.j2", "--context", "memories=none.json"], "none.json: no such file"),
    ],
)
def test_render(words: list[str], message: str, tmp_path: Path, refused: Refused) -> None:
    refusal = refused("render", *words, "--out", tmp_path / "out.c")
    assert refusal.status == 1 and re.search(message, refusal.stderr), refusal.stderr
    assert "Traceback" not in refusal.stderr
    assert not (tmp_path / "out.c").exists()


def test_folder_that_is_a_file(model: Path, tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "file").write_text("")
    refusal = refused("generate", "--model", model, "--out-dir", tmp_path / "file")
    assert refusal.status == 1
    assert refusal.stderr.startswith(f"codegen: error: {tmp_path / 'file'}")


def test_print_outputs_is_what_is_written(model: Path, tmp_path: Path, refused: Refused) -> None:
    told = refused("generate", "--name", "some", "--out-dir", tmp_path / "o", "--print-outputs")
    assert refused("generate", "--model", model, "--name", "some", "--out-dir", tmp_path / "o")
    written = sorted(str(path) for path in (tmp_path / "o").iterdir())
    assert sorted(told.stdout.split()) == written
    assert len(written) == len(outputs("some"))
