"""The history of builds and the comparison of two, as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.report.changes import Value
from codegen.report.comparison import Comparison
from codegen.report.history import Build
from support.plain import one_line

_FIGURES = ("accuracy", "flash", "ram", "weights", "activations", "instructions")
_SEPARATOR = "  "
_NOTHING = "–"


def comparison_text(comparison: Comparison) -> str:
    """The title and a row for each difference; lines with their ends."""
    title = one_line(comparison.title)
    if not comparison.changes:
        return f"{title}: nothing that the report shows differs\n"
    rows = [("what", comparison.before, comparison.now, "difference")]
    rows += [(c.what, _shown(c.before), _shown(c.now), c.difference) for c in comparison.changes]
    return f"{title}\n{_table(rows, left=1)}"


def history_text(builds: Sequence[Build]) -> str:
    """A row for each build, the last one first; lines with their ends."""
    rows: list[tuple[str, ...]] = [("build", "key", "first report", "commit", *_FIGURES)]
    for each in reversed(builds):
        figures = [each.figures.get(name) for name in _FIGURES]
        shown = [_NOTHING if figure is None else _shown(figure) for figure in figures]
        rows.append((str(each.number), each.key, each.made, each.commit or _NOTHING, *shown))
    return _table(rows, left=4)


def _shown(value: Value | None) -> str:
    if value is None:
        return _NOTHING
    return value if isinstance(value, str) else f"{value:,}"


def _table(rows: Sequence[Sequence[str]], *, left: int) -> str:
    """Rows in columns: the first `left` ones flush left, figures flush right."""
    rows = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(f"{_SEPARATOR}{_SEPARATOR.join(cells)}".rstrip())
    return "\n".join(lines) + "\n"
