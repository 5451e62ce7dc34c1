"""Ways to a target: bytes in, bytes out, and never for ever."""

from __future__ import annotations

from typing import Protocol

from support.errors import UserError


class LinkError(UserError):
    """The way to the target is gone, or what is at its end does not answer as it should."""


class Transport(Protocol):
    """A stream of bytes to a target and back.

    Attributes:
        name: what people call it: a port, an emulator.
        emulated: whether the target is emulated, so that its "cycles" are none.
        patience: seconds after which an answer, or the next part of one, is not to be expected.
    """

    name: str
    emulated: bool
    patience: float

    def send(self, data: bytes) -> None:
        """Send all of `data`, at the latest with the next calls of `receive`.

        Raises:
            LinkError: the way is gone.
        """

    def receive(self, timeout: float) -> bytes:
        """What arrived, at least one byte; b"" when nothing did within `timeout` seconds.

        Raises:
            LinkError: the way is gone.
        """

    def close(self) -> None:
        """Let go of the target; an emulated one ends."""
