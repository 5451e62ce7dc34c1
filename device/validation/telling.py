"""A verdict for people, for programs and for CI."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from device.link.messages import Info, Report
from device.validation.verdict import Cost, LayerVerdict, Recognition, Regression, Verdict
from support.scores import RegressionScore

# Wider confusion matrices than this do not fit a terminal.
_WIDEST_MATRIX = 20
_LONGEST_NAME = 20
# Longer tables of classes or values tell of the worst.
_MOST_LISTED = 20


def as_text(verdict: Verdict) -> str:
    """Accuracy, confusion matrix, layers, identical bytes, cost."""
    lines = []
    if verdict.recognition is not None:
        lines += _recognition(verdict.recognition)
    if verdict.regression is not None:
        lines += _regression(verdict.regression)
    unit = verdict.cost.unit if verdict.cost else ""
    lines += [_layer(layer, unit) for layer in verdict.layers]
    if any(layer.comparison is None for layer in verdict.layers):
        lines.append("layers inside of fused kernels do not show; kernels=portable has none")
    wrong = verdict.first_wrong_layer
    if wrong is not None:
        lines.append(f"first layer that differs: {wrong.index} ({wrong.name})")
    lines.append(verdict.comparison.text())
    lines.append(_cost(verdict.cost))
    lines.append(f"{verdict.done:,} of {verdict.inputs:,} inputs in {verdict.seconds:.1f} s")
    return "\n".join(lines)


def _recognition(found: Recognition) -> list[str]:
    percent = 100 * found.right / found.total
    lines = [f"accuracy {percent:.2f} % ({found.right:,} of {found.total:,})"]
    if len(found.confusion) <= _WIDEST_MATRIX:
        lines += _matrix(found)
    return lines + _classes(found)


def _named(found: Recognition, label: int) -> str:
    """A class by its number, and its name if it has one."""
    names = found.class_names if len(found.class_names) == len(found.confusion) else ()
    return f"{label:>5}" + (f" {names[label][:_LONGEST_NAME]}" if names else "")


def _matrix(found: Recognition) -> list[str]:
    width = max(len(str(count)) for row in found.confusion for count in row) + 2
    numbers = range(len(found.confusion))
    rows = [_named(found, n) for n in numbers]
    wide = max(map(len, rows))
    return [
        "each label (row) by the predicted class (column):",
        " " * wide + "".join(f"{n:>{width}}" for n in numbers),
        *[
            f"{rows[label]:<{wide}}" + "".join(f"{count or '.':>{width}}" for count in row)
            for label, row in enumerate(found.confusion)
        ],
    ]


def _classes(found: Recognition) -> list[str]:
    """Recall and precision of each class, or of those that are found worst."""
    shown, title = found.classes, "each class:"
    if len(shown) > _MOST_LISTED:
        known = [each for each in shown if each.recall is not None]
        shown = sorted(known, key=lambda each: each.recall or 0)[:_MOST_LISTED]
        title = f"the {len(shown)} of {len(found.classes)} classes with the least recall:"
    rows = [_named(found, each.label) for each in shown]
    wide = max(map(len, (*rows, title)))
    heads = ("inputs", "right", "recall", "predicted", "precision")
    lines = [f"{title:<{wide}}" + "".join(f"{head:>11}" for head in heads)]
    for row, each in zip(rows, shown, strict=True):
        recall, precision = (
            "-" if share is None else f"{share:.2f} %" for share in (each.recall, each.precision)
        )
        cells = (f"{each.labelled:,}", f"{each.right:,}", recall, f"{each.predicted:,}", precision)
        lines.append(f"{row:<{wide}}" + "".join(f"{cell:>11}" for cell in cells))
    return lines


def _regression(found: Regression) -> list[str]:
    """The error of all values, then of each where there are several, the largest first."""
    one = found.units[0] if len({*found.units}) == 1 else ""
    lines = [_score(found.overall, one)]
    if len(found.each) == 1:
        return lines
    order = sorted(range(len(found.each)), key=lambda value: -found.each[value].rmse)
    for value in sorted(order[:_MOST_LISTED]):
        unit = found.units[value] if value < len(found.units) else one
        lines.append(f"value {value}: {_score(found.each[value], unit)}")
    if len(order) > _MOST_LISTED:
        lines.append(f"and {len(order) - _MOST_LISTED} values with smaller errors")
    return lines


def _score(score: RegressionScore, unit: str) -> str:
    unit = f" {unit}" if unit else ""
    r2 = "" if score.r2 is None else f", R² {score.r2:.4f}"
    largest = f"largest error {score.largest:.4g}{unit} (input {score.at})"
    return f"RMSE {score.rmse:.4g}{unit}{r2}, {largest}"


def _layer(layer: LayerVerdict, unit: str) -> str:
    text = f"layer {layer.index} ({layer.name}): "
    if layer.comparison is None:
        return text + "not observable in this firmware"
    cost = "" if layer.mean_cost is None else f", {layer.mean_cost:,.0f} {unit} each"
    return text + layer.comparison.text().replace("output bytes", "bytes") + cost


def _cost(cost: Cost | None) -> str:
    if cost is None:
        return "latency: not measured"
    text = f"{cost.mean:,.0f} {cost.unit} per inference ({cost.smallest:,} to {cost.largest:,})"
    if cost.microseconds is not None:
        return f"latency: {cost.microseconds:,.1f} us, {text}"
    emulated = cost.unit == "instructions"
    return f"cost: {text}" + (", emulated: says nothing about time" if emulated else "")


def as_json(
    verdict: Verdict, info: Info, report: Report | None, board: str, kernels: Sequence[str]
) -> dict[str, Any]:
    """Everything, for other programs."""
    content = asdict(verdict)
    first = verdict.first_wrong_layer
    return {
        **content,
        "board": board,
        "firmware": asdict(info),
        "kernels": list(kernels),
        "link": None if report is None else asdict(report),
        "first_wrong_layer": None if first is None else first.name,
        "passed": verdict.passed,
    }


def as_junit(verdict: Verdict, board: str) -> str:
    """JUnit XML, as CI systems read it: outputs, each layer, and whether it ran to the end."""
    cases: list[tuple[str, str, bool]] = [("all inputs run", verdict.stopped, False)]
    for layer in verdict.layers:
        shown = layer.comparison
        text = "" if shown is None or shown.equal else shown.text()
        cases.append((f"layer {layer.index} {layer.name}", text, shown is None))
    comparison = verdict.comparison
    cases.append(("outputs", "" if comparison.equal else comparison.text(), False))
    return _suite(cases, board, verdict.seconds)


def as_junit_refused(why: str, board: str) -> str:
    """JUnit XML of a run that measured nothing."""
    return _suite([("firmware of this build answers", why, False)], board, 0.0)


def _suite(cases: Sequence[tuple[str, str, bool]], board: str, seconds: float) -> str:
    """Cases: (name, why it failed or "", whether it was skipped)."""
    suite = ET.Element(
        "testsuite",
        name=f"validate {board}",
        tests=str(len(cases)),
        failures=str(sum(1 for _, text, _ in cases if text)),
        skipped=str(sum(1 for _, _, skipped in cases if skipped)),
        errors="0",
        time=f"{seconds:.3f}",
    )
    for name, text, skipped in cases:
        case = ET.SubElement(suite, "testcase", classname=f"validate.{board}", name=name)
        if skipped:
            ET.SubElement(case, "skipped", message="not observable in this firmware")
        elif text:
            ET.SubElement(case, "failure", message=text.splitlines()[0]).text = text
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
