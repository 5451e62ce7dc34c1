"""Numbers between a person and a network: what a page sends and shows."""

from __future__ import annotations

import numpy as np
import pytest

from device.demo.gives import gives
from device.demo.takes import Scaled
from device.link.messages import Info, Port
from device.validation.reference import Reference


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
    info = Info(2048, 16, 0, 2, ports, ports, "host", "n", "", "", "", "")
    empty = np.zeros((1, 3), np.int8)
    targets = np.zeros((1, 3), np.float32)
    reference = Reference(empty, empty, None, targets=targets, units=units)
    assert gives(info, reference).names == shown
