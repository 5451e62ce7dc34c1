"""What `data()` returns, as parts: training, validation and test part, each value looked at."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from model.module import normalization
from model.module.part_arrays import part_of
from model.module.part_labels import check_alike, with_classes
from model.module.parts import Part, Parts
from model.module.refusal import Refusal
from support.normalization import Step

NAMES = ("train", "validation", "calibration", "test")
ABOUT = ("classes", "units", "input_names", "columns", "mean", "std", "normalize")
INPUT = "input"
"""Name of a network's only input, where `data()` has no `input_names`."""

_RETURN = 'return {"train": (inputs, labels), "validation": (…), "test": (…)}'


def of(returned: object, place: str, seed: int) -> Parts:
    """Check and convert what `data()` returned.

    Args:
        returned: a dictionary with "train" and "test", "validation" if there is one (else a tenth
            of "train" is drawn), "calibration" if some are to set the ranges of quantization, each
            a pair (inputs, labels) of arrays or tensors, or a Dataset; and what is known of
            "classes", "units", "input_names"; "mean" and "std", which bring the inputs to the
            numbers that the network learns on, or "normalize": True, which measures both on the
            training part.
        place: `file:line` of `data`, for messages.
        seed: of the draw.

    Raises:
        UserError: anything that cannot be trained on.
    """
    refuse = Refusal(place)
    if not isinstance(returned, Mapping):
        raise refuse(f"data() returns a {type(returned).__name__}, not a dictionary", _RETURN)
    for key in returned:
        if key not in (*NAMES, *ABOUT):
            near = difflib.get_close_matches(str(key), (*NAMES, *ABOUT), n=1)
            known = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(NAMES + ABOUT)}"
            raise refuse(f"data() returns an unknown part '{key}'", known)
    for name in ("train", "test"):
        if returned.get(name) is None:
            raise refuse(f"data() returns no '{name}' part", _RETURN)
    found = {
        name: part_of(returned[name], name, refuse)
        for name in NAMES
        if returned.get(name) is not None
    }
    check_alike(found, refuse)
    found, classes = with_classes(found, _names(returned, "classes", refuse), refuse)
    if "validation" not in found:
        found["train"], found["validation"] = _drawn(found["train"], seed, refuse)
    inputs = len(found["train"].inputs)
    names = _names(returned, "input_names", refuse) or (
        (INPUT,) if inputs == 1 else tuple(f"{INPUT}_{index}" for index in range(inputs))
    )
    if len(names) != inputs or len({*names}) != inputs:
        raise refuse(f"{len(names)} input_names for {inputs} inputs", "name each, each differently")
    units = _names(returned, "units", refuse)
    train = found["train"]
    steps = normalization.chosen(returned, train.inputs, train.images, refuse)
    found = {name: _normalized(part, name, steps, refuse) for name, part in found.items()}
    return Parts(
        found["train"],
        found["validation"],
        found["test"],
        classes,
        units,
        names,
        steps,
        _names(returned, "columns", refuse),
        found.get("calibration"),
    )


def _normalized(
    part: Part, name: str, steps: tuple[tuple[Step, ...], ...], refuse: Refusal
) -> Part:
    """A part as the network learns on it.

    Raises:
        UserError: float32 does not hold it.
    """
    inputs = tuple(
        normalization.apply(each, values) for each, values in zip(steps, part.inputs, strict=True)
    )
    if not all(np.isfinite(values).all() for values in inputs):
        raise refuse(
            f"inputs of '{name}' are beyond float32's range after the normalization",
            "look at 'mean', 'std' and at the data",
        )
    return replace(part, inputs=inputs)


def _names(returned: Mapping[Any, Any], key: str, refuse: Refusal) -> tuple[str, ...]:
    """A list of names, or a single one."""
    value = returned.get(key)
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Sequence) or not all(isinstance(name, str) for name in value):
        raise refuse(f"'{key}' of data() is no list of names", f'"{key}": ["…", "…"]')
    return tuple(value)


def _drawn(train: Part, seed: int, refuse: Refusal) -> tuple[Part, Part]:
    """A tenth of the training part validates instead; a function of the seed alone."""
    order = np.random.default_rng(seed).permutation(len(train))
    size = max(1, len(train) // 10)
    rest = train.chosen(np.sort(order[size:]))
    if not len(rest) or (rest.labels.dtype.kind == "i" and {*train.labels} != {*rest.labels}):
        raise refuse(
            f"'train' has too few inputs ({len(train)}) to draw 'validation' from",
            "give more, or a 'validation' part",
        )
    return rest, train.chosen(np.sort(order[:size]))
