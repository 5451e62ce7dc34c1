"""What goes wrong between host and target: each with a message, none with a hang."""

from __future__ import annotations

import contextlib
import os
import pty
import struct
import subprocess
import sys
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from device.boards import read_board
from device.link import frames, messages
from device.link.client import Client
from device.link.frames import ANSWER, Frame, Verb
from device.link.opening import open_transport
from device.link.process import ProcessTransport
from device.link.serial_link import SerialTransport
from device.link.transport import LinkError
from support.errors import UserError
from tests.protocol.toys import INPUTS, OUTPUTS, ROOT, board_toml, toy_inputs, toy_outputs


class Cable:
    """A serial port of this computer (a pseudo-terminal) with firmware at its other end.

    Attributes:
        port: path of the port.
        swallow: how many of the firmware's next bytes get lost.
    """

    def __init__(self, firmware: Path) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._process = subprocess.Popen([firmware], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.swallow = 0
        for pump in (self._to_firmware, self._to_host):
            threading.Thread(target=pump, daemon=True).start()

    def _to_firmware(self) -> None:
        assert self._process.stdin is not None
        try:
            while data := os.read(self._master, 4096):
                self._process.stdin.write(data)
                self._process.stdin.flush()
        except (OSError, ValueError):
            pass

    def _to_host(self) -> None:
        assert self._process.stdout is not None
        try:
            while data := os.read(self._process.stdout.fileno(), 4096):
                lost = min(self.swallow, len(data))
                self.swallow -= lost
                if data[lost:]:
                    os.write(self._master, data[lost:])
        except (OSError, ValueError):
            pass

    def pull(self) -> None:
        """The device goes away, as a pulled USB cable makes it."""
        for descriptor in (self._slave, self._master):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def close(self) -> None:
        """End everything."""
        self._process.kill()
        self._process.wait()
        self.pull()


@pytest.fixture
def cable(toy: Callable[[str], Path]) -> Iterator[Cable]:
    made = Cable(toy("host"))
    yield made
    made.close()


def test_serial_port_works_like_any_other_way(cable: Cable) -> None:
    client = Client(SerialTransport(cable.port, 115200))
    client.connect()
    inputs = toy_inputs(40)
    np.testing.assert_array_equal(client.run(inputs).outputs, toy_outputs(inputs))
    client.close()
    again = Client(SerialTransport(cable.port, 115200))
    again.connect()
    assert again.report().inferences == 40
    again.close()


def test_lost_answer_is_asked_for_again(cable: Cable) -> None:
    transport = SerialTransport(cable.port, 115200)
    transport.patience = 0.5
    client = Client(transport)
    client.connect()
    cable.swallow = 20
    inputs = toy_inputs(5)
    np.testing.assert_array_equal(client.run(inputs).outputs, toy_outputs(inputs))
    assert client.retries >= 1
    client.close()


def test_pulled_cable_is_noticed(cable: Cable) -> None:
    client = Client(SerialTransport(cable.port, 115200))
    client.connect()
    cable.pull()
    with pytest.raises(LinkError, match=r"went away|stopped answering"):
        client.run(toy_inputs(50))
    client.close()


def test_two_programs_on_one_port(cable: Cable) -> None:
    first = SerialTransport(cable.port, 115200)
    with pytest.raises(UserError, match="another program has it"):
        SerialTransport(cable.port, 115200)
    first.close()


def test_port_that_is_not_there() -> None:
    with pytest.raises(UserError, match="no such serial port"):
        SerialTransport("/dev/ttyNONE7", 115200)


def test_board_without_a_port() -> None:
    with pytest.raises(UserError, match="no serial port"):
        open_transport(read_board(board_toml("mps2_an500")), None, "/dev/ttyACM0")


# --- things that are not our firmware -------------------------------------------------------------
def script(code: str) -> Client:
    """A client of a Python program that does something else than answering."""
    command = [sys.executable, "-c", f"import sys, time\nout = sys.stdout.buffer\n{code}"]
    return Client(ProcessTransport(command, "something"))


def test_silence() -> None:
    client = script("time.sleep(60)")
    with pytest.raises(LinkError, match="something does not answer"):
        client.connect(timeout=1.2)
    client.close()


def test_other_firmware_that_prints_text() -> None:
    client = script(
        "out.write(b'image 3: label 4, recognized 4\\r\\n'); out.flush(); time.sleep(60)"
    )
    with pytest.raises(LinkError, match=r"another firmware.*image 3: label 4") as failed:
        client.connect(timeout=1.2)
    assert "app=validate" in failed.value.remedy
    client.close()


def test_noise_as_from_another_baud_rate() -> None:
    client = script("out.write(b'\\x80\\xfe\\x00\\x93' * 50); out.flush(); time.sleep(60)")
    with pytest.raises(LinkError, match="baud rate"):
        client.connect(timeout=1.2)
    client.close()


def test_endless_noise_does_not_keep_us() -> None:
    client = script("while True: out.write(bytes(range(256)) * 16)")
    with pytest.raises(LinkError):
        client.connect(timeout=1.2)
    client.close()


def test_target_that_dies_is_noticed_at_once_with_its_last_words() -> None:
    client = script("out.write(b'fault: HardFault\\r\\n'); out.flush(); sys.exit(131)")
    with pytest.raises(LinkError, match="exception 3") as failed:
        client.connect(timeout=60)
    assert "fault: HardFault" in failed.value.message
    client.close()


def test_newer_firmware_is_told_apart() -> None:
    answer = frames.encode(Frame(Verb.ERROR, 0, b"\x01\x01", version=3))
    client = script(f"out.write({answer!r}); out.flush(); time.sleep(60)")
    with pytest.raises(LinkError, match="speaks protocol 3, this program 2"):
        client.connect(timeout=10)
    client.close()


def answering(code: str, first: bytes = b"") -> Client:
    """A client of a program that answers SYNC as it should, and any other frame `f` by `code`."""
    return script(
        f"out.write({first!r})\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "import os\n"
        "from device.link.frames import Frame, FrameReader, encode\n"
        "def send(verb, sequence, body): out.write(encode(Frame(verb, sequence, body)))\n"
        "reader = FrameReader()\n"
        "while data := os.read(0, 4096):\n"
        "    reader.feed(data)\n"
        "    while reader.frames:\n"
        "        f = reader.frames.popleft()\n"
        f"        if f.verb == 1: send(f.verb | {ANSWER}, f.sequence, f.body)\n"
        f"        else:\n            {code}\n"
        "        out.flush()\n"
    )


def test_nonsense_in_good_frames_is_no_crash() -> None:
    client = answering(f"send(f.verb | {ANSWER}, f.sequence, b'nonsense')")
    with pytest.raises(LinkError, match="INFO failed 3 times: INFO answer of 8 bytes"):
        client.connect()
    client.close()


def info_body(inputs: int, outputs: int) -> bytes:
    """INFO's answer of a network with one int8 input and output, up to its texts."""
    port = "BIBfb"
    ends = (1, inputs, 0, 1.0, 0), (1, outputs, 0, 1.0, 0)
    return struct.pack(f"<IHII{port}{port}", 2048, 16, 0, 2, *ends[0], *ends[1])


def test_ends_that_are_cut_off_or_unknown_are_refused() -> None:
    whole = info_body(1, 1) + bytes(6)
    assert messages.parse_info(whole).inputs == (messages.Port(1, "int8", 1.0, 0),)
    for size in range(len(whole)):
        with pytest.raises(messages.BadBody):
            messages.parse_info(whole[:size])
    kind = struct.calcsize("<IHIIBI")
    with pytest.raises(messages.BadBody, match="elements of type 5"):
        messages.parse_info(whole[:kind] + b"\x05" + whole[kind + 1 :])
    with pytest.raises(messages.BadBody, match="cut off"):
        messages.parse_info(struct.pack("<IHII", 2048, 16, 0, 2) + bytes(8))  # no input


def test_answer_to_somebody_else_is_not_ours() -> None:
    info = info_body(1, 1)
    client = answering(
        f"for n in (1, 0): send({Verb.INFO | ANSWER}, f.sequence - n & 0xFFFF, "
        f"{info!r} + bytes([1, 66 - n]) * 6)"
    )
    assert client.connect().board == "B"
    assert client.retries == 0
    client.close()


def test_a_frame_of_another_version_that_is_no_refusal_is_not_ours() -> None:
    info = info_body(1, 1) + bytes(6)
    other = frames.encode(Frame(Verb.REPORT, 0, b"\x01\x01", version=3))
    client = answering(f"send(f.verb | {ANSWER}, f.sequence, {info!r})", other)
    assert client.connect().inputs == (messages.Port(1, "int8", 1.0, 0),)
    client.close()


def test_a_layer_that_gets_lost_is_missed() -> None:
    info = info_body(INPUTS, OUTPUTS) + bytes(6)
    end = b"\2\0" + bytes(OUTPUTS)
    client = answering(
        f"send(f.verb | {ANSWER}, f.sequence, {info!r}) if f.verb == {Verb.INFO} else "
        f"[send({Verb.LAYER}, f.sequence, bytes(11)), send(f.verb | {ANSWER}, f.sequence, {end!r})]"
    )
    client.connect()
    with pytest.raises(LinkError, match="RUN_LAYERS failed 3 times: 1 of 2 LAYER frames arrived"):
        client.run_layers(toy_inputs(1)[0])
    client.close()


def test_endless_good_frames_do_not_keep_us() -> None:
    """Answers to somebody else, each within our patience: another program may be at the port."""
    client = answering(f"while True: send({Verb.RUN | ANSWER}, f.sequence - 1 & 0xFFFF, b'')")
    client.transport.patience = 0.5
    with pytest.raises(LinkError, match="does not answer"):
        client.connect(timeout=5)
    client.close()


def test_endless_layers_do_not_keep_us() -> None:
    info = info_body(INPUTS, OUTPUTS) + bytes(6)
    client = answering(
        f"send(f.verb | {ANSWER}, f.sequence, {info!r}) if f.verb == {Verb.INFO} else "
        f"[send({Verb.LAYER}, f.sequence, bytes(11)) for _ in range(100)]"
    )
    client.connect()
    with pytest.raises(LinkError, match="RUN_LAYERS failed 3 times: more than 2 LAYER frames"):
        client.run_layers(toy_inputs(1)[0])
    client.close()


def test_program_that_cannot_run() -> None:
    with pytest.raises(LinkError, match="cannot run it"):
        ProcessTransport(["/nonexistent/firmware"], "something")


def test_cable_of_a_target_that_stops_reading() -> None:
    """More bytes than any pipe takes, to a program that never reads: sending does not block."""
    client = script("time.sleep(60)")
    client.transport.send(b"x" * 5_000_000)
    assert client.transport.receive(0.1) == b""
    client.close()
