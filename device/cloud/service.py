"""Requests with the token, which is renewed or asked for when it has ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from device.cloud import token
from device.cloud.endpoints import Endpoints
from device.cloud.login import credentials, log_in
from device.cloud.token import Token
from device.cloud.web import Answer, Web
from support.errors import UserError


class Service:
    """The cloud for somebody with an account."""

    def __init__(self, web: Web, where: Endpoints) -> None:
        self.web, self.where = web, where
        self._token: Token | None = None

    def get(self, url: str, **options: Any) -> Answer:
        """GET as this account."""
        return self._with_token(lambda bearer: self.web.get(url, headers=bearer, **options))

    def post(self, url: str, **options: Any) -> Answer:
        """POST as this account."""
        return self._with_token(lambda bearer: self.web.post(url, headers=bearer, **options))

    def download(self, url: str, path: Path, progress: Callable[[int, int], None]) -> int:
        """Download as this account."""
        return self.web.download(url, path, progress, headers=self._bearer())

    def _with_token(self, ask: Callable[[dict[str, str]], Answer]) -> Answer:
        """Ask, and once more with a new token when the old one is refused.

        Raises:
            UserError: the new one is refused too.
        """
        answer = ask(self._bearer())
        if answer.status != 401:
            return answer
        answer = ask(self._bearer(renew=True))
        if answer.status == 401:
            raise UserError(
                "ST's cloud refuses this account's token", "run scons cloud-login and try again"
            )
        return answer

    def _bearer(self, *, renew: bool = False) -> dict[str, str]:
        kept = self._token or token.load()
        if kept is None:
            kept = log_in(self.web, self.where, credentials())
        elif renew or not kept.is_fresh:
            kept = self._renewed(kept)
        self._token = kept
        return {"Authorization": f"Bearer {kept.access}", "Accept": "application/json"}

    def _renewed(self, old: Token) -> Token:
        """A new token by the old one's refresh token, else by logging in."""
        if old.refresh:
            answer = self.web.post(
                f"{self.where.user}/login/refresh",
                data={"refresh_token": old.refresh},
                allow_redirects=False,
            )
            found = token.parse(answer.json(), old) if answer.status == 200 else None
            if found:
                token.save(found)
                return found
        return log_in(self.web, self.where, credentials())
