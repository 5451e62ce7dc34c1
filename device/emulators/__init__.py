"""Emulators, one per file, chosen by the board's `emulator` key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import cast

from device.emulators.base import Emulator, SimOptions, SimResult
from device.schema import close_match
from support.errors import UserError

__all__ = ["Emulator", "SimOptions", "SimResult", "emulator", "refuse_unknown"]

# Values of `emulator` in board.toml -> module. Imported when used: one needs unicorn, one QEMU.
_MODULES = {
    "qemu-mps2-an500": ".qemu",
    "qemu-netduinoplus2": ".qemu",
    "host": ".host",
    "h750": ".h750",
}


def emulator(name: str) -> Emulator:
    """The emulator module of that name.

    Raises:
        UserError: no such emulator, or the board has none ("").
    """
    if not name:
        raise UserError(
            "this board has no emulator",
            "run its firmware on the board (`flash`, then `monitor`), or choose board=mps2_an500",
        )
    if name not in _MODULES:
        raise UserError(f"no emulator '{name}'", close_match(name, _MODULES))
    return cast(Emulator, import_module(_MODULES[name], __name__))


def refuse_unknown(settings: Mapping[str, str], known: Iterable[str]) -> None:
    """Raise `UserError` for a `--set` key that the emulator does not know."""
    keys = list(known)
    for key in settings:
        if key not in keys:
            remedy = close_match(key, keys) if keys else "this emulator has no settings"
            raise UserError(f"unknown emulator setting '{key}'", remedy)
