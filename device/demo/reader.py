"""The firmware that reads digits: one for all tabs, opened again when it went away."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from device.demo.pictures import Normalization, check_network, quantize, seen
from device.link.client import Client
from device.link.messages import Info
from device.link.transport import LinkError, Transport


class Reader:
    """Asks the firmware, one picture at a time, from any thread.

    Args:
        opening: opens the way to the target; called again after it was lost.
        normalization: of the network's input.
        check: refuses a target that is not the right one, by its `Info`.
    """

    def __init__(
        self,
        opening: Callable[[], Transport],
        normalization: Normalization,
        check: Callable[[Info], None],
    ) -> None:
        self._opening, self._normalization, self._check = opening, normalization, check
        self._lock = threading.Lock()
        self._client: Client | None = None

    def start(self) -> Info:
        """Open the way to the target and find out what it is.

        Raises:
            UserError: it cannot be opened, does not answer, or is not the right one.
        """
        with self._lock:
            return self._connected().info

    def read(self, grey: bytes) -> dict[str, Any]:
        """Let the firmware read a picture: 784 grey values, 255 ink.

        Returns:
            what the page shows: scores (real values), stored output bytes, the input as the
            network saw it (grey), cost.

        Raises:
            UserError: the target is lost, or could not be opened again.
        """
        with self._lock:
            client = self._connected()
            info = client.info
            picture, classes = info.inputs[0], info.outputs[0]
            stored = quantize(grey, picture, self._normalization)
            try:
                results = client.run(stored[np.newaxis])
            except LinkError:
                self._drop()
                raise
            outputs = results.outputs[0]
            scores = (outputs.astype(np.float64) - classes.zero_point) * classes.scale
            return {
                "scores": [round(float(score), 4) for score in scores],
                "stored": outputs.tolist(),
                "digit": int(outputs.argmax()),
                "seen": seen(stored, picture, self._normalization),
                "cost": _cost(
                    int(results.cycles[0]),
                    int(results.instructions[0]),
                    info.clock_hz,
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
                info = client.connect()
                check_network(info)
                self._check(info)
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
