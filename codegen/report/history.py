"""The last builds that a report was made of, kept beside the page; any of them can be compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from codegen.report.accuracy import Accuracy
from codegen.report.changes import Value
from codegen.report.sources import Sources, read_object
from support.errors import UserError
from support.files import BUILD_AGAIN

# A page of more is not read, and the file stays small.
MOST = 20
_KEY_DIGITS = 12
_TOO_LARGE = 2**63
# Types of JSON, in words.
_TYPES = {dict: "object", list: "list", str: "text", int: "number", float: "number"}


@dataclass(frozen=True)
class Build:
    """One build, as it is remembered.

    Attributes:
        key: a hash of what was made: sources, memories, files, settings; not of when.
        made, commit: of the first report of it.
        facts: what is worth comparing, by name.
        figures: accuracy (percent), flash, ram, weights, activations, tables (bytes), instructions
            of an inference and of init; those that were known.
        number: counted up from 1 in one history; of a build that is not remembered yet, 0.
    """

    key: str
    made: str
    commit: str
    facts: Mapping[str, Value]
    figures: Mapping[str, float] = field(default_factory=dict)
    number: int = 0


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
    for key in ("weights", "activations", "tables"):
        found[key] = int(sources.manifest.get(f"{key}_bytes") or 0)
    cost = sources.validation.get("cost")
    if cost and cost["unit"] == "instructions":
        found["instructions"] = round(float(cost["mean"]))
    elif "instructions" in sources.profile:
        found["instructions"] = round(float(sources.profile["instructions"]["mean"]))
    if "init" in sources.profile:
        found["init"] = int(sources.profile["init"]["instructions"])
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
        kept = _checked(content.get("builds"), "'builds'", list)
        return [_build(each, place) for place, each in enumerate(kept, 1)]
    except ValueError as error:
        raise UserError(f"{path}: not a report's history: {error}", BUILD_AGAIN) from None


def _build(kept: Any, place: int) -> Build:
    """A build as it was kept; its place counts where nobody has numbered it.

    Raises:
        ValueError: it is none; the message says what of it.
    """
    where = f"build {place} in it"
    found = _checked(kept, where, dict)

    def part(name: str, *types: type) -> Any:
        return _checked(found.get(name), f"'{name}' of {where}", *types)

    def values(name: str, *types: type) -> dict[str, Any]:
        items = part(name, dict).items()
        what = f"'{name}' of {where}"
        return {_checked(n, what, str): _checked(v, what, *types) for n, v in items}

    key, made, commit = (part(name, str) for name in ("key", "made", "commit"))
    number = part("number", int) if "number" in found else place
    facts, figures = values("facts", int, float, str), values("figures", int, float)
    return Build(key, made, commit, facts, figures, number)


def _checked(value: Any, what: str, *types: type) -> Any:
    """A value of one of these types that can be shown and written again.

    Args:
        what: is looked at, for the message.

    Raises:
        ValueError: another one, a number of more than 64 bits, or broken UTF-16.
    """
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        wanted = " or ".join(dict.fromkeys(_TYPES[each] for each in types))
        raise ValueError(f"{what} is missing" if value is None else f"{what} is no {wanted}")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{what} has half a character (a surrogate)") from None
    elif isinstance(value, int | float) and abs(value) >= _TOO_LARGE:
        raise ValueError(f"{what} has a number of more than 64 bits")
    return value


def remembered(builds: list[Build], now: Build) -> list[Build]:
    """The builds with this one last, each once; the oldest beyond `MOST` are forgotten.

    A report made again of the last build keeps the time and number of the first, and has what has
    been measured since.
    """
    number = max((each.number for each in builds), default=0) + 1
    now = replace(now, number=number)
    if builds and builds[-1].key == now.key:
        last = builds[-1]
        now = replace(now, made=last.made, commit=last.commit, number=last.number)
    return [*(each for each in builds if each.key != now.key), now][-MOST:]


def to_json(builds: list[Build]) -> dict[str, Any]:
    """What is kept."""
    return {"builds": [vars(each) for each in builds]}
