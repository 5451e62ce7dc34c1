"""Placement: which memory each object runs from and where it is stored. Decided only here.

Weights are used once per inference, so a cache does not help them: they and the kernels go to
memories without wait states when they fit, and are copied there at start-up from where they are
stored; internal flash first, external flash for what does not fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from support.errors import UserError

# Objects in the order in which they claim memory. "code" and "data" are sized by the linker; the
# board's budgets keep room for them.
STORED = ("kernels", "weights", "subset")
FILLED_AT_RUN = ("activations", "results", "tables")
MOVABLE = (*STORED, *FILLED_AT_RUN)
# Kind of object → bytes of its second and further ones, which are placed on their own.
Further = Mapping[str, Sequence[int]]
NO_FURTHER: Further = {}
# .data and .bss: small by design (no heap, no stdio); the linker has the last word.
DATA_BYTES = 2048


@dataclass
class _Space:
    """A memory and the bytes still free in it."""

    facts: dict[str, Any]
    free: int


@dataclass
class _Board:
    """A board's memories by name, the names of those that store what runs in RAM, and the network's
    largest layers, for who must make it fit."""

    name: str
    spaces: dict[str, _Space]
    storage: list[str]
    largest: Mapping[str, str]


def place_objects(
    memories: dict[str, Any],
    sizes: dict[str, int],
    overrides: dict[str, str],
    further: Further = NO_FURTHER,
    largest: Mapping[str, str] | None = None,
) -> dict[str, dict[str, Any]]:
    """Decide run and load memory of every object.

    Args:
        memories: the board, as in memories.json.
        sizes: bytes of kernels, weights, activations, subset, results; optionally `runtime_code`
            and `runtime_data`, what a vendor's runtime needs beyond the board's budgets, and of
            `tables`, which go where activations may.
        overrides: object → memory to run from, as asked by the user; that of `weights` is for all
            its blocks that are not named.
        further: bytes of the second and further blocks of weights, and of a vendor's network's
            pools of activations; each may lie in another memory.
        largest: kind of object → the layers that take the most of it, in words.

    Returns:
        object → {"run", "load" (None when it runs where it is stored or needs no storage),
        "bytes", "why"}.

    Raises:
        UserError: an unknown memory or object, or an object that fits nowhere (says by how much,
            and which layers take the most).
    """
    if not memories["memories"]:
        raise UserError(
            f"board '{memories['board']['name']}' has no memories to place anything in",
            "choose another board",
        )
    spaces = {
        m["name"]: _Space(m, int(m["length"]) - int(m.get("reserve_start") or 0))
        for m in memories["memories"]
    }
    classes: dict[str, list[str]] = memories["placement"]
    board = _Board(memories["board"]["name"], spaces, classes["load"], largest or {})
    kinds = {name: kind for kind in further for name in names_of(kind, further)}
    _check_overrides(overrides, spaces, kinds)
    sizes = {"runtime_code": 0, "runtime_data": 0, **sizes}
    for kind, more in further.items():
        sizes |= zip(names_of(kind, further), more, strict=True)
    _keep_budgets(memories, spaces, classes, sizes)
    placed: dict[str, dict[str, Any]] = {}
    # Sized by the linker: the bytes are what the board's budget keeps for them.
    kept = {
        "vectors": 0,
        "code": int(memories["budget"]["code"]) + sizes["runtime_code"],
        "data": DATA_BYTES + sizes["runtime_data"],
        "stack": int(memories["budget"]["stack"]),
    }
    for name, size in kept.items():
        run = classes[name][0]
        placed[name] = {"run": run, "load": None, "bytes": size, "why": "board's budget"}
    placed["data"]["load"] = classes["load"][0]
    # Tables first: each inference reads them many times.
    classes = {**classes, "tables": classes["activations"]}
    tables = ("tables",) if sizes.get("tables") else ()
    for kind in (*tables, "weights", "activations", "kernels", "results", "subset"):
        for name in (kind, *names_of(kind, further)):
            asked = overrides.get(name, overrides.get("weights") if kind == "weights" else None)
            placed[name] = _place(
                name, kind, sizes[name], [asked] if asked else classes[kind], board
            )
            if asked:
                placed[name]["why"] = "asked for by placement="
    return placed


def names_of(kind: str, further: Further) -> list[str]:
    """The second and further objects of a kind: weights_2, weights_3 …"""
    return [f"{kind}_{number}" for number, _ in enumerate(further.get(kind, ()), start=2)]


def _check_overrides(
    overrides: dict[str, str], spaces: dict[str, _Space], more: Iterable[str]
) -> None:
    movable = (*MOVABLE, *more)
    for name, memory in overrides.items():
        if name not in movable:
            raise UserError(
                f"placement={name}:{memory}: no such object", f"choose from {', '.join(movable)}"
            )
        if memory not in spaces:
            raise UserError(
                f"placement={name}:{memory}: the board has no memory '{memory}'",
                f"choose from {', '.join(spaces)}",
            )


def _keep_budgets(
    memories: dict[str, Any],
    spaces: dict[str, _Space],
    classes: dict[str, list[str]],
    sizes: dict[str, int],
) -> None:
    budget = memories["budget"]
    spaces[classes["code"][0]].free -= int(budget["code"]) + sizes["runtime_code"]
    spaces[classes["stack"][0]].free -= int(budget["stack"])
    spaces[classes["data"][0]].free -= DATA_BYTES + sizes["runtime_data"]


def _place(name: str, kind: str, size: int, candidates: list[str], board: _Board) -> dict[str, Any]:
    spaces, reasons = board.spaces, []
    for memory in candidates:
        space = spaces[memory]
        if space.free < size:
            reasons.append(f"{memory} lacks {size - space.free:,} B")
            continue
        stored_in = None
        if kind in STORED and space.facts["kind"] == "ram":
            # Where they are stored, kernels are part of the board's code budget.
            stored = 0 if name == "kernels" else size
            stored_in = next((s for s in board.storage if spaces[s].free >= stored), None)
            if stored_in is None:
                reasons.append(f"no flash has {size:,} B left to load {memory} from")
                continue
            spaces[stored_in].free -= stored
        space.free -= size
        speed = "no wait states" if space.facts.get("zero_wait") else "first that fits"
        return {"run": memory, "load": stored_in, "bytes": size, "why": speed}
    layers = board.largest.get(kind)
    most = max((_space_for(kind, spaces[c], board) for c in candidates), default=0)
    smaller = {
        "tables": "less table_memory=",
        "kernels": "less code_memory=",
        "subset": "a smaller subset",
        "results": "a smaller subset",
    }
    raise UserError(
        f"board '{board.name}': {name} need {size:,} bytes and fit none of {', '.join(candidates)} "
        f"({'; '.join(reasons)})" + (f"; the most for {layers}" if layers else ""),
        f"at most {max(most, 0):,} bytes of {name} would fit: use "
        f"{smaller.get(name, 'a smaller network')}, or another board",
    )


def _space_for(kind: str, space: _Space, board: _Board) -> int:
    """The most bytes of an object that a memory takes, given where it would be stored."""
    if kind not in STORED or kind == "kernels" or space.facts["kind"] != "ram":
        return space.free
    return min(space.free, max((board.spaces[s].free for s in board.storage), default=0))


def largest_internal_subset(
    memories: dict[str, Any],
    sizes: dict[str, int],
    overrides: dict[str, str],
    each: int,
    further: Further = NO_FURTHER,
) -> int:
    """The most test inputs of `each` bytes that need no memory outside the chip.

    0 when the board has no flash of its own for them, or something else needs an external memory.
    """
    external = {m["name"] for m in memories["memories"] if m["external"]}
    inside = [name for name in memories["placement"]["subset"] if name not in external]

    def fits(count: int) -> bool:
        asked = {**overrides, "subset": inside[0]}
        try:
            placed = place_objects(memories, {**sizes, "subset": count * each}, asked, further)
        except UserError:
            return False
        return not external & {p for o in placed.values() for p in (o["run"], o["load"])}

    low, high = 0, sizes["subset"] // each
    while inside and low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
