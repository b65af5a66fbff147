"""Serving a study: a port of this machine, links for raters, and a clean end."""

from __future__ import annotations

import errno
import importlib
import io
import ipaddress
import signal
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.file import OpenStudy
from fiqa_studio.study.raters import Rater

DEFAULT_PORT = 8765
_BACKLOG = 512
_ENDING = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a study is served.

    Attributes:
        base: What links begin with, such as ``http://192.168.1.20:8765``.
    """

    socket: socket.socket
    base: str
    host: str
    port: int


def bind(host: str, port: int, *, base: str = "") -> Place:
    """Take a port, before anything else is begun.

    Args:
        host: An address of this machine; ``0.0.0.0`` or ``::`` for all of them.
        port: 0: any that is free.
        base: What links begin with where the server is reached under another name.

    Raises:
        StudyError: ``serve.port``: in use or not allowed; ``serve.host``.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
        taken.listen(_BACKLOG)  # who comes before the server runs, waits
    except (OSError, OverflowError) as error:
        taken.close()
        if isinstance(error, socket.gaierror) or getattr(error, "errno", 0) == errno.EADDRNOTAVAIL:
            raise StudyError(
                f"“{host}” is no address of this machine.",
                remedy="Use 127.0.0.1 for this machine alone, 0.0.0.0 for its network.",
                code="serve.host",
            ) from error
        raise StudyError(
            f"Port {port} cannot be used.",
            cause=str(error),
            remedy="End the program that uses it, or choose another with --port.",
            code="serve.port",
        ) from error
    chosen = int(taken.getsockname()[1])
    shown = _reachable(host)
    name = f"[{shown}]" if ":" in shown else shown
    return Place(taken, (base or f"http://{name}:{chosen}").rstrip("/"), host, chosen)


def link(place: Place, rater: Rater) -> str:
    """The rater's own link. The token is a fragment: browsers do not send or log it."""
    return f"{place.base}/#t={rater.token}"


def qr_text(address: str) -> str:
    """The link as a QR code of block characters, for a terminal."""
    segno = _extra("segno")
    buffer = io.StringIO()
    segno.make(address, error="m").terminal(out=buffer, compact=True)
    return buffer.getvalue()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Serving:
    """A server that is made, and runs until somebody ends it."""

    def __init__(self, server: Any, place: Place) -> None:
        self._server = server
        self._place = place
        self._asked = 0

    def end(self, number: int, _frame: object) -> None:
        """End it politely, as a handler of signals; asked before it runs, it never will."""
        self._asked = number
        self._server.should_exit = True

    def run(self) -> None:
        """Serve until `end`; requests under way are finished.

        Raises:
            KeyboardInterrupt: it was ended by Ctrl+C or by SIGTERM.
        """
        if not self._asked:
            self._server.run(sockets=[self._place.socket])
        if self._asked:
            raise KeyboardInterrupt


@contextmanager
def serving(
    opened: OpenStudy, place: Place, *, names: Iterable[str] = (), client: str = "web"
) -> Iterator[Serving]:
    """A server made ready, whose Ctrl+C and SIGTERM count from now on.

    An exception of Ctrl+C raised anywhere, as Python does it, can be lost in what is being
    imported or collected at that moment; a handler that only notes it cannot.

    Raises:
        StudyError: ``serve.extra``: starlette or uvicorn is not installed.
    """
    uvicorn = _extra("uvicorn")
    _extra("starlette")
    from fiqa_studio.study.web.app import Desk, make_app  # noqa: PLC0415 - needs the extra

    config = uvicorn.Config(
        make_app(Desk(opened, client=client), names=names),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        limit_concurrency=1000,
        ws="none",
    )
    found = Serving(uvicorn.Server(config), place)
    # uvicorn puts its own handlers in their place while it runs, and hands on to these after.
    before = {number: signal.signal(number, found.end) for number in _ENDING}
    try:
        yield found
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _reachable(host: str) -> str:
    """An address that others on the network can use, for the links."""
    if host not in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return host
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        # Nothing is sent: this only asks which way a packet would leave (RFC 5737 address).
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])
    except OSError:
        return "127.0.0.1"
    finally:
        probe.close()


def _extra(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise StudyError(
            "The web page needs packages that are not installed.",
            cause=str(error),
            remedy="Install fiqa-studio[web].",
            code="serve.extra",
        ) from error
