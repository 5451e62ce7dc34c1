"""Images in a folder for each class."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from model.sources.split import TEST, Array, Data, check_share, cut_off
from support.errors import UserError
from support.files import CHECK_PATH, check_given
from support.progress import SOON, track

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".webp", ".tif", ".tiff"}
PARTS = {"train": "train", "training": "train", "val": "validation", "validation": "validation"}
PARTS |= {"test": "test", "testing": "test"}


def _classes(folder: Path) -> list[str]:
    """The names of its folders."""
    return sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """An image, and what may be raised while it is read.

    Raises:
        UserError: no image.
    """
    check_given(path, "take it away")
    try:
        with Image.open(path) as image:
            yield image
    except MemoryError:
        raise
    except Exception as error:  # whatever a decoder raises about a user's file
        reason = " ".join(str(error).replace(f" '{path}'", "").split())
        raise UserError(f"{path}: not an image ({reason})", "take it away") from None


def _read(path: Path, size: tuple[int, int] | None, mode: str) -> Array:
    """uint8 [channels, height, width].

    Raises:
        UserError: no image.
    """
    with _opened(path) as stored:
        image = stored.convert(mode)
        if size is not None and image.size != size:
            image = image.resize(size, Image.Resampling.BILINEAR)
        values: Array = np.asarray(image)
    return values[np.newaxis] if mode == "L" else values.transpose(2, 0, 1)


def _grey(path: Path) -> bool:
    with _opened(path) as image:
        return image.mode in ("1", "L", "LA", "I;16", "I", "F")


def images(
    folder: str | Path,
    size: tuple[int, int] | None = None,
    grey: bool | None = None,
    test: float = TEST,
) -> Data:
    """Parts of `folder/CLASS/*.png`, or of `folder/train/CLASS/*.png` and `folder/test/…`.

    Args:
        size: width and height that all are resized to; None when all have the same.
        grey: one channel, or three; None for one where the first image has.
        test: share that tests, where there is no folder `test`.

    Returns:
        parts of uint8 [N, channels, height, width], which `data()` scales to 0 to 1, and the names
        of the classes.

    Raises:
        UserError: no such folder, a class without images or without any that train, a file that
            is none, or another size.
    """
    place = Path(folder)
    check_share(place, test)
    if not place.is_dir():
        raise UserError(f"{place}: no such folder", CHECK_PATH)
    found = {PARTS[name]: place / name for name in _classes(place) if name.lower() in PARTS}
    places = found if "train" in found else {"train": place}
    classes = _classes(places["train"])
    files = {
        part: [(path, label) for label in classes for path in _images(where / label)]
        for part, where in places.items()
    }
    for label in classes:
        if not any(name == label for _, name in files["train"]):
            raise UserError(f"{places['train'] / label}: holds no images", "fill it, or remove it")
    for where in places.values():
        for label in _classes(where):
            if label not in classes and _images(where / label):
                raise UserError(
                    f"{where / label}: has images of a class that {places['train']} has not",
                    "give both the class, or take that folder away",
                )
    if not files["train"]:
        raise UserError(
            f"{place}: has no folders of images",
            "put each class into a folder: good/1.png, bad/2.png",
        )
    mode = "L" if (_grey(files["train"][0][0]) if grey is None else grey) else "RGB"
    parts = {part: _part(each, size, mode) for part, each in files.items() if each}
    cut = parts if "test" in parts else {**parts, **cut_off(place, *parts["train"], test)}
    return {**cut, "classes": classes}


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)


def _part(
    files: list[tuple[Path, str]], size: tuple[int, int] | None, mode: str
) -> tuple[Array, Array]:
    """Images uint8 [N, C, H, W] and their classes' names.

    Raises:
        UserError: one has another size than the first.
    """
    rows = []
    for path, _ in track(files, "reading images", len(files), after=SOON):
        rows.append(_read(path, size, mode))
        if rows[-1].shape != rows[0].shape:
            width, height = rows[-1].shape[2], rows[-1].shape[1]
            raise UserError(
                f"{path}: is {width}×{height}, {files[0][0]} is"
                f" {rows[0].shape[2]}×{rows[0].shape[1]}",
                f'give one size for all: sources.images("…", size=({rows[0].shape[2]},'
                f" {rows[0].shape[1]}))",
            )
    return np.stack(rows), np.array([label for _, label in files])
