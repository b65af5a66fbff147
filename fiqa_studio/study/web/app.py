"""The server's few answers. Every rating is on the disk before it is acknowledged.

All that decides is `Sitting`; what is here turns requests into calls and back. A rater is known
by a token in the ``Authorization`` header: no cookie, so no other page can use it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from anyio import CapacityLimiter, sleep, to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.study import raters
from fiqa_studio.study.errors import AnswerError, StudyError
from fiqa_studio.study.file import OpenStudy
from fiqa_studio.study.raters import Rater
from fiqa_studio.study.sitting.clock import Clock
from fiqa_studio.study.sitting.sitting import Sitting, TooSoonError
from fiqa_studio.study.web import wire
from fiqa_studio.study.web.guard import Buckets, Guard

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)

STATIC = Path(__file__).resolve().parent / "static"
_THREADS = 6
_WRONG_TOKEN_SECONDS = 0.3
_STATUS = {
    "answer.unknown": 404, "answer.already": 409, "answer.not-next": 409,
    "answer.not-shown": 409, "answer.too-soon": 425, "rater.gone": 401,
    "picture.missing": 500, "picture.changed": 500, "study.database": 503,
}  # fmt: skip
_PAGES = ("index.html", "app.js", "scales.js", "pictures.js", "app.css", "icon.svg")


class Refused(Exception):  # noqa: N818 - a request, not the program, went wrong
    """A request that is not answered; becomes a status and a message."""

    def __init__(self, status: int, code: str, message: str, **more: Any):
        super().__init__(message)
        self.status = status
        self.body = {"error": code, "message": message, **more}


class Desk:
    """Where all raters of one study sit, one `Sitting` each, while the server runs."""

    def __init__(self, opened: OpenStudy, *, client: str = "web", clock: Clock | None = None):
        self._opened = opened
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        # All who are there now; who is added later is looked up once.
        self._raters = {rater.token: rater for rater in raters.everybody(opened.database)}
        self._sittings: dict[str, Sitting] = {}

    def known(self, token: str) -> Rater | None:
        """Whose token this is, without asking the database."""
        return self._raters.get(token)

    def look_up(self, token: str) -> Rater | None:
        """Whose token this is."""
        rater = raters.by_token(self._opened.database, token)
        if rater is not None:
            self._raters[token] = rater
        return rater

    def sitting(self, rater: Rater) -> Sitting:
        """The rater's sitting; the same for two tabs."""
        with self._lock:
            found = self._sittings.get(rater.id)
            if found is None:
                found = Sitting(self._opened, rater, client=self._client, clock=self._clock)
                self._sittings[rater.id] = found
            return found

    def leave(self, token: str) -> None:
        """Forget a token: the rater is gone, or has a new one."""
        with self._lock:
            rater = self._raters.pop(token, None)
            if rater is not None:
                self._sittings.pop(rater.id, None)


class Answers:
    """The handlers of the server."""

    def __init__(self, desk: Desk):
        self._desk = desk
        self._threads = CapacityLimiter(_THREADS)
        # A rater who reads and clicks needs a few a second; a script that floods gets no more.
        self._rates = Buckets(40, 12)
        self._wrong = Buckets(20, 0.5)

    async def step(self, request: Request) -> Response:
        """What stands before the rater now."""
        asked = await _body(request, wire.Asked)
        return await self._reply(request, lambda sitting: sitting.resize(asked.display.display()))

    async def answer(self, request: Request) -> Response:
        """One rating; answered after it was committed."""
        given = await _body(request, wire.Answered)

        def work(sitting: Sitting) -> dict[str, Any]:
            sitting.resize(given.display.display())
            outcome = sitting.answer(
                given.trial, given.values, attempt=given.attempt,
                slider_start=given.slider_start, reaction_ms=given.reaction_ms,
            )  # fmt: skip
            return {"outcome": {"repeated": outcome.repeated, "right": outcome.right}}

        return await self._reply(request, work)

    async def agree(self, request: Request) -> Response:
        """The rater agrees."""
        await _body(request, wire.Asked)
        return await self._reply(request, lambda sitting: sitting.agree())

    async def reply(self, request: Request) -> Response:
        """The questionnaire."""
        given = await _body(request, wire.Replied)
        return await self._reply(request, lambda sitting: sitting.reply(given.answers))

    async def check(self, request: Request) -> Response:
        """One check of the set-up, answered or left out."""
        given = await _body(request, wire.Checked)

        def work(sitting: Sitting) -> dict[str, Any]:
            if given.given is None:
                sitting.leave_out(given.name)
                return {}
            return {"passed": sitting.check(given.name, given.given)}

        return await self._reply(request, work)

    async def understood(self, request: Request) -> Response:
        """The instructions were read."""
        await _body(request, wire.Asked)
        return await self._reply(request, lambda sitting: sitting.understood())

    async def rested(self, request: Request) -> Response:
        """The break is over."""
        await _body(request, wire.Asked)
        return await self._reply(request, lambda sitting: sitting.rested())

    async def pause(self, request: Request) -> Response:
        """The rater leaves for now."""
        await _body(request, wire.Asked)
        await self._with(request, lambda sitting: sitting.pause())
        return JSONResponse({"step": {"page": "paused"}})

    async def quit(self, request: Request) -> Response:
        """The rater leaves for good."""
        await _body(request, wire.Asked)
        return await self._reply(request, lambda sitting: sitting.quit())

    async def back(self, request: Request) -> Response:
        """The last answer is opened again."""
        await _body(request, wire.Asked)
        return await self._reply(request, lambda sitting: sitting.back())

    async def picture(self, request: Request) -> Response:
        """A picture of this trial, the next one, or the instructions."""
        digest = request.path_params["digest"]

        def work(sitting: Sitting) -> bytes | None:
            return sitting.picture(digest) if sitting.may_see(digest) else None

        data = await self._with(request, work)
        if data is None:
            raise Refused(404, "picture.unknown", "There is no such picture.")
        cached = {"cache-control": "private, max-age=600, immutable"}
        return Response(data, media_type="image/png", headers=cached)

    async def _reply(
        self, request: Request, work: Callable[[Sitting], dict[str, Any] | None]
    ) -> Response:
        def all_of_it(sitting: Sitting) -> dict[str, Any]:
            body = work(sitting) or {}
            found = wire.step(sitting.step())
            body["step"] = found
            body["study"] = wire.study_facts(sitting)
            if found["page"] == "trial":
                coming = sitting.upcoming()
                body["coming"] = list(coming.pictures) if coming else []
            return body

        body = await self._with(request, all_of_it)
        return Response(msgspec.json.encode(body), media_type="application/json")

    async def _with(self, request: Request, work: Callable[[Sitting], T]) -> T:
        """Run ``work`` off the server's loop, for the rater whose token came along."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > 200:
            raise Refused(401, "rater.token", "This link is not complete.")
        rater = self._desk.known(token)
        if rater is None:
            address = request.client.host if request.client else ""
            if wait := self._wrong.take(address):
                raise Refused(429, "too-many", "Too many wrong links.", wait=wait)
            rater = await to_thread.run_sync(self._desk.look_up, token, limiter=self._threads)
        if rater is None:
            await sleep(_WRONG_TOKEN_SECONDS)
            raise Refused(401, "rater.token", "This link is not known here, or was replaced.")
        if wait := self._rates.take(rater.id):
            raise Refused(429, "too-many", "Slower, please.", wait=wait)
        known = rater

        def run() -> T:
            return work(self._desk.sitting(known))

        try:
            return await to_thread.run_sync(run, limiter=self._threads)
        except StudyError as error:
            if error.code == "rater.gone":
                self._desk.leave(token)
            raise


def make_app(desk: Desk, *, names: Iterable[str] = ()) -> Starlette:
    """The ASGI application. ``names`` are host names that it answers to beside its address."""
    answers = Answers(desk)
    posts = {
        "step": answers.step, "answer": answers.answer, "agree": answers.agree,
        "reply": answers.reply, "check": answers.check, "understood": answers.understood,
        "rested": answers.rested, "pause": answers.pause, "quit": answers.quit,
        "back": answers.back,
    }  # fmt: skip
    routes = [Route(f"/api/{name}", do, methods=["POST"]) for name, do in posts.items()]
    routes.append(Route("/api/picture/{digest:str}", answers.picture, methods=["GET"]))
    routes.append(Route("/", _page("index.html"), methods=["GET"]))
    routes += [Route(f"/{name}", _page(name), methods=["GET"]) for name in _PAGES]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, names=list(names))],
        exception_handlers={
            Refused: _refused,
            KnownError: _known,
            ClientDisconnect: _gone,
            404: _not_found,
            405: _not_found,
        },
    )


def _page(name: str) -> Callable[[Request], Response]:
    def page(_request: Request) -> Response:
        return FileResponse(STATIC / name, headers={"cache-control": "no-cache"})

    return page


async def _body(request: Request, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused(400, "request", f"This request cannot be read: {error}") from error


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - registered for nothing else
    wait = error.body.get("wait")
    headers = {"retry-after": str(int(wait) + 1)} if wait else None
    return JSONResponse(error.body, error.status, headers=headers)


async def _known(_request: Request, error: Exception) -> Response:
    assert isinstance(error, KnownError)  # noqa: S101 - registered for nothing else
    fallback = 400 if isinstance(error, AnswerError) else 500
    body: dict[str, Any] = {"error": error.code, "message": error.message}
    if isinstance(error, TooSoonError):
        body["wait"] = error.wait_seconds
    # Causes name files of the owner's machine: not for raters.
    return JSONResponse(body, _STATUS.get(error.code, fallback))


async def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)


async def _not_found(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"error": "unknown", "message": "There is nothing here."}, 404)
