"""Which layers of a network take the most memory, from its manifest: for who must make it fit."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

SHOWN = 3


def largest(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Object → its largest layers in a few words; empty for a manifest that has no layers.

    Weights of a layer are its constants. Activations are what it needs at once: what it reads, what
    it writes and its scratch.
    """
    layers = manifest.get("layers") or ()
    constants = [int(layer.get("constants_bytes", 0)) for layer in layers]
    at_once = [
        int(layer.get("output_size", 0)) + int(layer.get("scratch_bytes", 0)) for layer in layers
    ]
    # A tensor that two inputs of one layer share is there once.
    read = {
        (*edge["from"], edge["to"][1]): prod(edge["shape"])
        for edge in manifest.get("edges", ())
        if edge["to"][0] == "layer"
    }
    for (*_, layer), size in read.items():
        at_once[layer] += size
    names = [str(layer.get("name", "")) for layer in layers]
    found = {
        "weights": _told(names, constants, "of them"),
        "activations": _told(names, at_once, "at once"),
    }
    return {name: text for name, text in found.items() if text}


def _told(names: list[str], sizes: list[int], how: str) -> str:
    most = sorted(zip(sizes, names, strict=True), key=lambda pair: -pair[0])[:SHOWN]
    return ", ".join(f"'{name}' {size:,} {how}" for size, name in most if size)
