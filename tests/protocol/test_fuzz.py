"""A sample of what `python -m tests.protocol.fuzz` throws at the receiver."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

from target.boards import read_board
from target.link.client import Client
from target.link.opening import open_transport
from tests.protocol.toys import board_toml, toy_inputs, toy_outputs


def test_receiver_survives_a_sample(fuzz: Path) -> None:
    done = subprocess.run([fuzz, "1", "100000"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "100000 frames" in done.stdout and "no finding" in done.stdout


def test_receiver_survives_in_qemu(fuzz: Path, toy) -> None:
    """The same stream through the emulated UART; then it still answers right."""
    stream = subprocess.run([fuzz, "2", "100", "-"], capture_output=True, check=True).stdout
    assert len(stream) > 10_000
    client = Client(open_transport(read_board(board_toml("mps2_an500")), toy("mps2_an500")))
    try:
        client.connect()
        client.transport.send(stream)
        client.connect(timeout=60)
        report = client.report()
        assert report.frames > 50 and report.broken > 5
        inputs = toy_inputs(4)
        np.testing.assert_array_equal(client.run(inputs).outputs, toy_outputs(inputs))
    finally:
        client.close()
