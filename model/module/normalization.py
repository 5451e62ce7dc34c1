"""From numbers as `data()` returns them to what the network learns on, step by step in float32.

The same steps go into the firmware (support/normalization.py), so nothing else may change an input
on its way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from support.errors import UserError
from support.normalization import BYTES as BYTE_DIVISOR
from support.normalization import FUNCTIONS, Step

Float32Array = npt.NDArray[np.float32]
Numbers = Sequence[float] | npt.NDArray[Any]
Refuse = Callable[[str, str], UserError]

BYTES = Step("Div", (BYTE_DIVISOR,))
"""Of uint8: images, 0 to 255 becomes 0 to 1."""


def apply(steps: Sequence[Step], values: Float32Array) -> Float32Array:
    """float32 [N, channels, …] after all steps."""
    for step in steps:
        shape = (1, -1, *[1] * (values.ndim - 2)) if len(step.constants) > 1 else (1,) * values.ndim
        constant = np.array(step.constants, np.float32).reshape(shape)
        with np.errstate(all="ignore"):
            values = FUNCTIONS[step.function](values, constant)
    return values


def measured(values: Float32Array) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each channel of [N, channels, …]; one that never changes has 1."""
    real = values.astype(np.float64)
    axes = tuple(axis for axis in range(real.ndim) if axis != 1)
    mean, std = real.mean(axis=axes), real.std(axis=axes).astype(np.float32)
    return _numbers(mean), _numbers(np.where(std > 0, std, 1))


def steps_of(mean: Numbers, std: Numbers) -> tuple[Step, ...]:
    """Less the mean, divided by the deviation."""
    return Step("Sub", _numbers(mean)), Step("Div", _numbers(std))


def chosen(
    returned: Mapping[Any, Any],
    inputs: Sequence[Float32Array],
    images: Sequence[bool],
    refuse: Refuse,
) -> tuple[tuple[Step, ...], ...]:
    """The steps of each input, by what `data()` returned beside its parts.

    Args:
        returned: "mean" and "std", stated; or "normalize": True, and both are measured.
        inputs: of the training part, as the data has them.
        images: whether each was uint8.

    Raises:
        UserError: figures that fit no input, or something else than True and False.
    """
    measure = returned.get("normalize")
    if measure is not None and not isinstance(measure, bool | np.bool_):
        raise refuse(
            f"'normalize' of data() is {measure!r}, neither True nor False", '"normalize": True'
        )
    before = [(BYTES,) if image else () for image in images]
    stated = [returned.get(key) for key in ("mean", "std")]
    if stated == [None, None]:
        if not measure:
            return tuple(before)
        return tuple(
            (*first, *steps_of(*measured(apply(first, values))))
            for first, values in zip(before, inputs, strict=True)
        )
    if measure:
        raise refuse(
            "data() returns 'mean' or 'std' beside \"normalize\": True, which measures both",
            "leave out one or the other; sources.csv(…, normalize=False) measures nothing",
        )
    if len(inputs) > 1 or any(each is None for each in stated):
        raise refuse(
            "data() returns 'mean' or 'std' without the other, or for several inputs",
            'give both, for a network of one input; or "normalize": True',
        )
    try:
        with np.errstate(over="ignore"):
            mean, std = (np.ravel(np.asarray(each, np.float32)) for each in stated)
    except (ValueError, TypeError, OverflowError):
        raise refuse(
            "'mean' or 'std' of data() is no list of numbers", '"mean": [0.5, …], "std": [0.2, …]'
        ) from None
    channels = inputs[0].shape[1]
    fits = {len(mean), len(std)} <= {1, channels}
    if not fits or not np.isfinite([*mean, *std]).all() or not (std > 0).all():
        raise refuse(
            f"'mean' and 'std' of data() hold {len(mean)} and {len(std)} numbers for"
            f" {channels} channels, or what is not finite, or a 'std' that is not above 0",
            "give one of each, or one for each channel (axis 1 of the inputs)",
        )
    return (before[0] + steps_of(mean, std),)


def _numbers(values: Numbers) -> tuple[float, ...]:
    """As float32 has them."""
    return tuple(float(v) for v in np.ravel(np.asarray(values)).astype(np.float32))
