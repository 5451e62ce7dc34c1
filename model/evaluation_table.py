"""`evaluation.json` as a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

LISTED = 20
"""Differing bytes printed; the file has them all."""

MOST_CLASSES = 20
"""Of a confusion matrix that is printed."""


def _score_line(title: str, score: dict[str, Any], inputs: int) -> str:
    count = f"{round(score['accuracy'] * inputs):,} of {inputs:,}"
    return f"  {title:<42}{count:>18}{100 * score['accuracy']:>9.2f} %"


def _comparison_line(title: str, comparison: dict[str, Any]) -> str:
    count = f"{comparison['equal']:,} of {comparison['bytes']:,}"
    return f"  {title:<42}{count:>18}{comparison['largest_difference']:>11}"


def _confusion(matrix: list[list[int]], classes: Sequence[str]) -> Iterator[str]:
    yield "Confusion matrix of the int8 network (row: the label, column: what was predicted)"
    width = max(6, *(len(name) + 2 for name in classes))
    yield " " * (width + 2) + "".join(f"{name:>{width}}" for name in classes)
    for name, row in zip(classes, matrix, strict=True):
        yield f"  {name:>{width}}" + "".join(f"{count or '.':>{width}}" for count in row)


def _lines(report: dict[str, Any], classes: Sequence[str]) -> Iterator[str]:
    inputs = report["inputs"]
    exact, default = report["onnxruntime"], report["onnxruntime_default_optimizations"]
    yield f"{'Accuracy on the test part':<44}{'right':>18}{'accuracy':>11}"
    yield _score_line("float network, PyTorch", report["float"], inputs)
    yield _score_line("int8, integer reference", report["int8"], inputs)
    yield _score_line("int8, onnxruntime, optimizations disabled", exact, inputs)
    yield _score_line("int8, onnxruntime, default *", default, inputs)
    if len(classes) <= MOST_CLASSES:
        yield ""
        yield from _confusion(report["confusion_matrix"], classes)
    yield ""
    yield f"{'Output bytes equal to the integer reference':<44}{'equal':>18}{'largest':>11}"
    yield _comparison_line("onnxruntime, optimizations disabled", exact)
    yield _comparison_line("onnxruntime, default *", default)
    for byte in exact["differing"][:LISTED]:
        yield (
            f"    test input {byte['input']}, output {byte['output']}: reference "
            f"{byte['reference']}, onnxruntime {byte['onnxruntime']} (optimizations disabled)"
        )
    for tie in exact["nearest_ties"][:LISTED]:
        yield (
            f"    test input {tie['image']}: {tie['tensor']}[{tie['element']}] is "
            f"{tie['steps']:.6f} steps, {tie['distance']:.0e} from a tie that float32 sums "
            "round either way"
        )
    if len(exact["differing"]) > LISTED:
        yield f"    and {len(exact['differing']) - LISTED} more bytes, see the file"
    yield ""
    yield f"* {default['note']}"


def render(report: dict[str, Any], classes: Sequence[str]) -> str:
    """Return the table as text, without a line end at the end.

    Args:
        report: of a classification, `compared` with onnxruntime.
        classes: their names.
    """
    return "\n".join(_lines(report, classes))
