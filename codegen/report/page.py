"""From sources to the page: what the template shows, in its order."""

from __future__ import annotations

from typing import Any

from codegen.render import render
from codegen.report import drawing, memory
from codegen.report.accuracy import Accuracy
from codegen.report.charts import Chart, line_chart
from codegen.report.comparison import Comparison
from codegen.report.history import Build
from codegen.report.regression import Regression, regression
from codegen.report.sources import Sources
from codegen.report.tensors import layer_shapes, spreads
from codegen.report.timeline import timeline

TEMPLATE = "report/report.html.j2"


def page(
    sources: Sources, scored: Accuracy | None, builds: list[Build], comparison: Comparison | None
) -> str:
    """The HTML page.

    Args:
        builds: those that are remembered, this one last.
        comparison: a build beside another; None for the first.
    """
    valued = regression(sources)
    used, empty = memory.bars(sources.memory)
    context = {
        "manifest": sources.manifest,
        "board": sources.placement.get("board", {}),
        "sources": sources,
        "figures": _figures(sources, scored, valued),
        "charts": _charts(sources),
        "accuracy": scored,
        "regression": valued,
        "network": drawing.drawing(sources.manifest),
        "timeline_drawing": timeline(sources.manifest),
        "spreads": spreads(sources),
        "layers": _layers(sources),
        "costs": _costs(sources),
        "bars": used,
        "empty": empty,
        "bar_width": memory.WIDTH,
        "builds": builds[::-1],
        "comparison": comparison,
    }
    return render(TEMPLATE, context)


def _figures(
    sources: Sources, scored: Accuracy | None, valued: Regression | None
) -> list[dict[str, str]]:
    """The few numbers to see first: what, how much, and a word about it."""
    figures = []
    if scored is not None:
        floating = sources.evaluation.get("float", {}).get("accuracy")
        about = "" if floating is None else f"float {100 * floating:.2f} %"
        figures.append(_figure("int8 accuracy", f"{scored.percent:.2f} %", about))
    if valued is not None:
        floating = sources.evaluation.get("float", {}).get("rmse")
        about = "" if floating is None else f"float {floating:.4g}"
        error = f"{valued.overall.rmse:.4g} {valued.unit}".strip()
        figures.append(_figure("int8 RMSE", error, about))
    checked = sources.validation.get("comparison")
    if checked:
        equal = checked["identical"] == checked["total"] == checked["received"]
        about = f"of {checked['total']:,} bytes on {sources.validation.get('board', '?')}"
        figures.append(
            _figure("identical to reference", f"{checked['identical']:,}", about, bad=not equal)
        )
    cost = sources.validation.get("cost")
    if cost:
        emulated = cost["unit"] == "instructions"
        about = f"{cost['unit']} per inference" + (", emulated" if emulated else "")
        figures.append(_figure("cost", f"{cost['mean']:,.0f}", about))
    sizes = ((key, sources.manifest.get(f"{key}_bytes")) for key in ("weights", "activations"))
    figures += [_figure(key, f"{size:,}", "bytes") for key, size in sizes if size]
    figures += _tables(sources)
    for kind, name in (("flash", "flash"), ("ram", "RAM")):
        used = [r for r in sources.memory.get("regions", []) if r["kind"] == kind and r["used"]]
        if used:
            total = f"{sum(region['used'] for region in used):,}"
            where = ", ".join(region["name"] for region in used)
            figures.append(_figure(f"{name} used", total, f"bytes of {where}"))
    return figures


def _tables(sources: Sources) -> list[dict[str, str]]:
    """Tables of expanded weights, and what making them takes where that was counted."""
    size = sources.manifest.get("tables_bytes")
    if not size:
        return []
    figures = [_figure("tables", f"{size:,}", "bytes of RAM, made at init")]
    init = sources.profile.get("init")
    if init:
        count = f"{init['instructions']:,}"
        figures.append(_figure("init", count, "instructions, once, emulated; makes the tables"))
    return figures


def _figure(what: str, value: str, about: str, *, bad: bool = False) -> dict[str, str]:
    return {"what": what, "value": value, "about": about, "kind": "bad" if bad else ""}


def _charts(sources: Sources) -> list[Chart]:
    history = sources.training.get("history") or []
    if not history:
        return []
    loss = {"training": [(e["epoch"], e["loss"]) for e in history]}
    if "validation_loss" in history[0]:
        loss["validation"] = [(e["epoch"], e["validation_loss"]) for e in history]
    units = {*sources.training.get("units", ())}
    unit = f" {min(units)}" if len(units) == 1 else ""
    charts = [line_chart("Loss by epoch", loss)]
    for figure, name, factor, shown in (
        ("accuracy", "Accuracy by epoch", 100, " %"),
        ("rmse", "RMSE by epoch", 1, unit),
    ):
        lines = {
            part: [(e["epoch"], factor * e[part][figure]) for e in history]
            for part in ("training", "validation")
            if all(figure in e.get(part, {}) for e in history)
        }
        if lines:
            charts.append(line_chart(name, lines, shown))
    return charts


def _costs(sources: Sources) -> dict[str, Any]:
    """What each layer costs: on the target where it showed them all, else as `profile` counted."""
    validation, profile = sources.validation, sources.profile
    shown = [layer["mean_cost"] for layer in validation.get("layers", [])]
    counted = [layer["instructions"] for layer in profile.get("layers", [])]
    if shown and all(shown):
        unit, inputs = validation["cost"]["unit"], validation["done"]
        return {"unit": unit, "inputs": inputs, "where": validation["board"], "each": shown}
    if any(counted):
        where, inputs = "an emulated core", profile["inferences"]
        return {"unit": "instructions", "inputs": inputs, "where": where, "each": counted}
    return {}


def _layers(sources: Sources) -> list[dict[str, Any]]:
    """The manifest's layers, with what the firmware showed of each."""
    shown = {layer["index"]: layer for layer in sources.validation.get("layers", [])}
    shapes = layer_shapes(sources.graph)
    rows = []
    for index, layer in enumerate(sources.manifest.get("layers", [])):
        found = shown.get(index, {})
        rows.append(
            {
                "name": layer.get("name", ""),
                "op": str(layer.get("op", "")).replace("_", " "),
                "shape": shapes[index] if index < len(shapes) else "",
                "kernel": layer.get("kernel", ""),
                "why": layer.get("why", ""),
                "macs": layer.get("macs"),
                "constants": layer.get("constants_bytes"),
                "scratch": layer.get("scratch_bytes"),
                "comparison": found.get("comparison"),
            }
        )
    return rows
