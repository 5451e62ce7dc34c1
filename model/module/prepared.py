"""The data of a network module: what its `data()` and `preprocess()` give, as arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from model.module import returned
from model.module.load import NetworkModule
from model.module.parts import Part, Parts
from model.module.users_code import running
from model.sources.read import read
from support.errors import UserError


def parts_of(module: NetworkModule, given: Path | None, seed: int) -> Parts:
    """The module's data, preprocessed.

    Args:
        given: a file or folder to read instead of calling `data()`.

    Raises:
        UserError: `data()` is missing, raises, or returns what cannot be trained on.
    """
    if given is not None:
        with running(given, "reading the data"):
            found = returned.of(read(given), str(given), seed)
    else:
        make = module.needed("data")
        place = module.place("data")
        with running(module.path, "data()", place):
            made = make()
        with running(module.path, "what data() returns", place):
            found = returned.of(made, place, seed)
    preprocess = module.function("preprocess")
    if preprocess is None:
        return found
    changed = [_preprocessed(module, preprocess, part) for part in (found.train, found.validation)]
    test = _preprocessed(module, preprocess, found.test)
    # What it does to an input is known to nobody else: firmware is given what it returns.
    return replace(found, train=changed[0], validation=changed[1], test=test, normalization=())


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
