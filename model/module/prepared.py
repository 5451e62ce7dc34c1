"""The data of a network module: what its `data()` and `preprocess()` give, as arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from model.module import returned
from model.module.asked import asks_for
from model.module.load import NetworkModule
from model.module.parts import Part, Parts
from model.module.users_code import running
from model.sources.read import Source
from support.errors import UserError


def parts_of(module: NetworkModule, source: Source | None, seed: int) -> Parts:
    """The module's data, preprocessed.

    Args:
        source: what is read instead of calling `data()`, or for a `data(given)` to change.

    Raises:
        UserError: `data()` is missing, raises, or returns what cannot be trained on.
    """
    own = module.function("data")
    if source is not None and (own is None or not asks_for(own, "given")):
        with running(source.path, "reading the data"):
            found = returned.of(source.read(), str(source.path), seed)
    else:
        found = _from_data(module, source, seed)
    preprocess = module.function("preprocess")
    if preprocess is None:
        return found
    # What it does to an input is known to nobody else: firmware is given what it returns.
    return replace(
        found,
        train=_preprocessed(module, preprocess, found.train),
        validation=_preprocessed(module, preprocess, found.validation),
        calibration=found.calibration and _preprocessed(module, preprocess, found.calibration),
        test=_preprocessed(module, preprocess, found.test),
        normalization=(),
    )


def _from_data(module: NetworkModule, source: Source | None, seed: int) -> Parts:
    """What the module's `data()` returns."""
    make, place = module.needed("data"), module.place("data")
    offered: dict[str, Any] = {"seed": seed}
    if asks_for(make, "given"):
        if source is None:
            raise UserError(
                f"{place}: data() takes what is given, and nothing is",
                'name it: DATA = "readings.csv" (the command by itself: --data)',
            )
        with running(source.path, "reading the data"):
            offered["given"] = source.read()
    more = module.asked(make, offered)
    with running(module.path, "data()", place):
        made = make(**more)
    with running(module.path, "what data() returns", place):
        return returned.of(made, place, seed)


def _preprocessed(module: NetworkModule, preprocess: Callable[..., Any], part: Part) -> Part:
    """A part after the module's `preprocess(inputs)`, which takes and gives tensors [N, …]."""
    with running(module.path, "preprocess()", module.place("preprocess")):
        given = preprocess(*map(torch.from_numpy, part.inputs))
        rows = given if isinstance(given, tuple) else (given,)
        inputs = tuple(np.asarray(row, dtype=np.float32) for row in rows)
    for values in inputs:
        if values.ndim < 2 or len(values) != len(part) or not np.isfinite(values).all():
            raise UserError(
                f"{module.place('preprocess')}: preprocess() gives shape {list(values.shape)} for"
                f" {len(part)} inputs, or values that are not finite",
                "return as many inputs as it was given, all of them finite",
            )
    return Part(inputs, part.labels)
