"""CSV files: a row for each input, or rows that follow each other in time, cut into windows."""

from __future__ import annotations

import csv as csv_file
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from numbers import Real
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from model.sources.split import TEST, Array, Data, check_share, cut_off
from model.sources.windows import Windows, cut
from support.errors import UserError
from support.files import CHECK_PATH, check_given

DELIMITERS = ",;\t"

LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Table:
    """A CSV file as text.

    Attributes:
        header: names of the columns.
        rows: cells of each row, as many as the header has.
        lines: number of each row's line in the file.
    """

    path: Path
    header: list[str]
    rows: list[list[str]]
    lines: list[int]

    def column(self, name: str) -> list[str]:
        """The cells below a name.

        Raises:
            UserError: no such column.
        """
        if name not in self.header:
            raise UserError(
                f"{self.path}: has no column '{name}'", f"there are: {', '.join(self.header)}"
            )
        index = self.header.index(name)
        return [row[index].strip() for row in self.rows]

    def numbers(self, name: str) -> Array:
        """float64 [rows] of a column.

        Raises:
            UserError: a cell that is no finite number, or none that float32 holds, with its line.
        """
        cells = self.column(name)
        values = np.empty(len(cells))
        for index, cell in enumerate(cells):
            try:
                values[index] = number(cell)
            except ValueError:
                raise self._bad(index, name, cell) from None
            if not np.isfinite(values[index]):
                raise self._bad(index, name, cell)
            if abs(values[index]) > LARGEST:
                raise self._bad(index, name, cell, "beyond float32's range")
        return values

    def _bad(self, index: int, name: str, cell: str, why: str = "not a number") -> UserError:
        what = f"'{cell}'" if cell else "nothing"
        return UserError(
            f"{self.path}:{self.lines[index]}: column '{name}' holds {what}, {why}",
            "mend that row, or take it out",
        )

    def whole(self, name: str) -> bool:
        """Whether all cells of a column are whole numbers without a point, signed or not."""
        return all(re.fullmatch(r"[+-]?[0-9]+", cell) for cell in self.column(name))

    def text(self, name: str) -> bool:
        """Whether the first cell of a column is no number, so that none needs to be."""
        first = next(iter(self.column(name)), "")
        return bool(first) and not _is_number(first)


def number(cell: str) -> float:
    """A number as files have it.

    Raises:
        ValueError: none, or one of Python's alone: `2_0` is 20 in a program, in a file a slip.
    """
    if "_" in cell or not cell.isascii():
        raise ValueError(cell)
    return float(cell)


def _rows(path: Path, reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line that it begins in.

    Raises:
        UserError: one that is none, such as a quote that is never closed in a large file.
    """
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv_file.Error as error:
            raise UserError(f"{path}:{line}: {error}", "mend that row, or take it out") from None
        if row is None:
            return
        yield line, row


def _is_number(cell: str) -> bool:
    try:
        number(cell)
    except ValueError:
        return False
    return True


def _refuse_numbers(path: Path, header: list[str]) -> None:
    """Refuse a first row of numbers for names of columns.

    Whole ones in order, from 0 or 1 up, are such names, and some whole ones among others may be.
    """
    counted = [str(index) for index in range(len(header) + 1)]
    numbers = [name for name in header if _is_number(name) and re.search(r"[0-9]", name)]
    if header in (counted[:-1], counted[1:]) or not numbers:
        return
    if len(numbers) == len(header) or not all(name.isdigit() for name in numbers):
        raise UserError(
            f"{path}:1: the first row has the number '{numbers[0]}' where a column's name belongs",
            "write the names of the columns above the rows",
        )


def load(path: Path) -> Table:
    """Read a file with a header.

    Raises:
        UserError: missing, not text, no header, no rows, columns of one name, or a row of another
            length.
    """
    check_given(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", CHECK_PATH) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UserError(
            f"{path}:{line}: is no UTF-8 text ({error.reason})", "save it as UTF-8"
        ) from None
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv_file.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = [name.strip() for name in next(_rows(path, reader), (0, []))[1]]
    _refuse_numbers(path, header)
    if len({*header}) != len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise UserError(f"{path}:1: two columns are called '{twice}'", "name each differently")
    rows, lines = [], []
    for line, row in _rows(path, reader):
        if not row:
            continue
        if len(row) != len(header):
            quoted = f" (a quote in it ends in line {reader.line_num})"
            raise UserError(
                f"{path}:{line}: {len(row)} columns, the header has {len(header)}"
                + (quoted if reader.line_num > line else ""),
                "mend that row, or take it out",
            )
        rows.append(row)
        lines.append(line)
    if not rows:
        raise UserError(f"{path}: has no rows below its header", "give it some")
    return Table(path, header, rows, lines)


def csv(
    path: str | Path,
    target: str | Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    *,
    regression: bool | None = None,
    normalize: bool = True,
    window: int | None = None,
    step: int | None = None,
    group: str | None = None,
    test: float | str | Path = TEST,
) -> Data:
    """Parts of a CSV file with a header; commas, semicolons or tabs between its cells.

    Args:
        target: the column of the labels, or several of a regression; None for the last one.
        columns: those of the inputs; None for all others.
        regression: None takes whole numbers and text for classes, other numbers for values.
        normalize: has inputs less their mean, divided by their deviation, both measured on the
            training part's columns.
        window: rows that are one input [columns, window]; None makes each row one, [columns].
        step: rows from one window to the next; None for half a window.
        group: a column that no window crosses a change of: a recording, a person.
        test: share that tests, or another file like this one. Rows are drawn; of windows, the last
            part of each run of rows tests.

    Raises:
        UserError: no such file or column, a row that cannot be read, with its line, or an argument
            that makes no sense.
    """
    table = load(Path(path))
    for word, length in (("window", window), ("step", step)):
        if length is not None and (not isinstance(length, int | np.integer) or length < 1):
            raise UserError(
                f"{table.path}: {word}={length!r}", f"give a number of rows, 1 or more: {word}=64"
            )
    if step is not None and window is None:
        raise UserError(
            f"{table.path}: step={step!r} without window=: each row is an input",
            "say how many rows one is, window=128, or leave step= out",
        )
    targets = [target] if isinstance(target, str) else list(target or [table.header[-1]])
    kept = [*targets, *([group] if group else [])]
    names = list(columns or [name for name in table.header if name not in kept])
    if both := [name for name in names if name in targets]:
        raise UserError(
            f"{table.path}: column '{both[0]}' is in columns= and holds the labels, too",
            "take it out of columns=, or name another target=",
        )
    if not names:
        raise UserError(f"{table.path}: has no columns but the labels'", "give columns=[…]")
    if "" in (*names, *targets):
        raise UserError(
            f"{table.path}:1: column {table.header.index('') + 1} has no name",
            "name it, or take it out (pandas: to_csv(…, index=False))",
        )
    windows = Windows(window, step or max(1, window // 2)) if window else None
    if regression is None:
        regression = len(targets) > 1 or not (table.text(targets[0]) or table.whole(targets[0]))
    if not isinstance(test, Real | str | PathLike):
        raise UserError(
            f"{table.path}: test={test!r}", "give a share between 0 and 1, or another file's name"
        )
    share = float(test) if isinstance(test, Real) else TEST
    check_share(table.path, share)
    tables = {"train": table} | ({} if isinstance(test, Real) else {"test": load(Path(test))})
    read = {part: _read(each, names, targets, group, regression) for part, each in tables.items()}
    if windows:
        parts = cut(read, windows, share, table.path)
    else:
        parts = {part: (rows.inputs, rows.labels) for part, rows in read.items()}
        if "test" not in parts:
            inputs, labels = parts["train"]
            parts = cut_off(table.path, inputs, labels, share)
    return {**parts, "columns": names, **({"normalize": normalize} if normalize else {})}


@dataclass(frozen=True)
class Rows:
    """Rows of a table as numbers.

    Attributes:
        inputs: float32 [rows, columns].
        labels: [rows], classes; or float32 [rows, targets].
        groups: text [rows].
    """

    inputs: Array
    labels: Array
    groups: Array


def _read(
    table: Table, names: list[str], targets: list[str], group: str | None, regression: bool
) -> Rows:
    inputs = np.stack([table.numbers(name) for name in names], axis=1).astype(np.float32)
    if regression:
        labels: Array = np.stack([table.numbers(name) for name in targets], axis=1).astype("f4")
    elif table.whole(targets[0]):
        labels = np.array([int(cell) for cell in table.column(targets[0])])
    else:
        labels = np.array(table.column(targets[0]))
        if (empty := np.flatnonzero(labels == "")).size:
            raise UserError(
                f"{table.path}:{table.lines[int(empty[0])]}: column '{targets[0]}' holds nothing",
                "give that row a class, or take it out",
            )
    groups = np.array(table.column(group)) if group else np.zeros(len(inputs), int)
    return Rows(inputs, labels, groups)
