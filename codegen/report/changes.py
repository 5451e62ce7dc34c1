"""What differs between two builds: a few numbers and names of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codegen.report.sources import Json, Sources

Value = int | float | str


@dataclass(frozen=True)
class Change:
    """A number or a name that is another one than in the build before."""

    what: str
    before: Value | None
    now: Value | None

    @property
    def difference(self) -> str:
        """How much a number rose or fell; "" for names and for what was not there."""
        if not isinstance(self.before, int | float) or not isinstance(self.now, int | float):
            return ""
        delta = self.now - self.before
        if isinstance(delta, int):
            return f"{delta:+,}"
        return f"{delta:+.4g}"


_NAMES = {"rmse": "RMSE", "r2": "R²"}


def _scores(sources: Sources) -> dict[str, Value]:
    """What the float and the int8 network are worth."""
    scores = {kind: sources.evaluation.get(kind, {}) for kind in ("float", "int8")}
    found: dict[str, Value] = {}
    for kind, each in scores.items():
        for name, value in each.items():
            if name == "accuracy":
                found[f"accuracy {kind} (%)"] = round(100 * float(value), 4)
            else:
                found[f"{_NAMES.get(name, name)} {kind}"] = float(f"{value:.6g}")
    return found


def _training(training: Json) -> dict[str, Value]:
    """How it was trained: by a network module's plan, and by which of its recipes."""
    recipe = {"training recipe": str(training["recipe"])} if "recipe" in training else {}
    return recipe | {
        "training epochs": int(training["plan"]["epochs"]),
        "training seed": int(training["plan"]["seed"]),
    }


def summarize(sources: Sources) -> dict[str, Value]:
    """The numbers and names of a build that are worth comparing, in the order of the page."""
    found = _scores(sources)
    found["model"] = str(sources.manifest["model_sha256"])[:12]
    found["generator"] = str(sources.manifest.get("generator", ""))
    if sources.training:
        found |= _training(sources.training)
    found["multiply-accumulates"] = int(sources.manifest.get("macs") or 0)
    for key in ("weights", "activations", "tables"):
        found[f"{key} (bytes)"] = int(sources.manifest.get(f"{key}_bytes") or 0)
    found |= _layers(sources)
    for region in sources.memory.get("regions", []):
        if region["used"]:
            found[f"{region['name']}: used (bytes)"] = int(region["used"])
        for item in region["items"]:
            found[f"{region['name']}: {item['section']} (bytes)"] = int(item["bytes"])
    cost = sources.validation.get("cost")
    if cost:
        found[f"{cost['unit']} per inference"] = round(float(cost["mean"]))
    if "init" in sources.profile:
        found["instructions of init"] = int(sources.profile["init"]["instructions"])
    if sources.compiler:
        found["compiler"] = sources.compiler
    return {key: value for key, value in found.items() if value not in ("", 0)}


def _layers(sources: Sources) -> dict[str, Value]:
    layers = sources.manifest.get("layers", [])
    return {f"kernel of {layer['name']}": str(layer.get("kernel", "")) for layer in layers}


def compare(before: Mapping[str, Value], now: Mapping[str, Value]) -> list[Change]:
    """What differs, in the order of `now`, then what is gone."""
    keys = [*now, *(key for key in before if key not in now)]
    return [
        Change(key, before.get(key), now.get(key))
        for key in keys
        if before.get(key) != now.get(key)
    ]
