"""Wrong inputs files and settings: one message each, exit status 1, nothing written."""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.reader.qdq import read_graph
from codegen.typical import typical_inputs
from support.errors import UserError
from tests.codegen.conftest import Refused, check

Write = Callable[[Path], None]


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
    "wrong_size": (
        npy(GOOD[:, :5]),
        r"5 values per input \(its shape is \[4, 5\]\), the network takes 6",
        "shape",
    ),
    "wrong_type": (npy(GOOD.astype(np.int32)), "inputs of type int32", "uint8 images or floats"),
    "nan": (npy(NAN), "input 2 holds values that are not finite", "how it was made"),
    "infinite": (npy(GOOD + np.inf), "input 0 holds values that are not finite", "made"),
    "beyond_float32": (npy(GOOD.astype("f8") + 1e300), "input 0 .*not finite", "made"),
    "labels_too_few": (npz(inputs=GOOD, labels=[1, 2]), r"labels of shape \[2\] for 4", "each"),
    "labels_float": (
        npz(inputs=GOOD, labels=[0.5] * 4),
        "1 values in each label, the network gives 3",
        "for classes give whole numbers",
    ),
    "labels_nan": (npz(inputs=GOOD, labels=[0.5, np.nan, 1, 2]), "label 1 is not a finite", "out"),
    "targets_too_few": (npz(inputs=GOOD, targets=np.ones((3, 4))), r"shape \[3, 4\] for 4", "each"),
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


def test_calibration_file(model: Path, tmp_path: Path) -> None:
    """What kernels are chosen by; the command's own files always have it."""
    source = tmp_path / "given.npz"
    npz(images=GOOD)(source)
    with pytest.raises(UserError, match=r"given\.npz: has no array 'inputs'"):
        typical_inputs(read_graph(model), source)


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
    assert refusal.stderr.splitlines() == [
        f"codegen: error: {tmp_path / 'none.npy'}: no such file",
        "  remedy: see whether its path is right (ls tells what there is)",
    ]


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
        "subset",
        "--model",
        model,
        "--inputs",
        tmp_path / "test.npz",
        "--size",
        "4",
        *words,
        *out,
    )
    check(refusal, message, remedy)
    assert not (tmp_path / "subset.h").exists() and not (tmp_path / "subset.npz").exists()
