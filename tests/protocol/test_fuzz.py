"""A sample of what `python -m tests.protocol.fuzz` throws at the receiver."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np

from device.boards import read_board
from device.link.client import Client
from device.link.frames import ANSWER, FrameReader, Verb
from device.link.opening import open_transport
from tests.protocol.toys import OUTPUTS, board_toml, link_fuzz, toy_inputs, toy_outputs


def test_receiver_survives_a_sample(fuzz: Path) -> None:
    done = subprocess.run([fuzz, "1", "100000"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "100000 frames" in done.stdout and "no finding" in done.stdout


def test_sample_takes_every_way_through_the_receiver(tmp_path: Path) -> None:
    """By gcov: each line of protocol.c, and each of its branches in both directions."""
    fuzz = link_fuzz(tmp_path / "fuzz", ["--coverage"])
    subprocess.run([fuzz, "1", "20000"], capture_output=True, check=True)
    (counts,) = tmp_path.glob("*protocol.gcda")
    told = subprocess.run(
        ["gcov", "--branch-probabilities", counts],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert re.search(r"protocol.c'\nLines executed:100.00% of \d\d", told), told
    assert "Taken at least once:100.00% of" in told.partition("protocol.c'")[2], told


def test_exactly_the_whole_frames_are_answered(fuzz: Path, toy: Callable[..., Path]) -> None:
    """What another receiver, the host's, takes for frames: no damaged one, and each of the rest."""
    stream = subprocess.run([fuzz, "3", "3000", "-"], capture_output=True, check=True).stdout
    done = subprocess.run([toy("host")], input=stream + b"\0", capture_output=True, check=True)
    sent, answers = FrameReader(), FrameReader()
    sent.feed(stream + b"\0")
    answers.feed(done.stdout)
    taken = [frame.sequence for frame in sent.frames if len(frame.body) <= 2048]
    assert 1500 < len(taken) < len(sent.frames) and sent.broken > 300
    assert [f.sequence for f in answers.frames if f.verb != Verb.LAYER] == taken


def _comparable(reader: FrameReader) -> list[tuple[int, int, bytes]]:
    """Verb, sequence and body of answers, without what differs from board to board."""
    found = []
    for frame in reader.frames:
        body = frame.body
        if frame.verb == Verb.INFO | ANSWER:
            body = b""  # the board's name
        elif frame.verb == Verb.REPORT | ANSWER:
            body = body[4:]  # frames: one of the two was connected to before
        elif frame.verb == Verb.LAYER:
            body = body[:2] + body[10:]  # cycles and instructions
        elif frame.verb == Verb.RUN | ANSWER:
            size = 8 + OUTPUTS
            body = b"".join(body[at + 8 : at + size] for at in range(1, len(body), size))
        found.append((frame.verb, frame.sequence, body))
    return found


def test_receiver_survives_in_qemu(fuzz: Path, toy: Callable[..., Path]) -> None:
    """The same stream through the emulated UART: the same answers as on this computer."""
    stream = subprocess.run([fuzz, "2", "300", "-"], capture_output=True, check=True).stdout
    here = subprocess.run([toy("host")], input=stream, capture_output=True, check=True)
    expected = FrameReader()
    expected.feed(here.stdout)
    client = Client(open_transport(read_board(board_toml("mps2_an500")), toy("mps2_an500")))
    try:
        client.connect()
        client.transport.send(stream)
        found = FrameReader()
        while len(found.frames) < len(expected.frames):
            data = client.transport.receive(30)
            assert data, f"{len(found.frames)} of {len(expected.frames)} answers"
            found.feed(data)
        assert _comparable(found) == _comparable(expected)
        client.connect(timeout=60)
        report = client.report()
        assert report.frames > 150 and report.broken > 20 and report.refused > 10
        inputs = toy_inputs(4)
        np.testing.assert_array_equal(client.run(inputs).outputs, toy_outputs(inputs))
    finally:
        client.close()
