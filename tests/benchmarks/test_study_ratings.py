"""How long a rating takes: in a window's process, and with a hundred raters on the web page."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fiqa_studio.study import file, raters
from fiqa_studio.study.planning.design import build
from fiqa_studio.study.sitting.sitting import open_sitting
from fiqa_studio.study.sitting.steps import Trial
from fiqa_studio.study.values import Rules, StimulusSource, Texts
from tests.study.values import faces
from tests.study.web.client import Server

pytestmark = pytest.mark.benchmark

_RATERS = 100
_SECONDS = 20.0
_THINK_SECONDS = 1.0


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """240 stimuli in six batches."""
    path = tmp_path / "faces.study"
    listed = [StimulusSource(name=p.name, picture=p) for p in faces(tmp_path / "in", 240)]
    rules = Rules(checks=(), minimum_viewing_ms=0, raters_wanted=1000, gold_per_batch=0)
    built = build(listed, file.pictures_folder(path), title="", rules=rules, texts=Texts(), seed=1)
    file.create(built.study, path)
    return path


def test_from_key_to_commit(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answered, following = [], []
    with file.opened(study) as opened:
        sitting = open_sitting(opened, "Anna", client="window")
        step = sitting.step()
        while isinstance(step, Trial) and len(answered) < 200:
            start = time.perf_counter()
            sitting.answer(step.id, {"quality": 50.0}, attempt=step.attempt)
            answered.append(time.perf_counter() - start)
            start = time.perf_counter()
            step = sitting.step()
            assert isinstance(step, Trial)
            sitting.picture(step.pictures[0])
            following.append(time.perf_counter() - start)
    for name, found, most in (("key to commit", answered, 20), ("next", following, 50)):
        median, high = 1000 * np.quantile(found, [0.5, 0.95])
        _say(capsys, f"{name}: median {median:.1f} ms, p95 {high:.1f} ms")
        assert median < most


def test_a_hundred_raters_at_once(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with file.opened(study) as opened:
        tokens = [raters.add(opened.database, f"rater {i}").token for i in range(_RATERS)]
    server = Server(study)
    waited: list[float] = []
    refused: list[Any] = []
    try:
        asyncio.run(_all(server.port, tokens, waited, refused))
    finally:
        server.stop()
    median, high, highest = 1000 * np.quantile(waited, [0.5, 0.95, 0.99])
    rate = len(waited) / _SECONDS
    text = f"{_RATERS} raters, {rate:.0f} ratings/s: median {median:.1f} ms, p95 {high:.1f} ms"
    _say(capsys, f"{text}, p99 {highest:.1f} ms")
    assert refused == []
    assert high < 100


async def _all(port: int, tokens: list[str], waited: list[float], refused: list[Any]) -> None:
    end = time.monotonic() + _SECONDS
    people = (_rate(port, token, i, end, waited, refused) for i, token in enumerate(tokens))
    await asyncio.gather(*people)


async def _rate(
    port: int, token: str, seed: int, end: float, waited: list[float], refused: list[Any]
) -> None:
    draw = random.Random(seed)
    await asyncio.sleep(draw.random() * _THINK_SECONDS)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def post(name: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        data = json.dumps(body).encode()
        writer.write(
            f"POST /api/{name} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Content-Type: application/json\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Length: {len(data)}\r\n\r\n".encode()
            + data
        )
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        return int(head.split()[1]), json.loads(await reader.readexactly(length))

    _, reply = await post("step", {})
    while time.monotonic() < end and reply["step"]["page"] == "trial":
        await asyncio.sleep(_THINK_SECONDS * (0.5 + draw.random()))
        step, start = reply["step"], time.perf_counter()
        body = {"trial": step["trial"], "attempt": step["attempt"],
                "values": {"quality": round(draw.uniform(1, 100), 2)}}  # fmt: skip
        status, reply = await post("answer", body)
        waited.append(time.perf_counter() - start)
        if status != 200:
            refused.append(reply)
            return
    writer.close()


def _say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{text}")
