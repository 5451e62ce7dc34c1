"""Data of files becomes parts; a file that cannot be read says where and why in one line."""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from model import sources
from model.module import returned
from model.module.parts import Parts
from support.errors import UserError


def checked(found: dict[str, Any]) -> Parts:
    """The parts as a training sees them."""
    return returned.of(found, "net.py:1", 0)


def write_table(path: Path, rows: list[list[Any]], header: str) -> Path:
    lines = [",".join(map(str, row)) for row in rows]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def test_a_table_of_values(tmp_path: Path) -> None:
    rows = [[i, 2 * i + 1, i * 0.5] for i in range(50)]
    path = write_table(tmp_path / "r.csv", rows, "volt,current,temperature")
    found = checked(sources.csv(path))
    assert found.regression
    assert (len(found.train) + len(found.validation), len(found.test)) == (40, 10)
    mean, std = found.figure("Sub"), found.figure("Div")
    real = found.test.inputs[0] * np.array(std) + np.array(mean)
    assert np.allclose(real[:, 0] * 0.5, found.test.labels[:, 0], atol=1e-5)
    assert np.allclose(real[:, 0] * 2 + 1, real[:, 1], atol=1e-4)
    # Measured on what is trained on: neither validation nor test inputs count.
    assert np.allclose(found.train.inputs[0].mean(axis=0), 0, atol=1e-6)
    assert np.allclose(found.train.inputs[0].std(axis=0), 1, atol=1e-6)
    plain = checked(sources.csv(path, "current", ["volt"], regression=True, normalize=False))
    assert np.array_equal(plain.test.labels, 2 * plain.test.inputs[0] + 1)


def test_a_table_of_classes(tmp_path: Path) -> None:
    rows = [[i, ("low", "high")[i % 2]] for i in range(20)]
    path = tmp_path / "r.csv"
    path.write_text("\ufeff x ; state \n" + "\n".join(f"{x};{y}" for x, y in rows))
    found = checked(sources.csv(path))
    assert found.classes == ("high", "low")
    assert len(found.test) == 4
    assert [int(n) for n in np.bincount(found.test.labels)] == [2, 2]
    numbered = write_table(tmp_path / "n.csv", [[i, i % 3] for i in range(30)], "x,y")
    assert checked(sources.csv(numbered)).classes == ("0", "1", "2")
    signed = write_table(tmp_path / "s.csv", [[i, ("-1", "+1")[i % 2]] for i in range(30)], "x,y")
    with pytest.raises(UserError, match="labels go from -1 to 1"):  # classes, not a regression
        checked(sources.csv(signed))


def test_windows_cross_no_change(tmp_path: Path) -> None:
    """Two recordings of two classes; each row's number is its value."""
    rows = [[i, "rest" if i // 100 % 2 else "walk", i // 200] for i in range(400)]
    path = write_table(tmp_path / "w.csv", rows, "x,activity,person")
    found = sources.csv(path, "activity", window=8, step=4, group="person", normalize=False)
    seen = {}
    for part in ("train", "test"):
        inputs, labels = found[part]
        assert inputs.shape[1:] == (1, 8)
        assert (np.diff(inputs, axis=2) == 1).all()
        assert (inputs[:, 0, 0] // 100 == inputs[:, 0, -1] // 100).all()
        activity = np.where(inputs[:, 0, -1] // 100 % 2, "rest", "walk")
        assert (labels == activity).all()
        seen[part] = {*inputs.reshape(-1).tolist()}
    assert not seen["train"] & seen["test"]
    assert len(found["train"][0]) == 4 * 19
    assert len(found["test"][0]) == 4 * 4


def test_columns_may_be_counted(tmp_path: Path) -> None:
    """As libraries do that have no names for them; with Windows' ends of lines and suffix."""
    rows = [[i, i % 3, i + 0.5] for i in range(20)]
    for header in ("0,1,2", "1,2,3", "x,7,y"):
        path = write_table(tmp_path / "r.csv", rows, header)
        path = path.rename(tmp_path / "R.CSV")
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        found = sources.read(path)
        assert found["columns"] == header.split(",")[:2]
        assert len(found["train"][0]) + len(found["test"][0]) == 20


def test_a_second_table_tests(tmp_path: Path) -> None:
    first = write_table(tmp_path / "a.csv", [[i, i + 0.5] for i in range(9)], "x,y")
    second = write_table(tmp_path / "b.csv", [[i, i + 0.5] for i in range(3)], "x,y")
    found = sources.csv(first, test=second, normalize=False)
    assert (len(found["train"][0]), len(found["test"][0])) == (9, 3)


X, Y = np.arange(40, dtype=np.float32).reshape(20, 2), np.arange(20) % 2


def test_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", inputs=X, labels=Y)
    np.savez(tmp_path / "b.npz", x_train=X, y_train=Y, x_test=X[:4], y_test=Y[:4])
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    cut = sources.read(tmp_path / "a.npz")
    assert (len(cut["train"][0]), len(cut["test"][0])) == (16, 4)
    assert {tuple(row) for part in cut.values() for row in part[0]} == {*map(tuple, X)}
    whole = sources.read(tmp_path / "b.npz")
    assert np.array_equal(whole["train"][0], X) and np.array_equal(whole["test"][1], Y[:4])
    assert np.array_equal(sources.read(tmp_path / "x.npy")["test"][0], cut["test"][0])
    for old, new in (("x.npy", "X.NPY"), ("a.npz", "A.NPZ")):
        (tmp_path / old).rename(tmp_path / new)
        assert np.array_equal(sources.read(tmp_path / new)["test"][0], cut["test"][0])


def write_idx(path: Path, values: np.ndarray[Any, Any], code: int) -> None:
    head = bytes([0, 0, code, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    path.write_bytes(head + values.astype(values.dtype.newbyteorder(">")).tobytes())


def test_idx_of_any_content(tmp_path: Path) -> None:
    images = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)
    write_idx(tmp_path / "train-images-idx3-ubyte", images, 8)
    write_idx(tmp_path / "train-labels-idx1-ubyte", Y[:5].astype(np.uint8), 8)
    write_idx(tmp_path / "t10k-images-idx3-ubyte", images[:2], 8)
    write_idx(tmp_path / "t10k-labels-idx1-ubyte", Y[:2].astype(np.uint8), 8)
    for path in tmp_path.glob("t10k-*"):
        (tmp_path / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    found = sources.read(tmp_path)
    assert np.array_equal(found["train"][0], images[:, np.newaxis])
    assert np.array_equal(found["test"][0], images[:2, np.newaxis])
    floats = tmp_path / "floats"
    floats.mkdir()
    write_idx(floats / "signals-data-idx2-ubyte", X, 13)
    write_idx(floats / "signals-labels-idx1-ubyte", Y.astype(np.int32), 12)
    found = sources.read(floats)
    assert found["train"][0].dtype == np.float32
    assert {tuple(row) for part in found.values() for row in part[0]} == {*map(tuple, X)}


def write_images(folder: Path, mode: str = "L", size: tuple[int, int] = (6, 4)) -> None:
    for index, name in enumerate(("bad", "good")):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(5):
            fill = (40 * index + number, 7, 9) if mode == "RGB" else 40 * index + number
            Image.new(mode, size, fill).save(folder / name / f"{number}.png")


def test_a_folder_for_each_class(tmp_path: Path) -> None:
    write_images(tmp_path / "grey")
    found = sources.read(tmp_path / "grey")
    assert found["classes"] == ["bad", "good"]
    assert found["train"][0].shape == (8, 1, 4, 6)
    assert found["train"][0].dtype == np.uint8
    for part in ("train", "test"):
        inputs, labels = found[part]
        assert ((inputs[:, 0, 0, 0] >= 40) == (labels == "good")).all()
    write_images(tmp_path / "colour" / "train", "RGB")
    write_images(tmp_path / "colour" / "test", "RGB", (12, 8))
    coloured = sources.images(tmp_path / "colour", size=(6, 4))
    assert coloured["train"][0].shape == coloured["test"][0].shape == (10, 3, 4, 6)
    assert (coloured["test"][0][:, 1:, 0, 0] == [7, 9]).all()


@dataclass(frozen=True)
class Broken:
    """A way to break files, and what is said."""

    told: str
    make: Callable[[Path], object]


def table(text: str, **how: Any) -> Callable[[Path], object]:
    def make(folder: Path) -> object:
        (folder / "r.csv").write_text(text)
        return sources.csv(folder / "r.csv", **how)

    return make


def with_file(name: str, content: bytes) -> Callable[[Path], object]:
    def make(folder: Path) -> object:
        (folder / name).write_bytes(content)
        return sources.read(folder / name)

    return make


def images_of_two_sizes(folder: Path) -> object:
    write_images(folder)
    Image.new("L", (9, 9)).save(folder / "good" / "7.png")
    return sources.read(folder)


def an_image_that_is_none(folder: Path) -> object:
    write_images(folder)
    (folder / "good" / "7.png").write_bytes(b"hello")
    return sources.read(folder)


def an_image_beyond_all_bounds(folder: Path) -> object:
    """Its first chunk says that it has 3.6 billion pixels."""
    write_images(folder)
    whole = (folder / "good" / "3.png").read_bytes()
    chunk = b"IHDR" + struct.pack(">2I", 60_000, 60_000) + whole[24:29]
    told = chunk + struct.pack(">I", zlib.crc32(chunk))
    (folder / "good" / "3.png").write_bytes(whole[:12] + told + whole[33:])
    return sources.read(folder)


def a_class_that_tests_alone(folder: Path) -> object:
    write_images(folder / "train")
    write_images(folder / "test")
    (folder / "test" / "good").rename(folder / "test" / "ugly")
    return sources.read(folder)


def arrays_of(**arrays: Any) -> Callable[[Path], object]:
    def make(folder: Path) -> object:
        np.savez(folder / "x.npz", **arrays)
        return sources.read(folder / "x.npz")

    return make


def an_empty_class(folder: Path) -> object:
    write_images(folder)
    (folder / "ugly").mkdir()
    return sources.read(folder)


def idx_cut_short(folder: Path) -> object:
    write_idx(folder / "train-images-idx3-ubyte", np.zeros((5, 4, 3), np.uint8), 8)
    write_idx(folder / "train-labels-idx1-ubyte", np.zeros(5, np.uint8), 8)
    whole = (folder / "train-images-idx3-ubyte").read_bytes()
    (folder / "train-images-idx3-ubyte").write_bytes(whole[:-1])
    return sources.read(folder)


def idx_without_labels(folder: Path) -> object:
    write_idx(folder / "train-images-idx3-ubyte", np.zeros((5, 4, 3), np.uint8), 8)
    return sources.read(folder)


def no_labels_beside(folder: Path) -> object:
    np.save(folder / "x.npy", X)
    return sources.read(folder / "x.npy")


def no_labels_inside(folder: Path) -> object:
    np.savez(folder / "x.npz", inputs=X, weight=Y)
    return sources.read(folder / "x.npz")


LONG = "x,y\n" + "1,2.5\n" * 20

BROKEN = {
    "text in a number's place": Broken(
        r"r\.csv:4: column 'x' holds 'abc', not a number", table("x,y\n1,0.5\n2,0.5\nabc,0.5\n")
    ),
    "nothing in a number's place": Broken(
        r"r\.csv:3: column 'x' holds nothing, not a number", table("x,y\n1,0.5\n,0.5\n3,0.5\n")
    ),
    "a number that is none": Broken(
        r"r\.csv:3: column 'y' holds 'nan'", table("x,y\n1,0.5\n2,nan")
    ),
    "a number of a program": Broken(
        r"r\.csv:3: column 'x' holds '2_0', not a number", table("x,y\n1,0.5\n2_0,0.5\n")
    ),
    "a number beyond float32": Broken(
        r"r\.csv:3: column 'x' holds '1e39', beyond float32's range",
        table("x,y\n1,0.5\n1e39,0.5\n"),
    ),
    "a label beyond float32": Broken(
        r"r\.csv:2: column 'y' holds '-1e39', beyond float32's range", table("x,y\n1,-1e39\n")
    ),
    "a row that is too short": Broken(
        r"r\.csv:4: 1 columns, the header has 2", table("x,y\n1,0.5\n\n2\n")
    ),
    "a class that is missing": Broken(
        r"r\.csv:3: column 'y' holds nothing", table("x,y\n1,good\n2,\n")
    ),
    "no such column": Broken(
        r"has no column 'z'\n.*there are: x, y", table("x,y\n1,2\n", target="z")
    ),
    "two columns of a name": Broken(r"r\.csv:1: two columns are called 'x'", table("x,x\n1,2\n")),
    "a header alone": Broken(r"r\.csv: has no rows", table("x,y\n")),
    "labels alone": Broken(r"has no columns but the labels'", table("y\n1\n")),
    "a window longer than a run": Broken(
        r"no run of rows is long enough for a window of 8 rows in 'test'",
        table("x,y\n" + "1,2.5\n" * 20, window=8),
    ),
    "a window of less than nothing": Broken(r"r\.csv: window=-8", table(LONG, window=-8)),
    "a window of nothing": Broken(r"r\.csv: window=0", table(LONG, window=0)),
    "a window of half a row": Broken(r"r\.csv: window=0\.5", table(LONG, window=0.5)),
    "a step without a window": Broken(r"r\.csv: step=2 without window=", table(LONG, step=2)),
    "a step back": Broken(r"r\.csv: step=-1", table(LONG, window=2, step=-1)),
    "a whole share of all": Broken(r"r\.csv: test=1\n", table(LONG, test=1)),
    "a share of no kind": Broken(r"r\.csv: test=\[0\.2\]\n", table(LONG, test=[0.2])),
    "labels among the inputs": Broken(
        r"r\.csv: column 'y' is in columns= and holds the labels, too",
        table(LONG, target="y", columns=["x", "y"]),
    ),
    "a share of all": Broken(r"test=1\n", table("x,y\n1,2\n", test=1.0)),
    "not text": Broken(r"r\.csv:2: is no UTF-8 text", with_file("r.csv", b"x,y\n\xff\xfe,3\n")),
    "no header": Broken(
        r"r\.csv:1: the first row has the number '0\.5' where", table("0.5,1,2\n1,1,3\n")
    ),
    "no header, and names for classes": Broken(
        r"r\.csv:1: the first row has the number '-1' where", table("-1,3,good\n1,1,bad\n")
    ),
    "no header, whole numbers": Broken(
        r"r\.csv:1: the first row has the number '7' where", table("7,3,2\n1,1,3\n")
    ),
    "a column without a name": Broken(
        r"r\.csv:1: column 1 has no name", table(",x,y\n" + "0,1,2.5\n" * 9)
    ),
    "a quote that nobody closes": Broken(
        r"r\.csv:3: 1 columns, the header has 2 \(a quote in it ends in line 22\)",
        table('x,y\n1,2.5\n"1,2.5\n' + "1,2.5\n" * 19),
    ),
    "a quote beyond all bounds": Broken(
        r"r\.csv:3: field larger than", table('x,y\n1,2.5\n"1,2.5\n' + "1,2.5\n" * 30_000)
    ),
    "a row of two lines": Broken(
        r"r\.csv:3: column 'x' holds 'abc'", table('x,y\n1,0.5\n"abc\n",2\n1,0.5\n')
    ),
    "a separator of another kind of lines": Broken(
        r"r\.csv:4: column 'x' holds 'abc'", table("x,y\n1,a\u2028b\n2,b\nabc,b\n")
    ),
    "classes of one row each": Broken(
        r"r\.csv: no inputs can be drawn for a test part: each of 9 classes has one\n.*regression=",
        table("x,y\n" + "".join(f"1,{i}\n" for i in range(9))),
    ),
    "a single row": Broken(
        r"r\.csv: no inputs can be drawn for a test part: there are 1 in all", table("x,y\n1,2.5\n")
    ),
    "labels of a part alone": Broken(
        r"x\.npz: has labels for 'test' without inputs", arrays_of(x_train=X, y_train=Y, y_test=Y)
    ),
    "inputs of a part alone": Broken(
        r"x\.npz: has inputs for 'test' without labels", arrays_of(x_train=X, y_train=Y, x_test=X)
    ),
    "a number for inputs": Broken(
        r"x\.npz: inputs or labels for 'train' are a single number", arrays_of(x=1.0, y=Y)
    ),
    "objects for labels": Broken(
        r"x\.npz: not a file of NumPy's arrays \(it holds no plain arrays",
        arrays_of(x=X, y=np.array([None] * 20)),
    ),
    "an image beyond all bounds": Broken(
        r"3\.png: not an image \(.*exceeds limit", an_image_beyond_all_bounds
    ),
    "a class that tests alone": Broken(
        r"ugly: has images of a class that .*train has not", a_class_that_tests_alone
    ),
    "not NumPy's": Broken(r"x\.npz: not a file of NumPy's arrays", with_file("x.npz", b"hello")),
    "labels nowhere": Broken(r"x\.npy: has no labels beside it", no_labels_beside),
    "labels not inside": Broken(
        r"no inputs with labels \(found: inputs, weight\)", no_labels_inside
    ),
    "images of two sizes": Broken(
        r"7\.png: is 9×9, .*0\.png is 6×4\n.*size=\(6, 4\)", images_of_two_sizes
    ),
    "an image that is none": Broken(r"7\.png: not an image", an_image_that_is_none),
    "an empty class": Broken(r"ugly: holds no images", an_empty_class),
    "a folder of nothing": Broken(r"has no folders of images", sources.read),
    "IDX cut short": Broken(r"images-idx3-ubyte: holds 59 bytes .* takes 60", idx_cut_short),
    "IDX without labels": Broken(
        r"train-images-idx3-ubyte: has no counterpart", idx_without_labels
    ),
    "of no known kind": Broken(r"x\.txt: is of no kind that is known", with_file("x.txt", b"1 2")),
    "not there": Broken(
        r"none\.csv: no such file", lambda folder: sources.csv(folder / "none.csv")
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_says_where(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as told:
        BROKEN[name].make(tmp_path)
    assert re.search(BROKEN[name].told, str(told.value)), str(told.value)
    assert str(tmp_path) in str(told.value)
    assert "\n" not in told.value.message
