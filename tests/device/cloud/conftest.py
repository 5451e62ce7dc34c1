"""A stand-in cloud, and a client that is in a hurry."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.cloud.endpoints import Endpoints
from device.cloud.generate import Order
from device.cloud.runs import Patience
from device.cloud.service import Service
from device.cloud.web import Web
from tests.device.cloud.standin_cloud import PASSWORD, USER, Cloud, Server

HURRY = Patience(poll=0.01, longest=30.0)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, an account, and no proxy."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("STM32AI_USERNAME", USER)
    monkeypatch.setenv("STM32AI_PASSWORD", PASSWORD)
    return folder


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A running stand-in, which the environment names as the cloud."""
    with Server(Cloud(zipped=a_zip())) as running:
        running.thread.start()
        monkeypatch.setenv("NN2FLASH_CLOUD_URL", running.address)
        monkeypatch.setenv("NN2FLASH_SSO_URL", running.address)
        yield running
        running.shutdown()


@pytest.fixture
def cloud(server: Server) -> Cloud:
    """The stand-in's state."""
    return server.cloud


@pytest.fixture
def where(server: Server) -> Endpoints:
    """The stand-in's addresses."""
    return Endpoints(server.address, server.address)


@pytest.fixture
def web() -> Web:
    """A session that hardly waits between tries."""
    return Web(pause=0.01)


@pytest.fixture
def service(web: Web, where: Endpoints) -> Service:
    """The stand-in for somebody with an account."""
    return Service(web, where)


@pytest.fixture
def order(tmp_path: Path) -> Order:
    """An order for some file: the cloud's side of it is not looked into."""
    model = tmp_path / "model.onnx"
    model.write_bytes(b"a model")
    return Order(model, "network", "legacy", None, "", "")


def a_zip(content: bytes = b"int x;\n" * 5000) -> bytes:
    """A zip with a source in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("code/network.c", content)
    return out.getvalue()
