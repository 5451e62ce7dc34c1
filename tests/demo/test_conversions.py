"""Numbers between a person and a network: what a page sends and shows."""

from __future__ import annotations

import numpy as np
import pytest

from device.demo.gives import gives
from device.demo.takes import Picture, Scaled, Table, takes
from device.demo.training import Training
from device.link.messages import Info, Port
from device.validation.reference import Reference


def info_of(*ports: Port) -> Info:
    """A network with the same ends on both sides."""
    return Info(2048, 16, 0, 2, ports, ports, "host", "n", "", "", "", "")


def test_what_is_beyond_a_byte_is_its_end() -> None:
    scaled = Scaled(Port(4, "int8", 0.5, 0), np.zeros(1), np.ones(1))
    given = np.array([-1000, -64.5, 63.5, 1000], np.float32)
    assert scaled.stored(given).tolist() == [-128, -128, 127, 127]


@pytest.mark.parametrize(
    ("units", "shown"),
    [
        ((), ("", "", "")),
        (("mm",), ("mm", "mm", "mm")),
        (("mm", "s"), ("mm", "s", "")),
        (("mm", "s", "V"), ("mm", "s", "V")),
    ],
)
def test_one_unit_is_of_all_values(units: tuple[str, ...], shown: tuple[str, ...]) -> None:
    ports = (Port(3, "int8", 0.5, 0),)
    info = info_of(*ports)
    empty = np.zeros((1, 3), np.int8)
    targets = np.zeros((1, 3), np.float32)
    reference = Reference(empty, empty, None, targets=targets, units=units)
    assert gives(info, reference).names == shown


@pytest.mark.parametrize(
    ("mean", "std", "white"),
    [
        ((120.0, 110.0, 100.0), (60.0, 50.0, 40.0), 255.0),  # floats or counts of 0 to 255
        ((0.45, 0.5, 0.4), (0.22, 0.2, 0.25), 1.0),  # bytes, divided by 255
        ((0.0,), (1.0,), 1.0),
    ],
)
def test_pixels_are_in_the_numbers_of_the_data(
    mean: tuple[float, ...], std: tuple[float, ...], white: float
) -> None:
    """A network that normalized numbers of 0 to 255 is given such, not 0 to 1."""
    width = white / min(std)
    port = Port(24, "int8", width / 255, -20)
    ends = [{"shape": [1, 3, 4, 2], "layout": "channels last"}]
    found = takes(info_of(port), ends, Training(mean, std), classes=True)
    assert isinstance(found, Picture)
    pixels = np.random.default_rng(1).integers(0, 256, (4, 2, 3)).astype(np.uint8)
    data = pixels.astype(np.float32) / np.float32(255 / white)
    normalized = (data - np.array(mean, np.float32)) / np.array(std, np.float32)
    expected = np.clip(np.rint(normalized / port.scale) + port.zero_point, -128, 127)
    stored = found.stored(pixels.tobytes())
    np.testing.assert_allclose(stored.reshape(4, 2, 3), expected, atol=1)


def test_what_is_no_number_counts_as_the_firmware_has_it() -> None:
    """As 0 behind the normalization, where infinities are the ends."""
    port = Port(4, "int8", 0.02, 7)
    ends = [{"shape": [1, 4]}]
    found = takes(info_of(port), ends, Training((900.0,), (20.0,), tuple("abcd")), classes=False)
    assert isinstance(found, Table)
    given = np.array([np.nan, np.inf, -np.inf, 902], "<f4")
    assert found.stored(given.tobytes()).tolist() == [7, 127, -128, 7 + 5]
