"""Firmware that answers, on this computer with sanitizers and in QEMU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from device.link import frames
from device.link.client import Client
from device.link.frames import ANSWER, ErrorCode, Frame, Verb
from device.link.messages import Port
from device.link.packing import pack
from device.link.transport import LinkError
from tests.protocol.toys import INPUTS, OUTPUTS, POISON, toy_inputs, toy_layers, toy_outputs


def exchange(client: Client, *sent: bytes, answers: int) -> list[Frame]:
    """Send raw bytes and return the next frames; 10 s are enough for any of them."""
    for piece in sent:
        client.transport.send(piece)
    found: list[Frame] = []
    while len(found) < answers:
        data = client.transport.receive(10.0)
        assert data, f"only {len(found)} of {answers} answers"
        client._reader.feed(data)
        found += client._reader.frames
        client._reader.frames.clear()
    return found


def request(
    verb: int, body: bytes = b"", sequence: int = 7, version: int = frames.VERSION
) -> bytes:
    return frames.encode(Frame(verb, sequence, body, version))


def test_tells_what_it_is(client: Client) -> None:
    info = client.connect()
    assert (info.network, info.model, info.origin, info.generator, info.build) == (
        "toy",
        "70ffee",
        "toy.c",
        "hand",
        "b111d",
    )
    assert info.board in ("host", "mps2_an500")
    assert info.inputs == (Port(INPUTS - 8, "int8", 0.5, -3), Port(8, "float32", 0.0, 0))
    assert info.outputs == (Port(OUTPUTS, "int8", 0.25, 4),)
    assert (info.input_size, info.output_size) == (INPUTS, OUTPUTS)
    assert (info.nodes, info.max_body >= 2048, info.clock_hz) == (2, True, 0)


def test_runs_inputs_in_order(client: Client) -> None:
    client.connect()
    inputs = toy_inputs(100)
    results = client.run(inputs)
    np.testing.assert_array_equal(results.outputs, toy_outputs(inputs))
    # The host tells no cost; QEMU the instructions, the same ones for the same path.
    if client.info.board == "host":
        assert not results.instructions.any()
    else:
        assert int(np.ptp(results.instructions)) <= 2 and results.instructions.min() > INPUTS
    assert not results.cycles.any()
    report = client.report()
    assert (report.broken, report.refused, report.inferences) == (0, 0, 100)
    assert client.retries == 0


def test_shows_every_layer_and_then_none_again(client: Client) -> None:
    client.connect()
    inputs = toy_inputs(3)
    expected = toy_layers(inputs)
    for row, image in enumerate(inputs):
        layers, outputs = client.run_layers(image)
        assert [layer.index for layer in layers] == [0, 1]
        for layer in layers:
            np.testing.assert_array_equal(layer.output, expected[layer.index][row])
        np.testing.assert_array_equal(outputs, expected[1][row])
    body = b"\x01" + pack(inputs[0].tobytes())
    answers = exchange(client, request(Verb.RUN, body), request(Verb.REPORT), answers=2)
    assert [frame.verb for frame in answers] == [Verb.RUN | ANSWER, Verb.REPORT | ANSWER]


@pytest.mark.parametrize(
    ("verb", "body", "code"),
    [
        (Verb.SYNC, bytes(17), ErrorCode.BODY),
        (Verb.INFO, b"?", ErrorCode.BODY),
        (Verb.REPORT, b"?", ErrorCode.BODY),
        (Verb.RUN, b"", ErrorCode.BODY),
        (Verb.RUN, b"\x00", ErrorCode.BODY),
        (Verb.RUN, b"\x02" + pack(bytes(INPUTS)), ErrorCode.BODY),
        (Verb.RUN, b"\x01" + pack(bytes(INPUTS)) + b"\x00\x00", ErrorCode.BODY),
        (Verb.RUN, b"\x01" + pack(bytes(INPUTS - 1)), ErrorCode.BODY),
        (Verb.RUN, b"\x01" + pack(bytes(INPUTS + 1)), ErrorCode.BODY),
        (Verb.RUN, b"\x11" + 17 * pack(bytes(INPUTS)), ErrorCode.BODY),
        (Verb.RUN_LAYERS, b"", ErrorCode.BODY),
        (Verb.RUN_LAYERS, 2 * pack(bytes(INPUTS)), ErrorCode.BODY),
        (0x00, b"", ErrorCode.VERB),
        (0x06, b"", ErrorCode.VERB),
        (Verb.RUN | ANSWER, b"", ErrorCode.VERB),
        (Verb.ERROR, b"", ErrorCode.VERB),
    ],
)
def test_refuses_and_goes_on(host_client: Client, verb: int, body: bytes, code: ErrorCode) -> None:
    (answer,) = exchange(host_client, request(verb, body, sequence=0xBEEF), answers=1)
    assert (answer.verb, answer.sequence) == (Verb.ERROR, 0xBEEF)
    assert answer.body == bytes([code, verb])
    inputs = toy_inputs(2)
    np.testing.assert_array_equal(host_client.run(inputs).outputs, toy_outputs(inputs))


def test_another_version_is_named_on_both_sides(client: Client) -> None:
    (answer,) = exchange(client, request(Verb.SYNC, b"hi", version=frames.VERSION + 1), answers=1)
    assert (answer.verb, answer.version) == (Verb.ERROR, frames.VERSION)
    assert answer.body == bytes([ErrorCode.VERSION, Verb.SYNC])


def test_network_that_fails_is_told_with_its_text(client: Client) -> None:
    client.connect()
    inputs = toy_inputs(3)
    inputs[1, 0] = POISON
    with pytest.raises(LinkError, match="could not run the network") as failed:
        client.run(inputs)
    assert "toy: poisoned" in failed.value.message
    np.testing.assert_array_equal(client.run(inputs[:1]).outputs, toy_outputs(inputs[:1]))


def test_survives_garbage_truncation_and_floods(client: Client) -> None:
    client.connect()
    random = np.random.default_rng(5)
    inputs = toy_inputs(20)
    whole = request(Verb.RUN, b"\x01" + pack(inputs[0].tobytes()), sequence=1)
    flood = [
        *(random.integers(0, 256, 3000).astype(np.uint8).tobytes() for _ in range(3)),
        *(whole[: len(whole) // part] for part in (2, 3, 4)),
        whole[:-1] * 5,
        b"\0" * 1000,
        b"A" * 10_000,
        frames.encode(Frame(Verb.RUN, 1, bytes(5000))),  # longer than the receiver's buffer
    ]
    for piece in flood:
        client.transport.send(piece)
    client.connect()
    np.testing.assert_array_equal(client.run(inputs).outputs, toy_outputs(inputs))
    assert client.report().broken > 0


def test_late_answers_of_a_lost_session_are_not_taken_for_new_ones(client: Client) -> None:
    """A host that died in the middle: the next one finds its requests still in the pipe."""
    client.connect()
    old, new = toy_inputs(12, seed=2), toy_inputs(12, seed=3)
    for image in old:
        client.transport.send(request(Verb.RUN, b"\x01" + pack(image.tobytes()), sequence=9))
    again = Client(client.transport)
    again.connect()
    np.testing.assert_array_equal(again.run(new).outputs, toy_outputs(new))


def test_firmware_ends_when_its_host_does(toy: Callable[..., Path], tmp_path: Path) -> None:
    """Nobody is left to ask: a program of this computer must not spin on."""
    import subprocess

    done = subprocess.run(
        [toy("host")], input=request(Verb.REPORT), capture_output=True, timeout=20, check=False
    )
    assert done.returncode == 0
    reader = frames.FrameReader()
    reader.feed(done.stdout)
    assert [frame.verb for frame in reader.frames] == [Verb.REPORT | ANSWER]
