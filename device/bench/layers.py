"""What each layer of one of our networks costs: its own routine, told from the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def routines(manifest: Mapping[str, Any]) -> list[str]:
    """The symbol of each layer's own routine, as the generator tells it; empty without one."""
    return [layer.get("symbol") or "" for layer in manifest["layers"]]


def shared_loops(manifest: Mapping[str, Any]) -> str | None:
    """The symbol of what several layers' routines jump to, if there is such."""
    found: str | None = manifest.get("symbols", {}).get("shared_loops")
    return found


def layer_rows(
    manifest: Mapping[str, Any], functions: Mapping[str, int], inferences: int
) -> list[dict[str, Any]]:
    """Each layer with the mean instructions of its own routine; None where several share one.

    Args:
        functions: instructions by function over all inferences.
    """
    return [
        {
            "name": layer["name"],
            "kernel": layer["kernel"],
            "macs": layer["macs"],
            "bytes": layer["constants_bytes"],
            "instructions": functions[own] / inferences if own in functions else None,
        }
        for layer, own in zip(manifest["layers"], routines(manifest), strict=True)
    ]
