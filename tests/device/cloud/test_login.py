"""Logging in: forms, refusals, and what becomes of password and token."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from device.cloud import token
from device.cloud.endpoints import Endpoints, endpoints, is_safe
from device.cloud.login import Credentials, credentials, log_in
from device.cloud.service import Service
from device.cloud.token import Token
from device.cloud.web import Web
from support.errors import UserError
from tests.device.cloud.standin_cloud import PASSWORD, USER, Cloud, Handler

ACCOUNT = Credentials(USER, PASSWORD)


def test_a_login_keeps_a_token_that_nobody_else_can_read(
    cloud: Cloud, web: Web, where: Endpoints, home: Path
) -> None:
    kept = log_in(web, where, ACCOUNT)
    path = home / ".config" / "nn2flash" / "st-cloud-token.json"
    assert token.token_path() == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert token.load() == kept
    # The callback is the service's own page: its code is used, it is not visited.
    assert cloud.count("GET /callback") == 0
    assert [path.name for path in path.parent.iterdir()] == [path.name]


def test_a_wrong_password_is_tried_once(cloud: Cloud, web: Web, where: Endpoints) -> None:
    with pytest.raises(UserError, match="does not accept") as caught:
        log_in(web, where, Credentials(USER, "wrong"))
    assert cloud.count("POST /cas/login") == 1
    assert "wrong" not in caught.value.message
    assert token.load() is None


def test_a_blocked_account(cloud: Cloud, web: Web, where: Endpoints) -> None:
    cloud.blocked = True
    with pytest.raises(UserError, match="blocked"):
        log_in(web, where, ACCOUNT)


@pytest.mark.parametrize(
    "action", ["https://evil.example/login", "https://st.com.evil.example/", "http://sso.st.com/x"]
)
def test_the_password_goes_nowhere_else(
    cloud: Cloud, web: Web, where: Endpoints, action: str
) -> None:
    cloud.form_action = action
    with pytest.raises(UserError, match="wants the password sent to"):
        log_in(web, where, ACCOUNT)
    assert cloud.count("POST") == 0


def test_redirects_that_lead_nowhere_are_followed_twenty_times(
    cloud: Cloud, web: Web, where: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Handler, "_step", lambda self: self._redirect("/cas/step"))
    with pytest.raises(UserError, match="did not lead back to the cloud"):
        log_in(web, where, ACCOUNT)
    assert cloud.count("GET /cas/step") == 20


def test_a_page_that_changed(cloud: Cloud, web: Web, where: Endpoints) -> None:
    cloud.garbled = ("/cas/page",)
    with pytest.raises(UserError, match="login page is not there") as caught:
        log_in(web, where, ACCOUNT)
    assert "ai=bundle" in caught.value.remedy


def test_a_login_without_a_token(
    cloud: Cloud, web: Web, where: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password is right, and the answer holds no token: nothing is kept."""
    monkeypatch.setattr(cloud, "token", dict)
    with pytest.raises(UserError, match=r"gave no token \(status 200\)"):
        log_in(web, where, ACCOUNT)
    assert token.load() is None


def test_an_expired_token_is_renewed_without_the_password(cloud: Cloud, service: Service) -> None:
    cloud.token_seconds = 30  # less than the margin: old as soon as it is given
    service.get(f"{service.where.files}/models")
    assert cloud.count("POST /cas/login") == 1
    cloud.token_seconds = 3600
    service.get(f"{service.where.files}/models")
    assert cloud.count("POST /api/user_service/login/refresh") == 1
    assert cloud.count("POST /cas/login") == 1
    kept = token.load()
    assert kept is not None
    assert kept.access == "access-token-2"


def test_a_revoked_token_is_renewed_once_and_an_account_without_rights_is_told(
    cloud: Cloud, service: Service
) -> None:
    cloud.revoked = {"access-token-1"}
    assert service.get(f"{service.where.files}/models").status == 200
    cloud.revoked = {f"access-token-{n}" for n in range(99)}
    with pytest.raises(UserError, match="refuses this account's token"):
        service.get(f"{service.where.files}/models")


def test_a_refresh_token_that_ended_leads_to_a_login(cloud: Cloud, service: Service) -> None:
    token.save(Token("old", "old", time.time() - 10))
    cloud.refreshing = False
    assert service.get(f"{service.where.files}/models").status == 200
    assert cloud.count("POST /cas/login") == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"access_token": 5}', '{"access_token": ""}'])
def test_a_damaged_token_counts_as_none(content: str) -> None:
    token.save(Token("a", "b", None))
    token.token_path().write_text(content)
    assert token.load() is None


def test_a_token_that_others_can_read_is_refused() -> None:
    token.save(Token("a", "b", None))
    token.token_path().chmod(0o640)
    with pytest.raises(UserError, match="others can read it") as caught:
        token.load()
    assert "chmod 600" in caught.value.remedy


def test_secrets_hide_in_messages() -> None:
    assert PASSWORD not in repr(ACCOUNT)
    assert "access" not in repr(Token("access", "refresh", None)).replace("Token", "")


def test_no_account_and_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STM32AI_PASSWORD")
    with Path(os.devnull).open() as nothing, monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", nothing)
        with pytest.raises(UserError, match="no terminal") as caught:
            credentials()
    assert "STM32AI_USERNAME" in caught.value.remedy


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://stm32ai-cs.st.com", True),
        ("http://stm32ai-cs.st.com", False),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:80", True),
        ("http://localhost", False),
        ("http://127.0.0.1.evil.example", False),
        ("ftp://127.0.0.1", False),
        ("https://", False),
        ("", False),
    ],
)
def test_where_secrets_may_go(address: str, safe: bool) -> None:
    assert is_safe(address) is safe


def test_an_address_in_the_clear_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NN2FLASH_CLOUD_URL", "http://cloud.example")
    with pytest.raises(UserError, match="not an https"):
        endpoints()


def test_asked_on_a_terminal_the_password_is_not_shown(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real terminal: what is typed is the password, what comes back must not be."""
    monkeypatch.delenv("STM32AI_USERNAME")
    monkeypatch.delenv("STM32AI_PASSWORD")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "device", "cloud-login"],
        cwd=Path(__file__).resolve().parents[3],
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    for prompt, answer in ((b"address: ", USER), (b"password: ", PASSWORD)):
        while prompt not in seen:
            seen += os.read(ours, 1000)
        os.write(ours, answer.encode() + b"\n")
    while True:
        try:
            more = os.read(ours, 1000)
        except OSError:
            break
        if not more:
            break
        seen += more
    assert process.wait(30) == 0, seen
    os.close(ours)
    text = seen.decode()
    assert "logged in" in text
    assert PASSWORD not in text
    assert "token-1" not in text
    assert json.loads(token.token_path().read_text())["access_token"] == "access-token-1"
