"""A study on disk, served by a process of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fiqa_studio.study import file
from fiqa_studio.study.planning.design import build
from fiqa_studio.study.values import Rules, StimulusSource, Texts
from tests.study.values import faces
from tests.study.web.client import Caller, Server

PLAIN = Rules(
    batch_size=20, gold_per_batch=0, repeats_per_batch=0, checks=(), minimum_viewing_ms=0,
    refresher_lessons=2, raters_wanted=500,
)  # fmt: skip


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Path]:
    """Makes a study of 40 faces, ``lessons`` of them for training."""

    def make(
        *,
        texts: Texts | None = None,
        lessons: int = 0,
        size: int = 48,
        count: int = 40,
        **rules: object,
    ) -> Path:
        path = tmp_path / "faces.study"
        listed = [
            StimulusSource(name=one.name, picture=one, lesson=(50.0, 20.0) if i < lessons else None)
            for i, one in enumerate(faces(tmp_path / "in", count, size=size))
        ]
        built = build(
            listed, file.pictures_folder(path), title="Faces of friends", seed=3,
            texts=texts or Texts(), rules=dataclasses.replace(PLAIN, **rules),  # type: ignore[arg-type]
        )  # fmt: skip
        file.create(built.study, path)
        return path

    return make


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Serves a study with raters Anna and Ben, whose links are in `Server.links`."""
    servers: list[Server] = []

    def start(study: Path, *arguments: str, port: int = 0) -> Server:
        server = Server(study, "--rater", "Anna", "--rater", "Ben", *arguments, port=port)
        servers.append(server)
        server.read_links(2)
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def call() -> Iterator[Callable[..., Caller]]:
    """A rater's connection to a server."""
    callers: list[Caller] = []

    def connect(server: Server, rater: str = "Anna", token: str | None = None) -> Caller:
        own = server.links[rater].partition("#t=")[2] if token is None else token
        caller = Caller(server.port, own)
        callers.append(caller)
        return caller

    yield connect
    for caller in callers:
        caller.close()
