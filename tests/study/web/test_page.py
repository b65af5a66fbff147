"""The page in a real Chromium, as raters use it: mouse, keys, touch, small, large, offline."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fiqa_studio.study import file, reading
from fiqa_studio.study.planning.instructions import default_texts
from fiqa_studio.study.reading import Rating
from fiqa_studio.study.values import Method, Texts
from tests.study.web.browser import CHROMIUM, Browser
from tests.study.web.client import Server

Made = Callable[..., Path]
Serve = Callable[..., Server]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("chromium"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here"),
]

_READY = "document.querySelector('.trial')?.dataset.ready === 'true'"
_NEXT = "!document.getElementById('next').disabled"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    opened = Browser(tmp_path / "profile")
    yield opened
    opened.close()


def _ratings(study: Path) -> list[Rating]:
    with file.opened(study) as opened:
        return reading.ratings(opened.database)


def _number(browser: Browser) -> str:
    return str(browser.run("document.querySelector('.place')?.textContent"))


def _rated(browser: Browser, before: str) -> None:
    browser.until(f"document.querySelector('.place')?.textContent !== {before!r} && {_READY}")


def test_with_keys_alone_from_the_first_page_to_the_last(
    made: Made, serve: Serve, browser: Browser
) -> None:
    study = made(
        texts=default_texts(Method.SLIDER), lessons=4, checks=("display", "card", "acuity"),
        checks_required=("display",),
    )  # fmt: skip
    browser.size(1280, 900)
    browser.goto(serve(study).links["Anna"])
    browser.until("document.body.dataset.page === 'consent'")
    browser.key("Enter")  # the button has the focus
    browser.until("document.body.dataset.page === 'check'")
    for key in ("Tab", "Enter"):
        browser.key(key)
    browser.until("document.querySelector('h1').textContent.includes('sight')")
    for _ in range(6):
        browser.key("Tab")
        if browser.run("document.activeElement.textContent === 'Go on without'"):
            break
    browser.key("Enter")
    browser.until("document.body.dataset.page === 'instructions'")
    browser.key("Enter")
    browser.until(_READY)
    assert browser.run("document.querySelector('.thumb').hidden"), "no thumb before an answer"
    assert not browser.run(_NEXT)
    browser.key("Enter")
    assert _number(browser) == "Training 1 / 4", "nothing goes on without an answer"
    browser.key("5")
    browser.until(_NEXT)
    browser.key("Enter")
    browser.until("document.querySelector('.hint').textContent.startsWith('Outside')")
    assert not browser.run("document.querySelector('.range').hidden")
    browser.until(_READY)
    browser.key("3")
    browser.key("Enter")
    for number in range(1, 4):
        _rated(browser, f"Training {number} / 4")
        browser.key("3")
        browser.until(_NEXT)
        browser.key("Enter")
    _rated(browser, "Training 4 / 4")
    wanted = [1.0, 100.0, 25.75, 50.5, 51.5, 40.5]
    presses = [["Home"], ["End"], ["2"], ["ArrowRight"], ["ArrowUp", "ArrowUp"],
               ["ArrowDown", "PageDown"]]  # fmt: skip
    for keys in presses:
        before = _number(browser)
        for key in keys:
            browser.key(key)
        browser.until(_NEXT)
        browser.key("Enter")
        _rated(browser, before)
    found = [r for r in _ratings(study) if r.batch >= 0]
    assert [r.value for r in found] == pytest.approx(wanted)
    assert all(r.reaction_ms is not None and r.reaction_ms >= 0 for r in found)
    assert [r.slider_start for r in found][4] == 50.5
    assert browser.faults() == []


def test_with_the_mouse_alone_on_a_small_screen(made: Made, serve: Serve, browser: Browser) -> None:
    study = made(size=512)
    browser.size(1024, 600)
    browser.goto(serve(study).links["Anna"])
    browser.until(_READY)
    assert browser.run(
        "[...document.querySelectorAll('.trial canvas, .trial button, .word')].every(e => {"
        "const b = e.getBoundingClientRect(); return b.left >= -2 && b.top >= -2 "
        "&& b.right <= innerWidth + 2 && b.bottom <= innerHeight + 2; })"
    ), "everything is on the screen"
    box = browser.run(
        "(() => { const b = document.querySelector('.track').getBoundingClientRect();"
        "return [b.left, b.width, b.top + 3]; })()"
    )
    left, width, y = (float(v) for v in box)
    browser.click(left + width * 0.25, y)
    browser.until(_NEXT)
    browser.drag(left + width * 0.25, y, left + width * 0.75)
    before = _number(browser)
    browser.click(*browser.middle("#next"))
    _rated(browser, before)
    (rating,) = _ratings(study)
    assert rating.value == pytest.approx(75.25, abs=1.0)
    assert rating.slider_start == pytest.approx(25.75, abs=1.0)
    assert browser.faults() == []


def test_with_a_finger_on_a_phone(made: Made, serve: Serve, browser: Browser) -> None:
    study = made(size=512)
    browser.size(390, 760, 2.75, touch=True)
    browser.goto(serve(study).links["Anna"])
    browser.until(_READY)
    assert browser.run("document.querySelector('.trial').dataset.exact") == "true"
    x, y = browser.middle(".track")
    browser.tap(x, y)
    browser.until(_NEXT)
    before = _number(browser)
    browser.tap(*browser.middle("#next"))
    _rated(browser, before)
    (rating,) = _ratings(study)
    assert rating.value == pytest.approx(50.5, abs=1.0)
    assert rating.display_scale == 2.75
    assert browser.faults() == []


@pytest.mark.parametrize(
    ("width", "height", "scale"),
    [(1280, 800, 1.0), (1280, 800, 1.25), (1024, 820, 1.5), (800, 700, 1.1), (3840, 2160, 1.0),
     (1096, 616, 1.75)],
)  # fmt: skip
def test_each_pixel_is_one_device_pixel(
    made: Made, serve: Serve, tmp_path: Path, width: int, height: int, scale: float
) -> None:
    study = made(size=256)
    shot = study.parent / "shot.png"
    browser = Browser(tmp_path / "profile", scale=scale)
    try:
        browser.size(width, height)
        browser.goto(serve(study).links["Anna"])
        browser.until(_READY)
        assert browser.run("devicePixelRatio") == pytest.approx(scale, abs=0.01)
        assert browser.run("document.querySelector('.trial').dataset.exact") == "true"
        browser.picture(shot)
        box = browser.run(
            "(() => { const b = document.querySelector('canvas').getBoundingClientRect();"
            "return [b.left * devicePixelRatio, b.top * devicePixelRatio]; })()"
        )
    finally:
        browser.close()
    with Image.open(shot) as opened:
        seen = np.asarray(opened.convert("RGB"))
    left, top = (round(v) + 2 for v in box)  # a margin of grey is painted with it
    shown = seen[top : top + 256, left : left + 256]
    with file.opened(study) as opened, opened.database.read() as connection:
        digest = connection.exec_driver_sql(
            "SELECT stimulus FROM trial WHERE position = 0"
        ).scalar()
        data = (opened.pictures / f"{digest}.png").read_bytes()
    with Image.open(io.BytesIO(data)) as source:
        wanted = np.asarray(source.convert("RGB"))
    assert np.array_equal(shown, wanted), "no resampling, no colour conversion"
    around = seen[max(0, top - 2), left + 10]
    assert around.tolist() == [128, 128, 128], "neutral grey around it"


def test_too_small_a_page_is_refused_until_it_is_larger(
    made: Made, serve: Serve, browser: Browser
) -> None:
    study = made(size=512, checks=("display",))
    browser.size(480, 500)
    browser.goto(serve(study).links["Anna"])
    browser.until("document.body.dataset.page === 'too-small'")
    assert "512 x 512" in str(browser.run("document.body.innerText"))
    browser.size(1200, 900)
    browser.until(_READY)


def test_an_answer_given_offline_is_sent_later_even_after_the_page_was_closed(
    made: Made, serve: Serve, browser: Browser
) -> None:
    study = made()
    server = serve(study)
    browser.size(1280, 900)
    browser.goto(server.links["Anna"])
    browser.until(_READY)
    browser.offline(gone=True)
    browser.key("4")
    browser.until(_NEXT)
    browser.key("Enter")
    browser.until("document.getElementById('notice').textContent.includes('No connection')")
    assert _ratings(study) == []
    browser.key("1")
    browser.key("Enter")
    browser.offline(gone=False)
    browser.until(f"document.querySelector('.place').textContent.startsWith('2 ') && {_READY}")
    assert [r.value for r in _ratings(study)] == [75.25], "once, and as it was given"
    browser.offline(gone=True)
    browser.key("2")
    browser.until(_NEXT)
    browser.key("Enter")
    browser.until("document.getElementById('notice').textContent.includes('No connection')")
    browser.ask("Page.navigate", url="about:blank")
    browser.offline(gone=False)
    browser.goto(server.links["Anna"])
    browser.until(f"document.querySelector('.place')?.textContent.startsWith('3 ') && {_READY}")
    assert [r.value for r in _ratings(study)] == [75.25, 25.75]


def test_the_server_dies_and_the_page_goes_on(made: Made, serve: Serve, browser: Browser) -> None:
    study = made()
    server = serve(study)
    browser.size(1280, 900)
    browser.goto(server.links["Anna"])
    browser.until(_READY)
    server.kill()
    browser.key("4")
    browser.until(_NEXT)
    browser.key("Enter")
    browser.until("document.getElementById('notice').textContent.includes('No connection')")
    server.restart()
    browser.until(f"document.querySelector('.place').textContent.startsWith('2 ') && {_READY}")
    assert [r.value for r in _ratings(study)] == [75.25]


def test_the_minimum_viewing_time_holds_the_button(
    made: Made, serve: Serve, browser: Browser
) -> None:
    study = made(minimum_viewing_ms=1500)
    browser.size(1280, 900)
    browser.goto(serve(study).links["Anna"])
    browser.until(_READY)
    browser.key("4")
    browser.key("Enter")
    assert browser.run("document.getElementById('next').disabled")
    browser.until(_NEXT)
    browser.key("Enter")
    browser.until(f"document.querySelector('.place').textContent.startsWith('2 ') && {_READY}")
    (rating,) = _ratings(study)
    assert rating.reaction_ms is not None
    assert rating.reaction_ms >= 1500


def test_pause_and_a_link_that_is_not_whole(made: Made, serve: Serve, browser: Browser) -> None:
    server = serve(made(texts=Texts()))
    browser.size(1280, 900)
    browser.goto(server.base)
    browser.until("document.body.innerText.includes('link is not complete')")
    browser.goto(f"{server.base}/#t=wrong")
    browser.until("document.body.innerText.includes('not known here')")
    browser.goto(server.links["Anna"])
    browser.until(_READY)
    browser.press("Pause")
    browser.until("document.body.dataset.page === 'paused'")
    browser.press("Go on")
    browser.until(_READY)
