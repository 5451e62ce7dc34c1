"""The board's memories as ST's tool wants to hear of them: the file for --memory-pool."""

from __future__ import annotations

from typing import Any


def memory_pools(memories: dict[str, Any]) -> dict[str, Any]:
    """memories.json → the tool's memory pools: RAM where activations may go, best first.

    What the board keeps for its stack is not offered. The addresses only guide the tool: where
    the pools end up, the linker script decides.
    """
    by_name = {memory["name"]: memory for memory in memories["memories"]}
    stack = memories["placement"]["stack"][0]
    pools = []
    for name in memories["placement"]["activations"]:
        memory = by_name[name]
        if memory["kind"] != "ram":
            continue
        start = int(memory["origin"]) + int(memory.get("reserve_start") or 0)
        size = int(memory["length"]) - int(memory.get("reserve_start") or 0)
        if name == stack:
            size -= int(memories["budget"]["stack"])
        pools.append(
            {
                "name": name.upper(),
                "prop": _properties(memory),
                "size": _quantity(str(size)),
                "offset": _quantity(f"{start:#010x}"),
            }
        )
    return {"memory": {"mempools": pools}}


def _quantity(value: str) -> dict[str, str]:
    return {"value": value, "magnitude": "BYTES"}


def _properties(memory: dict[str, Any]) -> dict[str, str]:
    """In the words of ST's own pool files, which know HIGH, MID, LOW and UNDEF."""
    if memory.get("zero_wait"):
        return {"throughput": "HIGH", "latency": "LOW"}
    if memory.get("external"):
        return {"throughput": "LOW", "latency": "HIGH"}
    return {"throughput": "MID", "latency": "MID"}
