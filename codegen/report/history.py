"""The last builds that a report was made of, kept beside the page; any of them can be compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codegen.report.accuracy import Accuracy
from codegen.report.changes import Change, Value, compare
from codegen.report.sources import Sources, read_object
from support.errors import UserError
from support.files import BUILD_AGAIN

# A page of more is not read, and the file stays small.
MOST = 20
_KEY_DIGITS = 12
PREVIOUS = "the previous build"
_TOO_LARGE = 2**63


@dataclass(frozen=True)
class Build:
    """One build, as it is remembered.

    Attributes:
        key: a hash of what was made: sources, memories, files, settings; not of when.
        made, commit: of the first report of it.
        facts: what is worth comparing, by name.
        figures: accuracy (percent), flash, ram, weights, activations (bytes), instructions; those
            that were known.
    """

    key: str
    made: str
    commit: str
    facts: Mapping[str, Value]
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """A build beside another: its name in words, and what differs."""

    name: str
    changes: list[Change]


def this_build(sources: Sources, facts: Mapping[str, Value], scored: Accuracy | None) -> Build:
    """What is to be remembered of the sources' build."""
    made = [sources.manifest, sources.memory, sources.files, sources.settings]
    text = json.dumps(made, sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()[:_KEY_DIGITS]
    return Build(key, sources.made, sources.commit, facts, _figures(sources, scored))


def _figures(sources: Sources, scored: Accuracy | None) -> dict[str, float]:
    found: dict[str, float] = {}
    if scored is not None:
        found["accuracy"] = round(scored.percent, 2)
    for kind in ("flash", "ram"):
        used = sum(r["used"] for r in sources.memory.get("regions", []) if r["kind"] == kind)
        found[kind] = int(used)
    for key in ("weights", "activations"):
        found[key] = int(sources.manifest.get(f"{key}_bytes") or 0)
    cost = sources.validation.get("cost")
    if cost and cost["unit"] == "instructions":
        found["instructions"] = round(float(cost["mean"]))
    elif "instructions" in sources.profile:
        found["instructions"] = round(float(sources.profile["instructions"]["mean"]))
    return {key: value for key, value in found.items() if value or key == "accuracy"}


def read_history(path: Path) -> list[Build]:
    """The builds of a report.json, the oldest first; none when there is no such file.

    Raises:
        UserError: a broken file, or one of another version.
    """
    if not path.exists():
        return []
    content = read_object(path)
    try:
        return [_build(each) for each in content["builds"]]
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not a report's history ({error!r})", BUILD_AGAIN) from None


def _build(kept: Mapping[str, Any]) -> Build:
    """A build as it was kept.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    key, made, commit = (_checked(kept[name], str) for name in ("key", "made", "commit"))
    facts = _values(kept["facts"], int, float, str)
    return Build(key, made, commit, facts, _values(kept["figures"], int, float))


def _values(kept: Any, *types: type) -> dict[str, Any]:
    """Values by name."""
    items = _checked(kept, dict).items()
    return {_checked(name, str): _checked(value, *types) for name, value in items}


def _checked(value: Any, *types: type) -> Any:
    """A value of one of these types that can be shown and written again.

    Raises:
        TypeError, ValueError: another one, a number of more than 64 bits, or broken UTF-16.
    """
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise TypeError(f"{value!r:.40}")
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, int | float) and abs(value) >= _TOO_LARGE:
        raise ValueError(f"{value!r:.40}")
    return value


def remembered(builds: list[Build], now: Build) -> list[Build]:
    """The builds with this one last, each once; the oldest beyond `MOST` are forgotten.

    A report made again of the last build keeps the time of the first, and has what has been
    measured since.
    """
    if builds and builds[-1].key == now.key:
        now = Build(now.key, builds[-1].made, builds[-1].commit, now.facts, now.figures)
    return [*(each for each in builds if each.key != now.key), now][-MOST:]


def to_json(builds: list[Build]) -> dict[str, Any]:
    """What is kept."""
    return {"builds": [vars(each) for each in builds]}


def previous(builds: list[Build]) -> Comparison | None:
    """The last build beside the one before; None for the first."""
    return _beside(builds[-2], builds[-1], PREVIOUS) if len(builds) > 1 else None


def against(builds: list[Build], other: str) -> Comparison:
    """The last build beside any other.

    Args:
        other: the path of another build's report.json, or of its folder; or how the key of one of
            these builds begins.

    Raises:
        UserError: there is no such build.
    """
    now = builds[-1]
    path = Path(other)
    path = path / "report.json" if path.is_dir() else path
    if path.is_file():
        others = read_history(path)
        if not others:
            raise UserError(f"{path}: has no builds", "make a report of that build: scons report")
        return _beside(others[-1], now, f"build {others[-1].key} of {other}")
    found = [each for each in builds if each.key.startswith(other)]
    if len(found) == 1:
        return _beside(found[0], now, f"build {found[0].key}")
    keys = ", ".join(each.key for each in builds[:-1])
    raise UserError(
        f"against={other}: "
        + ("several builds begin so" if found else "no file, and no build that is remembered"),
        f"give the report.json of another build, or one of {keys}"
        if keys
        else "give the report.json of another build: no other is remembered here",
    )


def _beside(before: Build, now: Build, name: str) -> Comparison:
    return Comparison(name, compare(before.facts, now.facts))
