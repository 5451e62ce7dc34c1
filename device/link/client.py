"""The host's side of the protocol: requests with answers, retries, and an end to waiting."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from device.link import frames, messages
from device.link.frames import ANSWER, ErrorCode, Frame, FrameReader, Verb
from device.link.messages import Info, Int8Array, Layer, Report, Results
from device.link.packing import pack
from device.link.transport import LinkError, Transport

T = TypeVar("T")

_ATTEMPTS = 3
# A SYNC without answer is sent again this often: a target may still be starting.
_SYNC_EVERY = 1.0
_REFUSALS = {
    ErrorCode.VERB: "does not know the request",
    ErrorCode.BODY: "finds the request malformed",
    ErrorCode.NETWORK: "could not run the network",
}


class Client:
    """Asks one target; one request at a time.

    Args:
        transport: an open way to it; the client closes it.

    Attributes:
        retries: requests that had to be sent again.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.retries = 0
        self._reader = FrameReader()
        self._sequence = int.from_bytes(os.urandom(2), "little")
        self._info: Info | None = None

    def close(self) -> None:
        """Let go of the target."""
        self.transport.close()

    def connect(self, timeout: float = 15.0) -> Info:
        """Find the target and ask what it is.

        Args:
            timeout: seconds, for a target that is still starting.

        Raises:
            LinkError: nothing answers, or something else does.
        """
        self._sync(time.monotonic() + timeout)
        return self.info

    @property
    def info(self) -> Info:
        """What the target is; asked once."""
        if self._info is None:
            self._info = self._request(Verb.INFO, b"", messages.parse_info)
        return self._info

    def run(self, inputs: Int8Array) -> Results:
        """Run inputs, int8 [N, input size], as many at a time as the target takes.

        Raises:
            LinkError: the target does not answer, or refuses.
        """
        parts = [self.run_body(body) for body in messages.run_bodies(inputs, self.info)]
        return Results(
            np.concatenate([part.outputs for part in parts]),
            np.concatenate([part.cycles for part in parts]),
            np.concatenate([part.instructions for part in parts]),
        )

    def run_body(self, counted: tuple[int, bytes]) -> Results:
        """Send one of `messages.run_bodies`; as `run`."""
        count, body = counted
        size = self.info.output_size
        return self._request(
            Verb.RUN, body, lambda answer: messages.parse_results(answer, count, size)
        )

    def run_layers(self, image: Int8Array) -> tuple[list[Layer], Int8Array]:
        """Run one input, int8 [input size], and see what each layer computed.

        Returns:
            the layers that the firmware can show, and the outputs, int8 [output size].

        Raises:
            LinkError: the target does not answer, or refuses.
        """
        layers: list[Layer] = []
        body, size = pack(image.tobytes()), self.info.output_size

        def whole(answer: bytes) -> Int8Array:
            count, outputs = messages.parse_layers_end(answer, size)
            if count != len(layers):
                raise messages.BadBody(f"{len(layers)} of {count} LAYER frames arrived")
            return outputs

        outputs = self._request(Verb.RUN_LAYERS, body, whole, layers)
        return layers, outputs

    def report(self) -> Report:
        """What the firmware counted since it started."""
        return self._request(Verb.REPORT, b"", messages.parse_report)

    # --- requests ---------------------------------------------------------------------------------
    def _request(
        self,
        verb: Verb,
        body: bytes,
        parse: Callable[[bytes], T],
        layers: list[Layer] | None = None,
    ) -> T:
        """Send a request until its answer arrives: lost frames are asked for again."""
        problem = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self.retries += 1
                self._sync(time.monotonic() + self.transport.patience)
            if layers is not None:
                layers.clear()
            try:
                answer = self._exchange(verb, body, layers)
                if answer is not None:
                    return parse(answer.body)
                problem = f"no answer within {self.transport.patience:g} s"
            except messages.BadBody as bad:
                problem = str(bad)
        raise LinkError(
            f"{self.transport.name}: {verb.name} failed {_ATTEMPTS} times: {problem}{self._said()}"
        )

    def _exchange(self, verb: Verb, body: bytes, layers: list[Layer] | None) -> Frame | None:
        """One attempt: the answer, or None when it does not come."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.transport.send(frames.encode(Frame(verb, self._sequence, body)))
        end = time.monotonic() + self.transport.patience
        while (frame := self._next(end)) is not None:
            if frame.sequence != self._sequence:
                continue  # a late answer to what was given up: no reason to wait longer
            if frame.verb == Verb.LAYER and layers is not None:
                if len(layers) == self.info.nodes:
                    raise messages.BadBody(f"more than {len(layers)} LAYER frames arrived")
                layers.append(messages.parse_layer(frame.body))
                end = time.monotonic() + self.transport.patience
            elif frame.verb == verb | ANSWER:
                return frame
            elif frame.verb == Verb.ERROR:
                raise self._refused(frame, verb)
        return None

    def _sync(self, end: float) -> None:
        """Make sure that the target listens and that what arrives next was asked for now."""
        nonce = os.urandom(8)
        while (left := end - time.monotonic()) > 0:
            self._sequence = (self._sequence + 1) & 0xFFFF
            self.transport.send(frames.encode(Frame(Verb.SYNC, self._sequence, nonce)))
            again = time.monotonic() + min(left, _SYNC_EVERY)
            while (frame := self._next(again)) is not None:
                if frame.verb == Verb.SYNC | ANSWER and frame.body == nonce:
                    return
                if frame.verb == Verb.ERROR and frame.version != frames.VERSION:
                    raise self._refused(frame, Verb.SYNC)
        raise self._silent()

    def _next(self, end: float) -> Frame | None:
        """The next frame, or None when `end` passes without one."""
        while not self._reader.frames:
            left = end - time.monotonic()
            if left <= 0:
                return None
            try:
                self._reader.feed(self.transport.receive(left))
            except LinkError as error:
                raise LinkError(error.message + self._said(), error.remedy) from None
        return self._reader.frames.popleft()

    # --- what went wrong --------------------------------------------------------------------------
    def _said(self) -> str:
        text = self._reader.text()
        return f"\nit said: {text[-800:]}" if text else ""

    def _silent(self) -> LinkError:
        name, text = self.transport.name, self._reader.text()
        remedy = "is it powered, and the right port? flash it with app=validate"
        if self._info is not None:
            return LinkError(f"{name} stopped answering{self._said()}", "reset it and try again")
        if text:
            return LinkError(
                f"{name} runs another firmware: it answers no request but says: {text[-800:]}",
                "flash the one built with app=validate",
            )
        if self._reader.broken:
            return LinkError(f"{name} sends bytes that are no frames: another baud rate?", remedy)
        return LinkError(f"{name} does not answer", remedy)

    def _refused(self, frame: Frame, verb: Verb) -> LinkError:
        code = frame.body[0] if frame.body else 0
        if code == ErrorCode.VERSION:
            return LinkError(
                f"{self.transport.name}: the firmware speaks protocol {frame.version}, "
                f"this program {frames.VERSION}",
                "build and flash it again with app=validate",
            )
        known = {int(key): text for key, text in _REFUSALS.items()}
        text = known.get(code, f"refuses it (error {code})")
        return LinkError(f"{self.transport.name}: the firmware {text} ({verb.name}){self._said()}")
