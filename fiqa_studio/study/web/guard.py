"""What stands before every request: who may ask, from where, how much and how often."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 16_384
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """ASGI middleware: Host and Origin are ours, bodies are small, answers are not kept.

    A page of somebody else's cannot reach a server on the rater's machine: it would send its own
    Origin, or (after DNS rebinding) its own name as Host. An address is believed if it is the one
    that the connection came in at; a name only if the owner gave it.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()):
        self._app = app
        self._names = {name.lower() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or say why not."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return  # no web sockets here
        headers = Headers(scope=scope)
        refused = self._refused(scope, headers)
        if refused:
            status, message = refused
            answer = JSONResponse({"error": "refused", "message": message}, status)
            await answer(scope, receive, _with_headers(send, scope))
            return
        await self._app(scope, _limited(receive), _with_headers(send, scope))

    def _refused(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not self._ours(host, scope):
            return 421, "This server does not answer under that name."
        origin = headers.get("origin")
        if origin is not None and not self._same(origin, host):
            return 403, "Requests from other pages are refused."
        if headers.get("sec-fetch-site") in {"cross-site", "same-site"} and scope[
            "path"
        ].startswith("/api/"):
            return 403, "Requests from other pages are refused."
        if scope["method"] == "POST":
            if not headers.get("content-type", "").startswith("application/json"):
                return 415, "Only JSON is taken."
            length = headers.get("content-length", "")
            if not length.isdecimal() or int(length) > LARGEST_BODY:
                return 413, "That is too much at once."
        return None

    def _ours(self, host: str, scope: Scope) -> bool:
        try:
            parts = urlsplit(f"//{host}")
            name, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            return False
        if name in self._names:
            return True
        address, own_port = scope.get("server") or ("", None)
        if own_port is not None and (port or 80) != own_port:
            return False
        local = _address(address)
        if name == "localhost":
            return local is not None and local.is_loopback
        asked = _address(name)
        return asked is not None and asked == local

    def _same(self, origin: str, host: str) -> bool:
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme in {"http", "https"} and parts.netloc.lower() == host.lower()


@dataclass(slots=True)
class Bucket:
    """So many requests at once, and so many a second after that."""

    most: float
    a_second: float
    clock: Callable[[], float] = time.monotonic
    left: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self.left, self._at = self.most, self.clock()

    def take(self) -> float:
        """Take one; returns the seconds to wait where there is none, else 0."""
        now = self.clock()
        self.left = min(self.most, self.left + (now - self._at) * self.a_second)
        self._at = now
        if self.left >= 1.0:
            self.left -= 1.0
            return 0.0
        return (1.0 - self.left) / self.a_second


class Buckets:
    """A bucket for each key (a rater, an address), as many as fit."""

    def __init__(self, most: float, a_second: float, *, keys: int = 10_000):
        self._most, self._a_second, self._keys = most, a_second, keys
        self._buckets: dict[str, Bucket] = {}

    def take(self, key: str) -> float:
        """As `Bucket.take`, for this key."""
        bucket = self._buckets.pop(key, None) or Bucket(self._most, self._a_second)
        self._buckets[key] = bucket  # the newest last
        if len(self._buckets) > self._keys:
            del self._buckets[next(iter(self._buckets))]
        return bucket.take()


def _address(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return mapped or found


def _limited(receive: Receive) -> Receive:
    """A body that turns out longer than it said ends the connection."""
    taken = 0

    async def limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > LARGEST_BODY:
            return {"type": "http.disconnect"}
        return message

    return limited


def _with_headers(send: Send, scope: Scope) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            if scope["path"].startswith("/api/") and "cache-control" not in headers:
                headers["cache-control"] = "no-store"
        await send(message)

    return sending
