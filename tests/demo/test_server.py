"""The demo's server: for this computer only, deaf to what it does not understand."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from device.demo.network import GIVEN, TEST
from device.demo.server import listen
from device.demo.takes import Picture, Scaled
from device.demo.training import parse_normalization
from device.link.messages import Port
from support.errors import UserError
from tests.demo.browse import Server, children
from tests.demo.conftest import demo_of
from tests.protocol.toys import ROOT, link_toy, toy_outputs


def picture(seed: int) -> bytes:
    """784 seeded grey values."""
    return np.random.default_rng(seed).integers(0, 200, 784).astype(np.uint8).tobytes()


@contextmanager
def opened(server: Server, **more: Any) -> Iterator[ClientConnection]:
    """A WebSocket as the page opens it, after it was told what the network takes and gives."""
    arguments = {"origin": server.url.rstrip("/"), "open_timeout": 10, **more}
    url = server.url.replace("http", "ws") + "read"
    with connect(url, **arguments) as socket_:
        try:
            told = json.loads(socket_.recv(timeout=20))
        except ConnectionClosed:
            told = None  # refused after it was accepted: the next to listen will see
        assert told is None or {*told} == {"takes", "gives", "tests"}
        yield socket_


def question(number: int, payload: bytes, kind: int = GIVEN) -> bytes:
    """A message of the page."""
    return number.to_bytes(4, "little") + bytes([kind]) + payload


def ask(
    socket_: ClientConnection, number: int, payload: bytes, kind: int = GIVEN
) -> dict[str, Any]:
    """A question and its answer."""
    socket_.send(question(number, payload, kind))
    answer: dict[str, Any] = json.loads(socket_.recv(timeout=20))
    return answer


def toy_reads(grey: bytes) -> list[int]:
    """What the toy computes of a picture; its input has scale 0.5, so pixels of 0..255."""
    stored = np.rint(np.frombuffer(grey, np.uint8) / 0.5) - 3
    inputs = np.clip(stored, -128, 127).astype(np.int8)[np.newaxis]
    columns = [inputs[:, i::7].astype(np.int64).sum(axis=1) for i in range(7)]
    outputs: list[int] = np.stack(columns, axis=1).astype(np.uint8).view(np.int8)[0].tolist()
    return outputs


def get(server: Server, host: str) -> http.client.HTTPResponse:
    """The page, asked for by another name."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("GET", "/", skip_host=True)
    connection.putheader("Host", host)
    connection.endheaders()
    return connection.getresponse()


def test_answers_are_the_firmwares(toy_server: Server) -> None:
    with opened(toy_server) as tab:
        for number in (0, 7, 2**32 - 1):
            answer = ask(tab, number, picture(number))
            assert answer["number"] == number
            assert answer["stored"] == toy_reads(picture(number))
            assert answer["scores"] == [0.25 * (q - 4) for q in answer["stored"]]
            assert answer["best"] == int(np.argmax(answer["stored"]))
            assert answer["cost"] == "not measured"


def test_many_tabs_get_their_own_answers(toy_server: Server) -> None:
    with ExitStack() as stack:
        tabs = [stack.enter_context(opened(toy_server)) for _ in range(8)]
        for seed, tab in enumerate(tabs):
            tab.send(question(seed, picture(seed)))
        for seed, tab in reversed(list(enumerate(tabs))):
            answer = json.loads(tab.recv(timeout=20))
            assert (answer["number"], answer["stored"]) == (seed, toy_reads(picture(seed)))


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"", 1003),
        (b"\0" * 788, 1003),
        ("x" * 789, 1003),
        (b"\0" * 790, 1009),
        (question(1, b"\0" * 784, kind=2), 1003),
        (question(1, b"\0" * 784, kind=TEST), 1003),
        ("{}", 1003),
    ],
)
def test_other_messages_end_the_connection(
    toy_server: Server, message: bytes | str, code: int
) -> None:
    with opened(toy_server) as tab:
        with pytest.raises(ConnectionClosed) as closed:
            tab.send(message)
            tab.recv(timeout=20)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == code
    with opened(toy_server) as tab:
        assert ask(tab, 1, picture(1))["stored"] == toy_reads(picture(1))


@pytest.mark.parametrize("size", [790, 3_000_000, 2**62])
def test_frame_that_is_too_long_is_refused_by_its_head(toy_server: Server, size: int) -> None:
    """None of its payload is sent: bytes that come for a closed connection reset it.

    Then the close frame may be lost on its way.
    """
    head = b"\x82\xff" + size.to_bytes(8, "big") + b"mask"  # RFC 6455, 5.2: binary, the last one
    with opened(toy_server) as tab:
        tab.socket.sendall(head)
        with pytest.raises(ConnectionClosed) as closed:
            tab.recv(timeout=20)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009


def test_frame_that_is_too_long_ends_only_its_connection(toy_server: Server) -> None:
    with opened(toy_server) as tab, pytest.raises(ConnectionClosed):
        tab.send(b"\0" * 3_000_000)
        tab.recv(timeout=20)
    with opened(toy_server) as tab:
        assert ask(tab, 1, picture(1))["stored"] == toy_reads(picture(1))


def test_broken_websocket_frames_end_only_their_connection(toy_server: Server) -> None:
    for noise in (b"\xff" * 100, b"\x82\xff" + b"\xff" * 12, b"GET / HTTP/1.1\r\n\r\n"):
        with opened(toy_server) as tab, pytest.raises((ConnectionClosed, TimeoutError)):
            tab.socket.sendall(noise)
            tab.recv(timeout=5)
    with opened(toy_server) as tab:
        assert ask(tab, 1, picture(2))["stored"] == toy_reads(picture(2))


def test_tab_that_leaves_without_its_answer(toy_server: Server) -> None:
    for seed in range(8):  # those that are still noticed to be gone count as tabs
        with opened(toy_server) as tab:
            tab.send(question(0, picture(seed)))
            tab.socket.shutdown(socket.SHUT_RDWR)
    with opened(toy_server) as tab:
        assert ask(tab, 1, picture(3))["stored"] == toy_reads(picture(3))


def test_connections_that_do_not_ask_are_ended(toy_server: Server) -> None:
    """At once, half-way through a head, and after an answer; a tab that waits is kept."""
    said = (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    whole = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{toy_server.port}\r\n\r\n".encode()
    with ExitStack() as stack:
        tab = stack.enter_context(opened(toy_server))
        silent = []
        for data in (*said, whole, whole + b"GET /"):
            address = ("127.0.0.1", toy_server.port)
            silent.append(stack.enter_context(socket.create_connection(address, 60)))
            silent[-1].sendall(data)
        for connection in silent:
            while connection.recv(65536):
                pass
        assert ask(tab, 1, picture(5))["stored"] == toy_reads(picture(5))


def test_too_many_tabs(toy_server: Server) -> None:
    with ExitStack() as stack:
        tabs = [stack.enter_context(opened(toy_server)) for _ in range(16)]
        ask(tabs[-1], 0, picture(0))
        with opened(toy_server) as extra, pytest.raises(ConnectionClosed) as closed:
            extra.recv(timeout=10)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1013


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", "", "127.0.0.1:x"])
def test_other_names_are_not_served(toy_server: Server, host: str) -> None:
    assert get(toy_server, host).status in (400, 421)


def test_own_names_are_served_with_a_policy(toy_server: Server) -> None:
    for name in ("127.0.0.1", "localhost"):
        answer = get(toy_server, f"{name}:{toy_server.port}")
        assert answer.status == 200
        policy = answer.getheader("content-security-policy") or ""
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert f"ws://127.0.0.1:{toy_server.port}" in policy


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://127.0.0.1", "https://127.0.0.1:{port}"]
)
def test_other_origins_are_refused(toy_server: Server, origin: str | None) -> None:
    given = origin and origin.format(port=toy_server.port)
    with pytest.raises(InvalidStatus) as refused:
        opened(toy_server, origin=given).__enter__()
    assert refused.value.response.status_code == 403


def test_loopback_only(toy_server: Server) -> None:
    table = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    port = f"{toy_server.port:04X}"
    local = [line.split()[1] for line in table.splitlines()[1:] if line.split()[3] == "0A"]
    assert [address for address in local if address.endswith(f":{port}")] == [f"0100007F:{port}"]


def test_firmware_that_died_is_started_again(toy_server: Server) -> None:
    with opened(toy_server) as tab:
        ask(tab, 1, picture(1))
        for child in children(toy_server.process.pid):
            os.kill(child, signal.SIGKILL)
        answers = [ask(tab, number, picture(4)) for number in (2, 3)]
        assert "ended by signal 9" in answers[0]["error"]
        assert answers[1]["stored"] == toy_reads(picture(4))


# --- starting -------------------------------------------------------------------------------------
def refused(words: list[str]) -> str:
    """The message of a demo that must not start."""
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    return done.stderr


def test_port_in_use(toy_server: Server, toy_folder: Path) -> None:
    words = demo_of("host", toy_folder / "toy.elf", toy_folder, "--listen", str(toy_server.port))
    told = refused(words)
    assert "cannot listen there" in told and "give another port with listen=" in told


def test_preferred_port_gives_way() -> None:
    with listen(None, 0) as first:
        taken = first.getsockname()[1]
        with listen(None, taken) as second:
            assert second.getsockname()[1] != taken
        with pytest.raises(UserError):
            listen(taken, 0)


def test_network_that_takes_nothing_a_person_has(toy_folder: Path, tmp_path: Path) -> None:
    elf = link_toy("host", tmp_path / "small.elf")
    told = "takes 252 bytes of int8 and 8 bytes of float32"
    assert told in refused(demo_of("host", elf, toy_folder))


def test_page_that_was_not_built(toy_folder: Path) -> None:
    words = demo_of("host", toy_folder / "toy.elf", toy_folder, "--page", "/nonexistent.html")
    assert "build it first" in refused(words)


@pytest.mark.parametrize("text", ["", "1", "a,b", "0,0", "0,-1", "nan,1", "1,2,3"])
def test_normalization_that_is_none(toy_folder: Path, text: str) -> None:
    with pytest.raises(UserError):
        parse_normalization(text)


def test_ctrl_c_ends_it_and_its_firmware(toy_folder: Path) -> None:
    process = subprocess.Popen(
        demo_of("host", toy_folder / "toy.elf", toy_folder),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while "http://" not in process.stdout.readline():
        pass
    firmware = children(process.pid)
    assert len(firmware) == 1
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert "Traceback" not in errors
    end = time.monotonic() + 10
    while Path(f"/proc/{firmware[0]}").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not Path(f"/proc/{firmware[0]}").exists()


# --- pictures -------------------------------------------------------------------------------------
def test_pictures_are_quantized_as_the_test_set_is() -> None:
    """Against the generator's own quantization of normalized inputs."""
    from codegen.ir.types import Quantization

    grey = np.arange(784, dtype=np.uint32).astype(np.uint8)
    port = Port(784, "int8", float(np.float32(0.00784)), -3)
    scaled = Scaled(port, np.array([0.5]), np.array([0.5]))
    picture = Picture(28, 28, 1, planes=False, unit=1.0, scaled=scaled)
    stored = picture.stored(grey.tobytes())
    real = (grey.astype(np.float32) / np.float32(255) - np.float32(0.5)) / np.float32(0.5)
    expected = Quantization(np.float32(0.00784), -3).quantize(real)
    np.testing.assert_array_equal(stored, expected)
    back = np.frombuffer(base64.b64decode(picture.seen(stored)), np.uint8).astype(int)
    assert np.abs(back - grey.astype(int)).max() <= 3


def test_toy_model_of_these_tests_is_the_toys() -> None:
    """toy_reads and toy_outputs agree where both apply: the same sums, other sizes."""
    assert toy_outputs(np.ones((1, 260), np.int8)).tolist() == [[38] + [37] * 6]


@pytest.mark.parametrize("port", ["65536", "0000099999", "-1", "http", "٣"])
@pytest.mark.parametrize("words", [("demo", "--listen"), ("gdbserver", "--port")])
def test_no_tcp_port(words: tuple[str, str], port: str) -> None:
    """The socket's own refusal of a number that is too large ended in a traceback."""
    line = [sys.executable, "-m", "device", words[0], f"{words[1]}={port}"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert f"'{port}' is no TCP port: give a number up to 65535" in done.stderr
