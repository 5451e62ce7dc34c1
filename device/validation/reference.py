"""What the firmware should compute, as codegen wrote it down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from device.comparison import Int8Array, read_outputs
from support.described import CLASS_NAMES, TARGETS, UNITS, unpacked
from support.errors import UserError
from support.files import DAMAGED_ARRAYS, in_words, read_json

_LAYER = "layer_"


@dataclass(frozen=True)
class Reference:
    """A reference.npz.

    Attributes:
        inputs: int8 [N, input size].
        outputs: int8 [N, output size].
        labels: uint8 [N], or None for inputs without.
        layers: layer's index -> int8 [N, its output size].
        class_names: in the order of the labels; () where they have none.
        targets: float32 [N, output elements], the labels of a regression, or None.
        units: of its values; () where they have none.
    """

    inputs: Int8Array
    outputs: Int8Array
    labels: npt.NDArray[np.uint8] | None
    layers: Mapping[int, Int8Array] = field(default_factory=dict)
    class_names: tuple[str, ...] = ()
    targets: npt.NDArray[np.float32] | None = None
    units: tuple[str, ...] = ()


def read_reference(path: Path, count: int | None, *, layers: bool) -> Reference:
    """The first `count` inputs (None: all) of a reference.npz, with their layers when asked for.

    Raises:
        UserError: missing, damaged, or without what is asked for.
    """
    outputs = read_outputs(path)
    if count is not None and not 1 <= count <= len(outputs):
        raise UserError(
            f"{count} inputs asked for, {path} has {len(outputs)}", f"1 to {len(outputs)}"
        )
    try:
        with np.load(path, allow_pickle=False) as arrays:
            inputs: Int8Array = arrays["inputs"][:count]
            labels = arrays["labels"][:count] if "labels" in arrays else None
            names = [name for name in arrays.files if name.startswith(_LAYER)] if layers else []
            targets = arrays[TARGETS][:count] if TARGETS in arrays else None
            classes, units = (
                unpacked(arrays[key].tobytes()) if key in arrays else ()
                for key in (CLASS_NAMES, UNITS)
            )
            found = {int(name.removeprefix(_LAYER)): arrays[name][:count] for name in names}
    except DAMAGED_ARRAYS as error:
        raise UserError(
            f"{path}: not a reference.npz ({in_words(error)})", "build it again"
        ) from None
    if inputs.dtype != np.int8 or inputs.ndim != 2 or len(inputs) != len(outputs[:count]):
        raise UserError(f"{path}: its inputs are {inputs.dtype} {inputs.shape}", "build it again")
    if layers and not found:
        raise UserError(
            f"{path}: holds no layers",
            "make it again with fewer inputs: above 64 MiB they are left out",
        )
    if targets is not None and targets.shape != outputs[:count].shape:
        raise UserError(f"{path}: its targets are {targets.shape}", "build it again")
    return Reference(inputs, outputs[:count], labels, found, classes, targets, units)


@dataclass(frozen=True)
class Expected:
    """The build that the firmware should be of.

    Attributes:
        model: SHA-256 of the model's content, hex.
        build: SHA-256 of all that the firmware is linked from, hex; "" accepts any.
        layers: names of the computed layers, in order.
        kernels: what each of them is computed by.
    """

    model: str
    layers: tuple[str, ...]
    kernels: tuple[str, ...]
    build: str = ""


def read_expected(path: Path, build: Path | None) -> Expected:
    """What a network's manifest and `identity` say of the firmware.

    Raises:
        UserError: one is missing, or is not what it should be.
    """
    expected = read_manifest(path)
    if build is None:
        return expected
    content = read_json(build)
    try:
        return replace(expected, build=str(content["sha256"]))
    except (KeyError, TypeError):
        raise UserError(f"{build}: not a build's identity", "build it again") from None


def read_manifest(path: Path) -> Expected:
    """What a network's manifest says about its identity.

    Raises:
        UserError: missing or not a manifest.
    """
    content: Any = read_json(path)
    try:
        names = tuple(str(layer["name"]) for layer in content["layers"])
        kernels = tuple(str(layer.get("kernel", "")) for layer in content["layers"])
        return Expected(str(content["model_sha256"]), names, kernels)
    except (KeyError, TypeError):
        raise UserError(f"{path}: not a network's manifest", "build it again") from None
