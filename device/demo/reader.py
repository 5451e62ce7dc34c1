"""The firmware that answers: one for all tabs, opened again when it went away."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from device.demo.network import Network
from device.link.client import Client
from device.link.messages import Info
from device.link.transport import LinkError, Transport


class Reader:
    """Asks the firmware, one input at a time, from any thread.

    Args:
        opening: opens the way to the target; called again after it was lost.
        describe: tells what the network takes and gives by the firmware's `Info`; refuses a target
            that is not the right one.
    """

    def __init__(
        self, opening: Callable[[], Transport], describe: Callable[[Info], Network]
    ) -> None:
        self._opening, self._describe = opening, describe
        self._lock = threading.Lock()
        self._client: Client | None = None

    def start(self) -> tuple[Info, Network]:
        """Open the way to the target and find out what it is.

        Raises:
            UserError: it cannot be opened, does not answer, or is not the right one.
        """
        with self._lock:
            info = self._connected().info
            return info, self._describe(info)

    def read(self, network: Network, kind: int, payload: bytes) -> dict[str, Any]:
        """Let the firmware run an input.

        Args:
            kind, payload: a question of the page, of a size that the network takes.

        Returns:
            what the page shows: `Network.answer`, and the cost.

        Raises:
            UserError: the target is lost, or could not be opened again.
        """
        question = network.question(kind, payload)
        with self._lock:
            client = self._connected()
            try:
                results = client.run(question.stored[np.newaxis])
            except LinkError:
                self._drop()
                raise
            return {
                **network.answer(question, results.outputs[0]),
                "cost": _cost(
                    int(results.cycles[0]),
                    int(results.instructions[0]),
                    client.info.clock_hz,
                    emulated=client.transport.emulated,
                ),
            }

    def close(self) -> None:
        """Let go of the target."""
        with self._lock:
            self._drop()

    def _connected(self) -> Client:
        if self._client is None:
            client = Client(self._opening())
            try:
                self._describe(client.connect())
            except BaseException:
                client.close()
                raise
            self._client = client
        return self._client

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()


def _cost(cycles: int, instructions: int, clock_hz: int, *, emulated: bool) -> str:
    """The cost in words: cycles of a processor, instructions of an emulator, or nothing."""
    if emulated:
        count = instructions or cycles
        return f"{count:,} instructions, emulated" if count else "not measured"
    if not cycles:
        return "not measured"
    time = f", {cycles * 1e6 / clock_hz:,.1f} µs at {clock_hz / 1e6:g} MHz" if clock_hz else ""
    return f"{cycles:,} cycles{time}"
