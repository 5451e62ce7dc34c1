"""From a grey picture to the bytes that the network takes, and back to see what it saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from device.comparison import Int8Array
from device.link.messages import Info, Port
from support.errors import UserError
from support.files import read_json

SIDE = 28
BYTES = SIDE * SIDE


@dataclass(frozen=True)
class Normalization:
    """What training did to a pixel of 0..1: (pixel - mean) / std."""

    mean: float
    std: float


def read_normalization(path: str) -> Normalization:
    """The normalization that training.json tells.

    Raises:
        UserError: missing, or without it.
    """
    content = read_json(path)
    try:
        found = content["recipe"]["normalization"]
        return Normalization(float(found["mean"]), float(found["std"]))
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{path}: tells no normalization", "build it again") from None


def parse_normalization(text: str) -> Normalization:
    """`MEAN,STD`.

    Raises:
        UserError: something else, or a deviation that is not positive.
    """
    try:
        mean, std = (float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"'{text}' is not MEAN,STD", "for example 0.5,0.5") from None
    if not (np.isfinite([mean, std]).all() and std > 0):
        raise UserError(f"'{text}': the deviation must be positive", "for example 0.5,0.5")
    return Normalization(mean, std)


def check_network(info: Info) -> None:
    """Refuse a network that is not one picture of 28 x 28 in and one row of int8 scores out.

    Raises:
        UserError: it does not.
    """
    shown = f"the demo draws pictures of {SIDE} x {SIDE}"
    if len(info.inputs) > 1 or info.input_size != BYTES or info.inputs[0].type != "int8":
        raise UserError(
            f"{shown}, the network '{info.network}' takes {_text(info.inputs)}",
            "use a network for MNIST, or see this one's outputs with scons validate",
        )
    if len(info.outputs) > 1 or info.outputs[0].type != "int8":
        raise UserError(
            f"{shown} and shows one row of int8 scores, "
            f"the network '{info.network}' gives {_text(info.outputs)}",
            "use a network for MNIST, or see this one's outputs with scons validate",
        )


def _text(ports: Sequence[Port]) -> str:
    """The ends in words: `10 bytes of int8 and 9 bytes of int8`."""
    return " and ".join(f"{port.bytes} bytes of {port.type}" for port in ports)


def quantize(grey: bytes, port: Port, normalization: Normalization) -> Int8Array:
    """784 grey values, 255 ink, to int8 [784] as the test set was quantized.

    ONNX operator specification, QuantizeLinear: saturate(rint(x / scale) + zero_point).
    """
    pixels = np.frombuffer(grey, np.uint8).astype(np.float32) / np.float32(255)
    real = (pixels - np.float32(normalization.mean)) / np.float32(normalization.std)
    stored = np.rint(real / np.float32(port.scale)) + port.zero_point
    bounded: Int8Array = np.clip(stored, -128, 127).astype(np.int8)
    return bounded


def seen(stored: Int8Array, port: Port, normalization: Normalization) -> list[int]:
    """What the stored input means as grey values again: 784 of 0..255."""
    real = (stored.astype(np.float64) - port.zero_point) * port.scale
    pixels: npt.NDArray[np.float64] = real * normalization.std + normalization.mean
    grey: list[int] = np.rint(np.clip(pixels, 0, 1) * 255).astype(int).tolist()
    return grey
