"""HTTP with care: certificates checked, proxies respected, nothing waits or grows for ever.

Proxies come from HTTPS_PROXY, HTTP_PROXY and NO_PROXY, further certificates from
REQUESTS_CA_BUNDLE, as requests reads them. Messages name hosts only: addresses can hold secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from support.errors import UserError
from support.files import atomic_path, parse_json

CONNECT_SECONDS, READ_SECONDS = 15.0, 90.0
TRIES = 5
LARGEST_ANSWER = 16 << 20
LARGEST_DOWNLOAD = 512 << 20
# Overloaded, restarting, or behind a gateway that gave up: worth another try.
_PASSING = (429, 500, 502, 503, 504)
_AGENT = "Mozilla/5.0 (compatible; nn2flash)"
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Answer:
    """An answer, read to its end.

    Attributes:
        url: where it came from in the end.
        body: at most LARGEST_ANSWER bytes.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text, whatever its bytes."""
        return self.body.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            UserError: it is something else, such as a proxy's page.
        """
        try:
            return parse_json(self.body)
        except ValueError:
            raise UserError(
                f"{host(self.url)}: answered something that is not JSON (status {self.status})",
                "try again; a proxy or a maintenance page may be in the way",
            ) from None


def host(url: str) -> str:
    """The host of an address, for messages."""
    return urlsplit(url).hostname or "?"


class Web:
    """One session of requests.

    Args:
        pause: seconds before the second try; each further one waits twice as long.
    """

    def __init__(self, pause: float = 1.0) -> None:
        self.pause = pause
        self._session = requests.Session()
        self._session.headers["User-Agent"] = _AGENT
        again = Retry(
            total=TRIES,
            backoff_factor=pause / 2,
            backoff_max=30,
            status_forcelist=_PASSING,
            allowed_methods={"GET", "HEAD"},
            respect_retry_after_header=True,
            raise_on_status=False,
        )
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=again))

    def get(self, url: str, **options: Any) -> Answer:
        """GET, tried again when the trouble may pass.

        Raises:
            UserError: no answer, with the reason.
        """
        return self._ask("GET", url, options)

    def post(self, url: str, **options: Any) -> Answer:
        """POST, once: who knows what the first one did.

        Raises:
            UserError: no answer, with the reason.
        """
        return self._ask("POST", url, options)

    def download(
        self, url: str, path: Path, progress: Callable[[int, int], None], **options: Any
    ) -> int:
        """Write a body to a file, whole or not at all; returns its bytes.

        Args:
            progress: called with bytes so far and bytes in all (0: unknown).

        Raises:
            UserError: no answer, another status than 200, cut off, or too large.
        """
        try:
            with self._send("GET", url, options) as response:
                if response.status_code != 200:
                    raise UserError(
                        f"{host(url)}: the download answers with status {response.status_code}",
                        "try again later",
                    )
                total = int(response.headers.get("Content-Length") or 0)
                done = 0
                with atomic_path(path) as temporary, temporary.open("wb") as out:
                    for chunk in response.iter_content(_CHUNK):
                        done += len(chunk)
                        if done > LARGEST_DOWNLOAD:
                            raise UserError(f"{host(url)}: sends more than any bundle has")
                        out.write(chunk)
                        progress(done, total)
                return done
        except (requests.RequestException, ValueError) as error:
            raise _explained(url, error) from None

    def _ask(self, method: str, url: str, options: dict[str, Any]) -> Answer:
        try:
            with self._send(method, url, options) as response:
                body = bytearray()
                for chunk in response.iter_content(_CHUNK):
                    body += chunk
                    if len(body) > LARGEST_ANSWER:
                        raise UserError(f"{host(url)}: the answer is too long to be one")
                return Answer(
                    response.status_code, response.url, dict(response.headers), bytes(body)
                )
        except requests.RequestException as error:
            raise _explained(url, error) from None

    def _send(self, method: str, url: str, options: dict[str, Any]) -> requests.Response:
        return self._session.request(
            method, url, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS), **options
        )


def _explained(url: str, error: Exception) -> UserError:
    """What went wrong on the way, without the address."""
    name = host(url)
    if isinstance(error, requests.exceptions.ProxyError):
        return UserError(
            f"{name}: the proxy does not let us through", "check HTTPS_PROXY, NO_PROXY"
        )
    if isinstance(error, requests.exceptions.SSLError):
        return UserError(
            f"{name}: its certificate is not trusted",
            "behind a proxy that re-signs traffic, name its certificate in REQUESTS_CA_BUNDLE",
        )
    if isinstance(error, requests.exceptions.Timeout):
        return UserError(f"{name}: no answer in time", "try again later")
    if isinstance(error, requests.exceptions.ConnectionError):
        return UserError(
            f"{name}: cannot be reached",
            "are you online? check HTTPS_PROXY; ai=builtin needs no network",
        )
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return UserError(f"{name}: the answer was cut off", "try again")
    return UserError(f"{name}: {type(error).__name__}", "try again later")
