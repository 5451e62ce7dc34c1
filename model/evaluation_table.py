"""`evaluation.json` as a table for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

LISTED = 20
"""Differing bytes printed; the file has them all."""


def _score_line(title: str, score: dict[str, Any]) -> str:
    count = f"{score['right']:,} of {score['images']:,}"
    return f"  {title:<42}{count:>18}{100 * score['accuracy']:>9.2f} %"


def _comparison_line(title: str, comparison: dict[str, Any]) -> str:
    count = f"{comparison['equal']:,} of {comparison['bytes']:,}"
    return f"  {title:<42}{count:>18}{comparison['largest_difference']:>11}"


def _confusion(matrix: list[list[int]]) -> Iterator[str]:
    yield "Confusion matrix of the int8 network (row: the digit, column: what was read)"
    yield "      " + "".join(f"{digit:>6}" for digit in range(len(matrix)))
    for digit, row in enumerate(matrix):
        yield f"  {digit:>4}" + "".join(f"{count or '.':>6}" for count in row)


def _lines(report: dict[str, Any]) -> Iterator[str]:
    reference = report.get("reference")
    yield f"{'Accuracy on the test set':<44}{'right':>18}{'accuracy':>11}"
    yield _score_line("float network, PyTorch", report["float"])
    yield _score_line("int8, onnxruntime, optimizations disabled", report["int8"])
    yield _score_line("int8, onnxruntime, default *", report["int8_default_optimizations"])
    if reference:
        yield _score_line("int8, integer reference", reference["int8"])
    yield ""
    yield from _confusion(report["confusion_matrix"])
    if reference:
        exact = reference["onnxruntime"]
        yield ""
        yield f"{'Output bytes equal to the integer reference':<44}{'equal':>18}{'largest':>11}"
        yield _comparison_line("onnxruntime, optimizations disabled", exact)
        default = reference["onnxruntime_default_optimizations"]
        yield _comparison_line("onnxruntime, default *", default)
        for byte in exact["differing"][:LISTED]:
            yield (
                f"    test image {byte['image']}, output {byte['output']}: reference "
                f"{byte['reference']}, onnxruntime {byte['onnxruntime']} (optimizations disabled)"
            )
        for tie in exact["nearest_ties"][:LISTED]:
            yield (
                f"    test image {tie['image']}: {tie['tensor']}[{tie['element']}] is "
                f"{tie['steps']:.6f} steps, {tie['distance']:.0e} from a tie that float32 sums "
                "round either way"
            )
        if len(exact["differing"]) > LISTED:
            yield f"    and {len(exact['differing']) - LISTED} more bytes, see the file"
    yield ""
    yield f"* {report['int8_default_optimizations']['note']}"


def render(report: dict[str, Any]) -> str:
    """Return the table as text, without a line end at the end."""
    return "\n".join(_lines(report))
