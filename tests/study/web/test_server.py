"""The server: one rater sees nothing of others, and nobody gets in who was not let in."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fiqa_studio.study import file, raters, reading
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.raters import Rater
from fiqa_studio.study.values import Consent, Question, Texts
from fiqa_studio.study.web import server as serving
from fiqa_studio.study.web.guard import Bucket, Buckets
from tests.study.web.client import Caller, Server

Made = Callable[..., Path]
Serve = Callable[..., Server]
Call = Callable[..., Caller]


def _rate(caller: Caller, step: dict[str, Any], value: float = 50.0) -> tuple[int, dict[str, Any]]:
    body = {"trial": step["trial"], "attempt": step["attempt"], "values": {"quality": value}}
    return caller.post("answer", body)


def _ratings(study: Path) -> list[reading.Rating]:
    with file.opened(study) as opened:
        return reading.ratings(opened.database)


def test_a_rater_rates_to_the_end(made: Made, serve: Serve, call: Call) -> None:
    texts = Texts(
        consent=Consent("Please"), questions=(Question("eyes", "Glasses?", ("yes", "no"), True),),
        completion_code="THANKS",
    )  # fmt: skip
    study = made(texts=texts, checks=("acuity",), checks_required=())
    anna = call(serve(study))
    assert anna.post("step")[1]["step"]["page"] == "consent"
    assert anna.post("agree")[1]["step"]["page"] == "questions"
    assert anna.post("reply", {"answers": {"eyes": "maybe"}})[0] == 400
    check = anna.post("reply", {"answers": {"eyes": "no"}})[1]["step"]
    assert check["page"] == "check"
    assert set(check["choices"]) == {"up", "right", "down", "left"}
    assert "right" not in {key for key in check if key != "choices"}, "the answer is not told"
    reply = anna.post("check", {"name": "acuity", "given": None})[1]
    assert reply["study"]["scale"]["marks"][1] == [25.75, "Poor"]
    count = 0
    while reply["step"]["page"] == "trial":
        assert set(reply["step"]) == {
            "page", "trial", "attempt", "pictures", "training", "accepted", "number", "count",
            "can_go_back",
        }, "nothing tells what kind of trial it is, whose, or how others rated"  # fmt: skip
        status, reply = _rate(anna, reply["step"])
        assert status == 200
        count += 1
    assert count == 40
    assert reply["step"]["code"] == "THANKS"
    found = _ratings(study)
    assert len(found) == 40
    assert {rating.rater for rating in found} == {"Anna"}
    assert anna.headers["server"] is None


def test_pictures_are_for_who_is_shown_them(made: Made, serve: Serve, call: Call) -> None:
    study = made()
    server = serve(study)
    anna = call(server)
    reply = anna.post("step")[1]
    mine, coming = reply["step"]["pictures"][0], reply["coming"][0]
    for digest in (mine, coming):
        status, body = anna.send("GET", f"/api/picture/{digest}")
        assert status == 200
        assert body["raw"].startswith(b"\x89PNG")
    others = [x.hash for x in file.read(study).stimuli if x.hash not in {mine, coming}]
    assert anna.send("GET", f"/api/picture/{others[0]}")[0] == 404
    for path in ("/api/picture/..%2F..%2Ffaces.study", "/api/picture/x", "/../faces.study",
                 "/faces.study", "/app.py", "/static/../app.py"):  # fmt: skip
        status, body = anna.send("GET", path)
        assert status == 404, path
        assert "gold" not in json.dumps(str(body))
    assert call(server, token="").send("GET", f"/api/picture/{mine}")[0] == 401


def test_replays_and_second_tabs_change_nothing(made: Made, serve: Serve, call: Call) -> None:
    study = made()
    server = serve(study)
    one, two = call(server), call(server)
    step = one.post("step")[1]["step"]
    assert two.post("step")[1]["step"] == step, "two tabs show the same"
    status, after = _rate(one, step, 20.0)
    assert (status, after["outcome"]["repeated"]) == (200, False)
    for _ in range(3):
        status, again = _rate(two, step, 20.0)
        assert (status, again["outcome"]["repeated"]) == (200, True)
        assert again["step"] == after["step"]
    status, refused = _rate(two, step, 80.0)
    assert (status, refused["error"]) == (409, "answer.already")
    assert [rating.value for rating in _ratings(study)] == [20.0]


def test_skipping_and_foreign_trials_are_refused(made: Made, serve: Serve, call: Call) -> None:
    study = made()
    server = serve(study)
    anna, ben = call(server), call(server, "Ben")
    first = anna.post("step")[1]["step"]
    his = ben.post("step")[1]["step"]
    assert _rate(anna, his)[0] == 404
    assert _rate(anna, {**first, "trial": "0" * 32})[0] == 404
    assert _rate(anna, {**first, "attempt": 7})[1]["error"] == "answer.already"
    with file.opened(study) as opened, opened.database.read() as connection:
        later = connection.exec_driver_sql(
            "SELECT trial.id FROM trial JOIN rater ON rater.id = rater_id "
            "WHERE name = 'Anna' AND position = 5"
        ).scalar()
    assert _rate(anna, {**first, "trial": later})[1]["error"] == "answer.not-next"
    assert _ratings(study) == []


def test_a_picture_must_be_looked_at(made: Made, serve: Serve, call: Call) -> None:
    study = made(minimum_viewing_ms=60_000)
    anna = call(serve(study))
    step = anna.post("step")[1]["step"]
    status, refused = _rate(anna, step)
    assert (status, refused["error"]) == (425, "answer.too-soon")
    assert 50 < refused["wait"] <= 60
    assert _ratings(study) == []


def test_nonsense_is_refused(made: Made, serve: Serve, call: Call) -> None:
    anna = call(serve(made()))
    for body in (
        b"", b"{", b"[]", b'{"trial": 5}', b"[" * 5000, b'{"surprise": 1}',
        b'{"display": {"scale": "x"}}', b"\xff\xfe",
    ):  # fmt: skip
        for name in ("step", "answer", "reply", "check"):
            status, _ = anna.send("POST", f"/api/{name}", body)
            assert status in {400, 429}, body


def test_values_off_the_scale_are_refused(made: Made, serve: Serve, call: Call) -> None:
    study = made()
    anna = call(serve(study))
    step = anna.post("step")[1]["step"]
    body: dict[str, Any] = {"trial": step["trial"], "attempt": 0}
    for value in ("5", None, 0, 101, -1, 1e308, [5], {"a": 1}, True):
        assert anna.post("answer", body | {"values": {"quality": value}})[0] == 400, value
    for word in ("NaN", "Infinity", "-Infinity", "1e999"):
        text = json.dumps(body | {"values": {"quality": 1}}).replace(": 1}", f": {word}}}")
        assert anna.send("POST", "/api/answer", text.encode())[0] == 400, word
    for values in ({}, {"beauty": 5}, {"quality": 5, "beauty": 5}):
        assert anna.post("answer", body | {"values": values})[0] == 400, values
    assert _ratings(study) == []


def test_only_this_page_may_ask(made: Made, serve: Serve, call: Call) -> None:
    server = serve(made())
    anna = call(server)
    good = {"host": f"127.0.0.1:{server.port}", "origin": f"http://127.0.0.1:{server.port}"}
    assert anna.post("step", **good)[0] == 200
    local = {"host": f"localhost:{server.port}", "origin": f"http://localhost:{server.port}"}
    assert anna.post("step", **local)[0] == 200
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{server.port + 1}",
                   f"http://127.0.0.1:{server.port}.evil.example"):  # fmt: skip
        assert anna.post("step", origin=origin)[0] == 403
    assert anna.post("step", origin="http://[::1")[0] == 403
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1", "[::1",
                 f"127.0.0.2:{server.port}", f"user@127.0.0.1:{server.port}x"):  # fmt: skip
        status, _ = anna.post("step", host=host)
        assert status in {400, 421}, host
    assert anna.post("step", sec_fetch_site="cross-site")[0] == 403
    assert anna.post("step", content_type="text/plain")[0] == 415
    assert anna.send("POST", "/api/step", b" " * 20_000)[0] == 413
    anna.close()
    assert anna.send("GET", "/api/step")[0] == 404
    status, _ = anna.send("GET", "/")
    assert status == 200
    for name in ("content-security-policy", "x-content-type-options", "referrer-policy"):
        assert anna.headers[name]
    assert "unsafe" not in anna.headers["content-security-policy"]


def test_a_name_the_owner_gave_is_answered_to(made: Made, serve: Serve, call: Call) -> None:
    anna = call(serve(made(), "--name", "faces.example.org"))
    named = {"host": "faces.example.org", "origin": "https://faces.example.org"}
    assert anna.post("step", **named)[0] == 200
    assert anna.post("step", host="other.example.org")[0] == 421


def test_guessing_a_token_leads_nowhere_and_disturbs_nobody(
    made: Made, serve: Serve, call: Call
) -> None:
    server = serve(made())
    anna = call(server)
    codes: list[int] = []

    def guess(number: int) -> None:
        stranger = Caller(server.port, f"{number:032}")
        try:
            codes.append(stranger.post("step")[0])
        finally:
            stranger.close()

    threads = [threading.Thread(target=guess, args=(i,)) for i in range(60)]
    for thread in threads:
        thread.start()
    assert anna.post("step")[0] == 200
    for thread in threads:
        thread.join()
    assert set(codes) == {401, 429}
    assert codes.count(401) <= 25
    assert call(server, token="x" * 500).post("step")[0] == 401


def test_a_flood_is_slowed_and_counts_nothing_twice(made: Made, serve: Serve, call: Call) -> None:
    study = made()
    server = serve(study)
    anna = call(server)
    step = anna.post("step")[1]["step"]
    codes = [_rate(anna, step)[0] for _ in range(120)]
    assert set(codes) == {200, 429}
    assert int(anna.headers["retry-after"] or 1) >= 1
    assert len(_ratings(study)) == 1
    assert call(server, "Ben").post("step")[0] == 200, "others are not slowed"


def test_who_is_added_later_gets_in_and_who_is_forgotten_does_not(
    made: Made, serve: Serve, call: Call
) -> None:
    study = made()
    server = serve(study)
    with file.opened(study) as opened:
        late = raters.add(opened.database, "Late")
        anna = raters.named(opened.database, "Anna")
        assert anna is not None
        caller = call(server)
        assert caller.post("step")[0] == 200
        assert call(server, token=late.token).post("step")[0] == 200
        raters.forget(opened.database, anna.id)
    assert caller.post("step")[0] == 401
    assert caller.post("step")[0] == 401


def test_a_missing_picture_is_said_without_the_owners_paths(
    made: Made, serve: Serve, call: Call
) -> None:
    study = made()
    anna = call(serve(study))
    digest = anna.post("step")[1]["step"]["pictures"][0]
    (file.pictures_folder(study) / f"{digest}.png").unlink()
    status, body = anna.send("GET", f"/api/picture/{digest}")
    assert (status, body["error"]) == (500, "picture.missing")
    assert str(study.parent) not in json.dumps(body)


def test_a_port_in_use_or_a_wrong_address_is_said() -> None:
    first = serving.bind("127.0.0.1", 0)
    try:
        with pytest.raises(StudyError) as used:
            serving.bind("127.0.0.1", first.port)
        assert used.value.code == "serve.port"
        for port in (-1, 70_000):
            with pytest.raises(StudyError) as wrong:
                serving.bind("127.0.0.1", port)
            assert wrong.value.code == "serve.port"
        with pytest.raises(StudyError) as nowhere:
            serving.bind("203.0.113.7", 0)
        assert nowhere.value.code == "serve.host"
    finally:
        first.socket.close()


def test_the_link_holds_the_token_where_servers_do_not_see_it() -> None:
    place = serving.bind("127.0.0.1", 0, base="https://faces.example.org/")
    place.socket.close()
    rater = Rater(id="1", number=0, name="Anna", token="t" * 32, created_ms=0)
    assert serving.link(place, rater) == f"https://faces.example.org/#t={32 * 't'}"
    assert serving.is_loopback("127.0.0.1")
    assert serving.is_loopback("::1")
    assert not serving.is_loopback("192.168.1.20")
    code = serving.qr_text(serving.link(place, rater))
    assert len(code.splitlines()) > 10


def test_a_bucket_fills_again() -> None:
    now = [0.0]
    bucket = Bucket(2, 0.5, clock=lambda: now[0])
    assert [bucket.take(), bucket.take()] == [0.0, 0.0]
    assert bucket.take() == pytest.approx(2.0)
    now[0] += 2.0
    assert bucket.take() == 0.0
    many = Buckets(1, 1, keys=2)
    assert [many.take(key) for key in ("a", "b", "c", "a")] == [0.0, 0.0, 0.0, 0.0]


def test_ctrl_c_ends_the_server_and_leaves_the_port(made: Made, serve: Serve) -> None:
    server = serve(made())
    assert server.stop() == 130
    with pytest.raises((OSError, http.client.HTTPException)):
        Caller(server.port, "x").post("step")
