"""A stand-in for ST's Developer Cloud and its single sign-on, on this computer only.

Its paths, forms and answers are those of ST's own client (stm32ai-modelzoo-services,
common/stm32ai_dc). Tests say how it misbehaves.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD = "somebody@example.com", "correct horse"
ACCESS, REFRESH = "access-token-", "refresh-token-"
LOGIN_PAGE = """<html><body><form action="/search"><input name="q"/></form>
<form method="post" action="{action}" id="fm1">
  <input type="hidden" name="lt" value="LT-1&amp;2"/>
  <input type="hidden" name="execution" value="e1s1"/>
  <input name="username"/><input name="password" type="password"/>
  <p>{text}</p></form></body></html>"""
WRONG = (
    "You have provided the wrong password. You have 4 attempts left after which your account"
    " password will expire."
)
BLOCKED = (
    "You have exceeded 5 login attempts. Please click below on Forgot Password to set a new one."
)


@dataclass
class Cloud:
    """State and manners of the stand-in.

    Attributes:
        zipped: what a generated bundle is.
        states: of a run, one for each time it is asked for; the last one stays.
        failing: path prefix → how many times it answers with 503.
        garbled: path prefixes that answer with HTML instead.
        cut: how many downloads are cut off in the middle.
        blocked: the account is.
        form_action: where the login form goes.
        token_seconds: how long tokens live.
        revoked: access tokens that are refused although they look fresh.
        refreshing: refresh tokens work.
    """

    zipped: bytes = b""
    states: list[dict[str, Any]] = field(default_factory=lambda: [{"state": "done"}])
    failing: Counter[str] = field(default_factory=Counter)
    garbled: tuple[str, ...] = ()
    cut: int = 0
    blocked: bool = False
    form_action: str = "/cas/login?service=x&amp;y=1"
    token_seconds: float = 3600.0
    revoked: set[str] = field(default_factory=set)
    refreshing: bool = True
    # What happened.
    requests: list[str] = field(default_factory=list)
    models: dict[str, int] = field(default_factory=dict)
    orders: list[dict[str, Any]] = field(default_factory=list)
    pools: list[bytes] = field(default_factory=list)
    benchmarks: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tokens: int = 0
    polls: int = 0

    def count(self, start: str) -> int:
        """How many requests began like that."""
        return sum(request.startswith(start) for request in self.requests)

    def token(self) -> dict[str, Any]:
        """A new token."""
        self.tokens += 1
        return {
            "access_token": f"{ACCESS}{self.tokens}",
            "refresh_token": f"{REFRESH}{self.tokens}",
            "expires_at": time.time() + self.token_seconds,
        }


class Handler(BaseHTTPRequestHandler):
    """The stand-in's answers."""

    protocol_version = "HTTP/1.1"
    cloud: Cloud

    def log_message(self, format: str, *args: object) -> None:
        """Tests look at `requests` instead."""

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        path = re.sub("/+", "/", parts.path)
        self.cloud.requests.append(f"{self.command} {path}")
        for prefix in self.cloud.failing:
            if path.startswith(prefix) and self.cloud.failing[prefix] > 0:
                self.cloud.failing[prefix] -= 1
                return self._send(503, b"<html>Service Unavailable</html>", "text/html")
        if path.startswith(self.cloud.garbled or ("\0",)):
            return self._send(200, b"<html>Maintenance</html>", "text/html")
        routes = (
            ("GET", r"/as/authorization\.oauth2", self._authorize),
            ("GET", r"/cas/page", self._login_page),
            ("POST", r"/cas/login", self._login),
            ("GET", r"/cas/step", self._step),
            ("POST", r"/api/user_service/login/callback", self._callback),
            ("POST", r"/api/user_service/login/refresh", self._refresh),
            ("GET", r"/assets/versions\.json", self._versions),
            ("GET", r"/api/file/files/models", self._list_models),
            ("POST", r"/api/file/files/models", self._upload),
            ("POST", r"/api/([\d.]+)/stm32ai/generate", self._generate),
            ("GET", r"/api/([\d.]+)/stm32ai/run/([\w-]+)", self._run),
            ("GET", r"/api/file/files/generated/([\w.-]+)", self._download),
            ("GET", r"/api/benchmark/boards", self._boards),
            ("POST", r"/api/benchmark/benchmark/([\w-]+)", self._benchmark),
            ("GET", r"/api/benchmark/benchmark/([\w-]+)", self._benchmark_state),
        )
        for method, pattern, answer in routes:
            match = re.fullmatch(pattern, path)
            if method == self.command and match:
                self.query, self.body = parse_qs(parts.query), body
                return answer(*match.groups())
        return self._send(404, b"no such thing", "text/plain")

    # --- answering --------------------------------------------------------------------------------

    def _send(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _json(self, value: Any, status: int = 200) -> None:
        self._send(status, json.dumps(value).encode(), "application/json")

    def _redirect(self, address: str) -> None:
        self._send(302, b"", "text/html", Location=address)

    def _form(self) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(self.body.decode()).items()}

    def _authorized(self) -> bool:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token.startswith(ACCESS) and token not in self.cloud.revoked:
            return True
        self._json({"error": "unauthorized"}, 401)
        return False

    # --- single sign-on ---------------------------------------------------------------------------

    def _authorize(self) -> None:
        assert self.query["response_type"] == ["code"]
        assert self.query["client_id"] == ["oidc_prod_client_app_stm32ai"]
        self._redirect("/cas/page")

    def _login_page(self, text: str = "") -> None:
        page = LOGIN_PAGE.format(action=self.cloud.form_action, text=text)
        self._send(200, page.encode(), "text/html")

    def _login(self) -> None:
        form = self._form()
        assert (form["lt"], form["_eventId"]) == ("LT-1&2", "Login")
        if self.cloud.blocked:
            return self._login_page(BLOCKED)
        if (form["username"], form["password"]) != (USER, PASSWORD):
            return self._login_page(WRONG)
        return self._redirect("/cas/step")

    def _step(self) -> None:
        self._redirect(f"http://{self.headers['Host']}/callback?code=secret-code")

    def _callback(self) -> None:
        form = self._form()
        if form["code"] == "secret-code" and form["redirect_url"].endswith("/callback"):
            return self._json(self.cloud.token())
        return self._json({"error": "code"}, 400)

    def _refresh(self) -> None:
        if self.cloud.refreshing and self._form()["refresh_token"].startswith(REFRESH):
            return self._json(self.cloud.token())
        return self._json({"error": "refresh"}, 400)

    # --- services ---------------------------------------------------------------------------------

    def _versions(self) -> None:
        self._json(
            [
                {"version": "8.1.0", "isLatest": False},
                {"version": "2.2.0", "isLatest": False, "platform": {"stm32": "10.2.0"}},
                {"version": "3.0.0", "isLatest": True, "platform": {"stm32": "11.0.0"}},
            ]
        )

    def _list_models(self) -> None:
        if self._authorized():
            self._json([{"name": name} for name in self.cloud.models])

    def _upload(self) -> None:
        if self._authorized():
            name = re.search(rb'name="file"; filename="([^"]+)"', self.body)
            assert name
            self.cloud.models[name[1].decode()] = len(self.body)
            self._json({"upload": True})

    def _generate(self, version: str) -> None:
        if not self._authorized():
            return None
        args = re.search(rb'name="args"\r\n\r\n(.*?)\r\n', self.body, re.DOTALL)
        assert args
        order = json.loads(args[1])
        self.cloud.orders.append({"version": version, **order})
        self.cloud.pools += re.findall(rb'name="mpool".*?\r\n\r\n(.*?)\r\n--', self.body, re.DOTALL)
        if order["model"] not in self.cloud.models:
            return self._json({"status": "ko", "error": "model not found"})
        self.cloud.polls = 0
        return self._json({"runtimeId": f"run-{len(self.cloud.orders)}"})

    def _run(self, version: str, run: str) -> None:
        if not self._authorized():
            return None
        if run != f"run-{len(self.cloud.orders)}":
            return self._json({"error": "no such run"}, 404)
        state = dict(self.cloud.states[min(self.cloud.polls, len(self.cloud.states) - 1)])
        self.cloud.polls += 1
        if state["state"] == "done":
            state["result"] = {
                "url": "https://x.invalid/a/b/bundle-1.zip",
                "graph": {},
                "report": {},
            }
        return self._json(state)

    def _download(self, name: str) -> None:
        if not self._authorized():
            return None
        if name != "bundle-1.zip":
            return self._json({"error": "no such file"}, 404)
        if self.cloud.cut > 0:
            self.cloud.cut -= 1
            self.send_response(200)
            self.send_header("Content-Type", "application/zip")
            self.send_header("Content-Length", str(len(self.cloud.zipped)))
            self.end_headers()
            self.wfile.write(self.cloud.zipped[: len(self.cloud.zipped) // 2])
            self.wfile.flush()
            self.close_connection = True
            return None
        return self._send(200, self.cloud.zipped, "application/zip")

    def _boards(self) -> None:
        if self._authorized():
            facts = {"boardCount": 2, "flashSize": "128", "deviceCpu": "Cortex-M7"}
            self._json({"STM32H750B-DK": facts, "STM32F746G-DISCO": facts})

    def _benchmark(self, board: str) -> None:
        if self._authorized():
            self.cloud.benchmarks.append((board, json.loads(self.body)))
            self.cloud.polls = 0
            self._json({"benchmarkId": "bench-1", "model": "m", "args": {}})

    def _benchmark_state(self, run: str) -> None:
        if not self._authorized():
            return None
        state = dict(self.cloud.states[min(self.cloud.polls, len(self.cloud.states) - 1)])
        self.cloud.polls += 1
        if state["state"] == "done":
            exec_time = {"cycles": 142_000, "duration_ms": 0.2958, "cycles_by_macc": 1.3}
            sizes = {
                "weights": 109992,
                "activations": 3760,
                "kernel_flash": 9408,
                "kernel_ram": 1756,
            }
            info = {"graphs": [{"exec_time": exec_time}], "memory_footprint": sizes}
            state["benchmark"] = {"info": info}
        return self._json(state)


class Server(ThreadingHTTPServer):
    """The stand-in, listening."""

    daemon_threads = True

    def __init__(self, cloud: Cloud) -> None:
        handler = type("CloudHandler", (Handler,), {"cloud": cloud})
        super().__init__(("127.0.0.1", 0), handler)
        self.cloud = cloud
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    @property
    def address(self) -> str:
        """Its base address."""
        return f"http://127.0.0.1:{self.server_address[1]}"
