"""FPB: eight hardware breakpoints. ARMv7-M ARM C1.11, version 2 of the unit (Cortex-M7)."""

from __future__ import annotations

import unicorn as uc

FP_BASE = 0xE0002000
_COUNT = 8
_CONTROL = 1 << 28 | _COUNT << 4  # REV 1: a comparator holds the whole address
_ENABLE, _KEY = 1, 2
_FIRST = 8


class Breakpoints:
    """The unit's registers, and the places in the engine where they stop the core.

    Args:
        engine: the Unicorn instance.
    """

    def __init__(self, engine: uc.Uc) -> None:
        self._engine = engine
        self._control = _CONTROL
        self._places = [0] * _COUNT
        self._hooks: list[int] = []
        self._hit = False

    def hit(self) -> bool:
        """Whether the last stop was one of them; asking forgets it."""
        hit, self._hit = self._hit, False
        return hit

    def read(self, offset: int) -> int:
        """A register."""
        if offset == 0:
            return self._control
        index = (offset - _FIRST) // 4
        return self._places[index] if 0 <= index < _COUNT else 0

    def write(self, offset: int, value: int) -> None:
        """Change a register."""
        index = (offset - _FIRST) // 4
        if offset == 0:
            if value & _KEY:
                self._control = _CONTROL | value & _ENABLE
        elif 0 <= index < _COUNT:
            self._places[index] = value
        self._set_hooks()

    def _set_hooks(self) -> None:
        for hook in self._hooks:
            self._engine.hook_del(hook)
        self._hooks.clear()
        if self._control & _ENABLE:
            for place in self._places:
                if place & _ENABLE:
                    address = place & ~1
                    hook = self._engine.hook_add(
                        uc.UC_HOOK_CODE, self._on_place, None, address, address
                    )
                    self._hooks.append(hook)
        self._engine.ctl_flush_tb()

    def _on_place(self, engine: uc.Uc, address: int, size: int, _: object) -> None:
        del address, size
        self._hit = True
        engine.emu_stop()
