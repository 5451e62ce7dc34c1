"""Which layers are named as the largest."""

from __future__ import annotations

from typing import Any

from codegen.layer_sizes import largest


def layer(name: str, **sizes: int) -> dict[str, Any]:
    return {"name": name, **sizes}


def test_what_has_no_size_is_not_named() -> None:
    """A bundle's manifest says no constants of its layers."""
    assert largest({"layers": [layer("a"), layer("b")]}) == {}
    assert largest({}) == {}


def test_three_largest_in_order() -> None:
    layers = [
        layer(name, constants_bytes=size) for name, size in [("a", 5), ("b", 1), ("c", 7), ("d", 6)]
    ]
    assert largest({"layers": layers}) == {"weights": "'c' 7 of them, 'd' 6 of them, 'a' 5 of them"}


def test_activations_are_inputs_output_and_scratch_and_a_shared_input_counts_once() -> None:
    shared = {"from": ["layer", 0, 0], "shape": [3, 2]}
    edges = [
        {**shared, "to": ["layer", 1], "shape": [3, 2]},
        {**shared, "to": ["layer", 1]},
        {"from": ["layer", 1, 0], "to": ["output", 0], "shape": [9]},
    ]
    layers = [layer("a", output_size=6), layer("b", output_size=9, scratch_bytes=4)]
    told = largest({"layers": layers, "edges": edges})
    assert told == {"activations": "'b' 19 at once, 'a' 6 at once"}
