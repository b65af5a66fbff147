"""Serving a study: a port of this machine, links for raters, and a clean end."""

from __future__ import annotations

import errno
import importlib
import io
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.file import OpenStudy
from fiqa_studio.study.raters import Rater

DEFAULT_PORT = 8765
_BACKLOG = 512


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


def run(opened: OpenStudy, place: Place, *, names: Iterable[str] = (), client: str = "web") -> None:
    """Serve until the process is told to end; requests under way are finished.

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
    uvicorn.Server(config).run(sockets=[place.socket])


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
