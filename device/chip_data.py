"""The `[chip]` table of a board.toml: what the C code of a chip family must know of the board.

Rendered into `board_config.h`, so that a second board of a family needs no copied C. Keys are
checked for form here; what a family needs, its C code says with #error or _Static_assert.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from device.schema import Table
from support.errors import UserError

_PIN = re.compile(r"P([A-K])(\d{1,2})\Z")
_SIGNAL = re.compile(r"(P[A-K]\d{1,2}):(\d{1,2})\Z")
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_HIGHEST = 15


@dataclass(frozen=True)
class PinGroup:
    """Pins of one port with one alternate function; bit n of `mask` is pin n."""

    port: str
    function: int
    mask: int


@dataclass(frozen=True)
class Chip:
    """What is told to the C code of `firmware/chips/<family>/`.

    Attributes:
        family: name of that folder; "" when the board has code of its own only.
        constants: lower-case name -> number, BOARD_<NAME> in C.
        pins: user -> its pins, BOARD_PINS_<USER> in C.
        leds: meaning -> (port, pin), BOARD_LED_<MEANING> in C.
    """

    family: str = ""
    constants: dict[str, int] = field(default_factory=dict)
    pins: dict[str, list[PinGroup]] = field(default_factory=dict)
    leds: dict[str, tuple[str, int]] = field(default_factory=dict)


def read_chip(root: Table) -> Chip:
    """Read and check the table; a board without it gets an empty one.

    Raises:
        UserError: naming the key that is wrong.
    """
    table = root.table("chip", optional=True)
    if not list(table):
        return Chip()
    constants, pins, leds = (
        table.table(name, optional=True) for name in ("constants", "pins", "leds")
    )
    chip = Chip(
        table.name("family"),
        {name: constants.integer(name) for name in constants},
        {name: _groups(pins, name, pins.text(name).split()) for name in pins},
        {name: _led(leds, name) for name in leds},
    )
    for part in (constants, pins, leds, table):
        for key in part:
            if not _NAME.match(key):
                raise UserError(
                    f"{part.where}: '{key}' is no name", "use lower-case letters, digits and _"
                )
        part.finish()
    return chip


def _pin(table: Table, key: str, text: str) -> tuple[str, int]:
    match = _PIN.match(text)
    if not match or int(match[2]) > _HIGHEST:
        raise UserError(f"{table.where}: {key}: '{text}' is no pin", "PA0 to PK15")
    return match[1], int(match[2])


def _led(table: Table, key: str) -> tuple[str, int]:
    return _pin(table, key, table.text(key))


def _groups(table: Table, key: str, signals: Iterable[str]) -> list[PinGroup]:
    masks: dict[tuple[str, int], int] = {}
    for signal in signals:
        match = _SIGNAL.match(signal)
        if not match or int(match[2]) > _HIGHEST:
            raise UserError(
                f"{table.where}: {key}: '{signal}' is no pin with its function", "such as PB10:7"
            )
        port, number = _pin(table, key, match[1])
        if any(mask >> number & 1 for (other, _), mask in masks.items() if other == port):
            raise UserError(f"{table.where}: {key}: {match[1]} stands there twice")
        group = (port, int(match[2]))
        masks[group] = masks.get(group, 0) | 1 << number
    return [PinGroup(port, function, mask) for (port, function), mask in sorted(masks.items())]
