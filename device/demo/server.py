"""The page and its WebSocket, for this computer only.

The first message, to the page, is JSON: what the network takes and gives. A message of the page is
four bytes of number, one of the kind and an input of the kind's size; the answer is JSON with the
same number. Anything else ends the connection.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import re
import socket
from collections.abc import AsyncIterator
from typing import Any

import h11
import uvicorn
from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.protocols.http.h11_impl import H11Protocol

from device.demo.network import Network
from device.demo.reader import Reader
from support.errors import UserError

ADDRESS = "127.0.0.1"
_NUMBER = 4
_HEAD = _NUMBER + 1
_MOST_TABS = 16
# Seconds that a browser may take for a request, from its connection on: this computer's own.
_PATIENCE = 5.0
# RFC 6455, 7.4.1: close codes.
_UNSUPPORTED, _POLICY, _TRY_LATER = 1003, 1008, 1013


def application(page: str, reader: Reader, network: Network, port: int) -> Starlette:
    """The web application.

    Args:
        page: HTML with its script and style inside.
        reader: asked for each input; one at a time.
        network: what it is asked for.
        port: that it is served on: part of the names it answers to.
    """
    hosts = {f"{name}:{port}" for name in (ADDRESS, "localhost")}
    headers = _headers(page, hosts)
    tabs: set[WebSocket] = set()
    one_at_a_time = CapacityLimiter(1)

    def is_us(connection: HTTPConnection) -> bool:
        """A name that leads here from elsewhere (DNS rebinding) is not ours."""
        return connection.headers.get("host", "") in hosts

    async def index(request: Request) -> Response:
        if not is_us(request):
            return PlainTextResponse("this page is served to this computer only\n", 421)
        return HTMLResponse(page, headers=headers)

    async def read(websocket: WebSocket) -> None:
        origin = websocket.headers.get("origin", "")
        if not is_us(websocket) or origin.removeprefix("http://") not in hosts:
            await websocket.close(_POLICY)  # before accept: the handshake is refused, 403
            return
        await websocket.accept()
        if len(tabs) >= _MOST_TABS:
            await websocket.close(_TRY_LATER, "too many tabs")
            return
        tabs.add(websocket)
        try:
            await websocket.send_json(network.told())
            while True:
                await _answer(websocket, reader, network, one_at_a_time)
        except WebSocketDisconnect:
            pass  # closed, perhaps in the middle of a stroke
        finally:
            tabs.discard(websocket)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await to_thread.run_sync(reader.close)

    routes = [Route("/", index), WebSocketRoute("/read", read)]
    return Starlette(routes=routes, lifespan=lifespan)


async def _answer(
    websocket: WebSocket, reader: Reader, network: Network, limiter: CapacityLimiter
) -> None:
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    data = message.get("bytes")
    if data is None or len(data) < _HEAD or network.sizes.get(data[_NUMBER]) != len(data) - _HEAD:
        await websocket.close(_UNSUPPORTED, "no question that this network is asked")
        raise WebSocketDisconnect(_UNSUPPORTED)
    kind, payload = data[_NUMBER], data[_HEAD:]
    answer: dict[str, Any]
    try:
        answer = await to_thread.run_sync(reader.read, network, kind, payload, limiter=limiter)
    except UserError as error:
        answer = {"error": str(error)}
    answer["number"] = int.from_bytes(data[:_NUMBER], "little")
    with contextlib.suppress(RuntimeError):  # closed while the firmware was at work
        await websocket.send_json(answer)


def _headers(page: str, hosts: set[str]) -> dict[str, str]:
    """Only what stands in the page runs, and it talks to nobody but us."""
    talks_to = " ".join(f"ws://{host}" for host in sorted(hosts))
    policy = [
        "default-src 'none'",
        f"script-src {_sources(page, 'script')}",
        f"style-src {_sources(page, 'style')}",
        f"connect-src {talks_to}",
        "img-src data: blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }


def _sources(page: str, tag: str) -> str:
    """The hashes of all inline elements (Content Security Policy Level 3, 2.3.1)."""
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()) for text in found]
    return " ".join(f"'sha256-{digest.decode()}'" for digest in digests) or "'none'"


def listen(port: int | None, preferred: int) -> socket.socket:
    """A socket on the loopback interface.

    Args:
        port: that must be it; None takes `preferred`, or any when that is in use.

    Raises:
        UserError: `port` is in use, or not permitted.
    """
    for candidate in (preferred, 0) if port is None else (port,):
        try:
            return socket.create_server((ADDRESS, candidate))
        except OSError as error:
            refused = error
    raise UserError(
        f"{ADDRESS}:{port}: cannot listen there ({refused.strerror})",
        "give another port with listen=, or none",
    )


class _Impatient(H11Protocol):
    """HTTP that ends a connection whose next request does not come, or does not come whole.

    uvicorn's own limit begins with an answer: who never asks would be waited for for ever.
    """

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Go on waiting while the head of a request is not whole."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._wait()
        else:
            self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there to wait for."""
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(_PATIENCE, self.transport.close)

    def _stop(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


def serve(app: Starlette, network: Network, listener: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        http=_Impatient,
        ws="websockets-sansio",
        ws_max_size=_HEAD + max(network.sizes.values()),
        ws_per_message_deflate=False,  # noise grows when it is packed, beyond that size
        ws_ping_interval=20,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    uvicorn.Server(config).run(sockets=[listener])
