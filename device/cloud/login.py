"""Logging in as a browser does: OpenID Connect's authorization code flow through ST's own page.

The password goes to the page's form, and only after that page turned out to be ST's. It is tried
once: ST blocks an account after five wrong ones.
"""

from __future__ import annotations

import getpass
import os
import sys
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

from device.cloud import token
from device.cloud.endpoints import Endpoints, is_safe
from device.cloud.token import Token
from device.cloud.web import Web
from support.errors import UserError

USER_VARIABLE, PASSWORD_VARIABLE = "STM32AI_USERNAME", "STM32AI_PASSWORD"
_MOST_REDIRECTS = 20
# The organization whose pages may see the password, beside the sign-on itself.
_TRUSTED_DOMAIN = ".st.com"
_CHANGED = "ST may have changed its login page: download the bundle in a browser, use ai=bundle"


@dataclass(frozen=True)
class Credentials:
    """An account. Its repr hides it, in case one ends up in a message."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Credentials(…)"


def credentials() -> Credentials:
    """From the environment, or asked for on a terminal.

    Raises:
        UserError: neither is possible.
    """
    user, password = os.environ.get(USER_VARIABLE), os.environ.get(PASSWORD_VARIABLE)
    if user and password:
        return Credentials(user, password)
    if not sys.stdin.isatty():
        raise UserError(
            "ST's cloud wants an account, and there is no terminal to ask on",
            f"set {USER_VARIABLE} and {PASSWORD_VARIABLE}, or run scons cloud-login first",
        )
    user = user or input("my.st.com e-mail address: ").strip()
    return Credentials(user, password or getpass.getpass("my.st.com password: "))


def log_in(web: Web, where: Endpoints, account: Credentials) -> Token:
    """Log in and keep the token.

    Raises:
        UserError: wrong password, blocked account, or a page that is not understood.
    """
    page = web.get(
        f"{where.sso}/as/authorization.oauth2",
        params={
            "response_type": "code",
            "client_id": where.client_id,
            "scope": "openid",
            "redirect_uri": where.callback,
            "response_mode": "query",
        },
    )
    form = _LoginForm()
    form.feed(page.text)
    if page.status != 200 or form.action is None:
        raise UserError(f"ST's login page is not there (status {page.status})", _CHANGED)
    address = urljoin(page.url, form.action)
    _check_trusted(address, where)
    answer = web.post(
        address,
        data={
            **form.hidden,
            "username": account.user,
            "password": account.password,
            "_eventId": "Login",
        },
        allow_redirects=False,
    )
    if answer.status == 200:
        raise _refused(answer.text)
    code = _code(web, where, answer.headers.get("Location", ""), address)
    answer = web.post(
        f"{where.user}/login/callback",
        data={"redirect_url": where.callback, "code": code},
        allow_redirects=False,
    )
    found = token.parse(answer.json()) if answer.status == 200 else None
    if found is None:
        raise UserError(f"ST's cloud gave no token (status {answer.status})", "try again later")
    token.save(found)
    return found


class _LoginForm(HTMLParser):
    """The first form with a password: where it goes and its hidden fields."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.hidden: dict[str, str] = {}
        self._open: tuple[str, dict[str, str], bool] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = (values.get("action", ""), {}, False)
        elif tag == "input" and self._open:
            action, hidden, has_password = self._open
            if values.get("type", "").lower() == "hidden" and values.get("name"):
                hidden[values["name"]] = values.get("value", "")
            if values.get("name") == "password" or values.get("type", "").lower() == "password":
                has_password = True
            self._open = (action, hidden, has_password)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._open:
            action, hidden, has_password = self._open
            if self.action is None and has_password:
                self.action, self.hidden = action, hidden
            self._open = None


def _check_trusted(address: str, where: Endpoints) -> None:
    """The password may go there: encrypted, to ST or the sign-on itself.

    Raises:
        UserError: it may not.
    """
    name = urlsplit(address).hostname or ""
    known = name == urlsplit(where.sso).hostname or name.endswith(_TRUSTED_DOMAIN)
    if not (known and is_safe(address)):
        raise UserError(f"ST's login page wants the password sent to {name}", _CHANGED)


def _refused(page: str) -> UserError:
    """Why the login page came again."""
    text = page.lower()
    if "exceeded" in text and "attempts" in text:
        return UserError(
            "the my.st.com account is blocked after too many attempts",
            "set a new password on my.st.com",
        )
    if "wrong password" in text or "attempts left" in text:
        return UserError(
            "my.st.com does not accept this e-mail address and password",
            "check them in a browser: after five wrong ones the account is blocked",
        )
    return UserError("my.st.com shows its login page again", _CHANGED)


def _code(web: Web, where: Endpoints, address: str, referrer: str) -> str:
    """Follow the redirects to the callback, which is not visited; returns the code in it.

    Raises:
        UserError: they lead elsewhere.
    """
    for _ in range(_MOST_REDIRECTS):
        address = urljoin(referrer, address)
        if address.split("?", 1)[0] == where.callback:
            codes = parse_qs(urlsplit(address).query).get("code")
            if codes:
                return codes[0]
            break
        if not is_safe(address):
            break
        answer = web.get(address, allow_redirects=False)
        if answer.status not in (301, 302, 303, 307, 308):
            break
        referrer, address = address, answer.headers.get("Location", "")
    raise UserError("my.st.com did not lead back to the cloud after the login", _CHANGED)
