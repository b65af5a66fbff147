"""A server of a study in a process of its own, and raters who speak HTTP to it."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class Server:
    """``fiqa study serve`` as a user starts it."""

    def __init__(self, study: Path, *arguments: str, port: int = 0):
        self._study, self._arguments = study, arguments
        self.port = port
        self.links: dict[str, str] = {}
        self._process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "fiqa_studio.cli", "study", "serve", str(self._study),
                "--port", str(self.port), *self._arguments,
            ],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        assert process.stdout is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith("Serving at "):
                self.base = line.split()[2].rstrip(".")
                self.port = urlsplit(self.base).port or 0
                break
        else:
            raise AssertionError(f"the server did not start: {said}")
        return process

    def read_links(self, count: int) -> None:
        """Read the links of so many raters from what the server printed."""
        assert self._process.stdout is not None
        for _ in range(count):
            name, _, address = self._process.stdout.readline().strip().partition(": ")
            self.links[name] = address

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate(timeout=30)

    def restart(self) -> None:
        """Start it again, at the same port."""
        self._process = self._start()

    def stop(self) -> int:
        """End it as a user would; the exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=30)
        return self._process.returncode


class Caller:
    """One rater's connection."""

    def __init__(self, port: int, token: str):
        self.port, self.token = port, token
        self._connection: http.client.HTTPConnection | None = None

    def post(self, name: str, body: Any = None, **headers: str) -> tuple[int, dict[str, Any]]:
        """One request; a lost connection is an OSError or HTTPException."""
        return self.send(
            "POST", f"/api/{name}", json.dumps(body if body is not None else {}).encode(), **headers
        )

    def send(
        self, method: str, path: str, data: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Any request; the answer as JSON where it is."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        given = {"content-type": "application/json", "authorization": f"Bearer {self.token}"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self._connection.request(method, path, data, {k: v for k, v in given.items() if v})
            answer = self._connection.getresponse()
            raw = answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        self.headers = answer.headers
        try:
            return answer.status, json.loads(raw)
        except ValueError:
            return answer.status, {"raw": raw}

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
