"""Files of time series, `.ts`: recordings of several channels, a class each.

Text: comments after `#`, a header of `@name value` lines up to `@data`, then a recording a line,
its channels with colons between and the class last, a channel's values with commas between. Source:
the format's description by the time series classification archive (timeseriesclassification.com).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.sources.split import Array
from model.sources.tables import LARGEST, number
from support.errors import UserError
from support.files import read_given

_MEND = "mend that line, or take it out"


@dataclass(frozen=True)
class Series:
    """Recordings of a file.

    Attributes:
        inputs: float32 [N, channels, length].
        labels: text [N].
        classes: that the header names, in its order; of none, those of the labels.
    """

    inputs: Array
    labels: Array
    classes: tuple[str, ...]


def load(path: Path) -> Series:
    """All recordings of a file.

    Raises:
        UserError: missing, no text, without a recording, or a line that cannot be read, with its
            number: another number of channels or values than the first, no finite number of
            float32, a class that the header does not name.
    """
    try:
        lines = read_given(path).decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise UserError(f"{path}: is no text (UTF-8)", "give a .ts file") from None
    classes: tuple[str, ...] = ()
    begun, recordings, labels = False, list[Array](), list[str]()
    for at, line in enumerate(map(str.strip, lines), 1):
        if not line or line.startswith("#"):
            continue
        if begun:
            *channels, label = line.split(":")
            where = f"{path}:{at}"
            recordings.append(_channels(where, channels))
            _check(where, recordings, label.strip(), classes)
            labels.append(label.strip())
            continue
        if not line.startswith("@"):
            raise UserError(f"{path}:{at}: stands before @data and is no @name", _MEND)
        name, *words = line[1:].split()
        begun = name.lower() == "data"
        if name.lower() == "classlabel":
            classes = tuple(words[1:])
    if not recordings:
        raise UserError(f"{path}: holds no recordings after a line @data", "give a .ts file")
    return Series(np.stack(recordings), np.array(labels), classes or tuple(sorted({*labels})))


def _channels(where: str, channels: list[str]) -> Array:
    """float32 [channels, length] of a line's texts.

    Raises:
        UserError: none, of different lengths, or something else than finite numbers.
    """
    if not channels:
        raise UserError(f"{where}: has no colon: values, a colon, the class", _MEND)
    rows = [channel.split(",") for channel in channels]
    for index, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise UserError(
                f"{where}: channel {index} has {len(row)} values, the first has {len(rows[0])}",
                _MEND,
            )
    return np.array(
        [[_number(where, index, text) for text in row] for index, row in enumerate(rows, 1)],
        np.float32,
    )


def _number(where: str, channel: int, text: str) -> float:
    try:
        value = number(text)
    except ValueError:
        value = float("nan")
    if not abs(value) <= LARGEST:
        raise UserError(
            f"{where}: channel {channel} holds '{text.strip()}', no number that float32 has", _MEND
        )
    return value


def _check(where: str, recordings: list[Array], label: str, classes: tuple[str, ...]) -> None:
    """Hold the last recording against the first, and its class against the header.

    Raises:
        UserError: they differ.
    """
    first, last = recordings[0].shape, recordings[-1].shape
    if first != last:
        raise UserError(
            f"{where}: has {last[0]} channels of {last[1]} values, the first recording has"
            f" {first[0]} of {first[1]}",
            _MEND,
        )
    if not label:
        raise UserError(f"{where}: has no class after its last colon", _MEND)
    if classes and label not in classes:
        raise UserError(
            f"{where}: is of class '{label}', @classLabel names {', '.join(classes)}", _MEND
        )
