"""HTTP's troubles: overload, cut connections, certificates, proxies, endless answers."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.cloud import web as web_module
from device.cloud.web import Web
from support.errors import UserError
from tests.device.cloud.standin_cloud import Cloud, Server


def test_passing_trouble_is_waited_out(cloud: Cloud, server: Server, web: Web) -> None:
    cloud.failing["/assets"] = 3
    assert web.get(f"{server.address}/assets/versions.json").status == 200
    assert cloud.count("GET /assets") == 4


def test_lasting_trouble_is_told(cloud: Cloud, server: Server, web: Web) -> None:
    cloud.failing["/assets"] = 99
    answer = web.get(f"{server.address}/assets/versions.json")
    assert answer.status == 503
    with pytest.raises(UserError, match=r"not JSON \(status 503"):
        answer.json()
    assert cloud.count("GET /assets") == web_module.TRIES + 1


def test_a_post_is_sent_once(cloud: Cloud, server: Server, web: Web) -> None:
    cloud.failing["/api"] = 99
    assert web.post(f"{server.address}/api/user_service/login/refresh").status == 503
    assert cloud.count("POST") == 1


def test_offline(web: Web, server: Server) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(UserError, match=r"127.0.0.1: cannot be reached") as caught:
        web.get(f"{server.address}/secret-path?code=secret")
    assert "secret" not in str(caught.value)
    with pytest.raises(UserError, match="cannot be reached"):
        web.get("https://host.invalid/x")


def test_an_endless_answer_is_not_read(
    cloud: Cloud, server: Server, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_module, "LARGEST_ANSWER", 100)
    monkeypatch.setattr(web_module, "LARGEST_DOWNLOAD", 100)
    with pytest.raises(UserError, match="too long"):
        web.get(f"{server.address}/cas/page")
    cloud.revoked = set()
    bearer = {"Authorization": "Bearer access-token-1"}
    with pytest.raises(UserError, match="sends more than any bundle"):
        web.download(
            f"{server.address}/api/file/files/generated/bundle-1.zip",
            tmp_path / "out.zip",
            lambda done, total: None,
            headers=bearer,
        )
    assert not (tmp_path / "out.zip").exists()


def test_through_a_proxy(server: Server, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.address)
    # Nothing listens there: only the proxy can have answered.
    assert web.get("http://127.0.0.2:9/assets/versions.json").status == 200
    monkeypatch.setenv("NO_PROXY", "127.0.0.2")
    with pytest.raises(UserError, match="cannot be reached"):
        web.get("http://127.0.0.2:9/assets/versions.json")


def test_a_proxy_that_is_not_there(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.2:9")
    with pytest.raises(UserError, match="the proxy does not let us through") as caught:
        web.get("https://stm32ai-cs.st.com/x")
    assert "HTTPS_PROXY" in caught.value.remedy


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The stand-in over TLS with a certificate that nobody knows: (address, certificate)."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=127.0.0.1",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            str(key),
            "-out",
            str(certificate),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Server(Cloud()) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.thread.start()
        yield server.address.replace("http://", "https://"), certificate
        server.shutdown()


def test_certificates_are_checked(
    secure: tuple[str, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, certificate = secure
    with pytest.raises(UserError, match="certificate is not trusted") as caught:
        web.get(f"{address}/assets/versions.json")
    assert "REQUESTS_CA_BUNDLE" in caught.value.remedy
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert web.get(f"{address}/assets/versions.json").status == 200
