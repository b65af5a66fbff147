"""Debian's Chromium, driven for real: the DevTools protocol over two pipes, nothing between."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections import deque
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_LIMIT_SECONDS = 60.0


class Browser:
    """One headless Chromium with one page. Calls wait for what they ask, never for time."""

    def __init__(self, profile: Path, *, scale: float = 1.0):
        to_child, self._out = os.pipe()
        self._in, from_child = os.pipe()
        assert CHROMIUM is not None
        # The browser reads from descriptor 3 and writes to 4.
        script = f'exec 3<&{to_child} 4>&{from_child}; exec "$0" "$@"'
        self._process = subprocess.Popen(
            [
                "bash", "-c", script, CHROMIUM, "--headless=new", "--remote-debugging-pipe",
                "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--disable-component-update",
                "--disable-extensions", "--mute-audio", "--disable-features=Translate",
                # The screen's own: emulated, a page is laid out in CSS pixels and then scaled.
                f"--force-device-scale-factor={scale}",
                f"--user-data-dir={profile}", "about:blank",
            ],
            pass_fds=(to_child, from_child),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_child)
        os.close(from_child)
        self._buffer = b""
        self._number = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self.events: deque[dict[str, Any]] = deque(maxlen=2000)
        targets = self._ask("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        self._session = ""
        attached = self._ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """One command to the page."""
        return self._ask(method, **params)

    def goto(self, address: str) -> None:
        """Open an address."""
        self.ask("Page.navigate", url="about:blank")
        self.ask("Page.navigate", url=address)

    def run(self, script: str) -> Any:
        """The value of an expression on the page; promises are waited for."""
        answer = self.ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def until(self, script: str, seconds: float = _LIMIT_SECONDS) -> Any:
        """Wait until an expression is true; returns it."""
        deadline = time.monotonic() + seconds
        found = None
        while time.monotonic() < deadline:
            found = self.run(f"(() => {{ try {{ return {script}; }} catch {{ return null; }} }})()")
            if found:
                return found
            time.sleep(0.02)
        seen = self.run("document.body.innerText")
        raise AssertionError(f"never true: {script}; the page says: {seen!r}; {self.faults()}")

    def size(self, width: int, height: int, scale: float = 0.0, *, touch: bool = False) -> None:
        """Give the page a size in CSS pixels, an emulated pixel ratio (0: none), and fingers."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=scale, mobile=touch,
        )  # fmt: skip
        self.ask("Emulation.setTouchEmulationEnabled", enabled=touch, maxTouchPoints=1)

    def key(self, name: str, *, shift: bool = False) -> None:
        """Press and release a key."""
        code, text = {"Enter": (13, "\r"), "Tab": (9, "")}.get(name, (0, ""))
        if len(name) == 1:
            code, text = ord(name.upper()), name
        keys = {
            "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Home": 36,
            "End": 35, "PageUp": 33, "PageDown": 34,
        }  # fmt: skip
        code = keys.get(name, code)
        common = {"key": name, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        self.ask("Input.dispatchKeyEvent", **common, **down)
        self.ask("Input.dispatchKeyEvent", **common, type="keyUp")

    def click(self, x: float, y: float) -> None:
        """Click with the left button, at CSS pixels."""
        common = {"x": x, "y": y, "button": "left", "clickCount": 1}
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.ask("Input.dispatchMouseEvent", type="mousePressed", **common)
        self.ask("Input.dispatchMouseEvent", type="mouseReleased", **common)

    def drag(self, x: float, y: float, to_x: float) -> None:
        """Press, move and release."""
        common = {"y": y, "button": "left", "clickCount": 1}
        self.ask("Input.dispatchMouseEvent", type="mousePressed", x=x, **common)
        for share in (0.3, 0.7, 1.0):
            self.ask(
                "Input.dispatchMouseEvent", type="mouseMoved", x=x + share * (to_x - x), buttons=1,
                **common,
            )  # fmt: skip
        self.ask("Input.dispatchMouseEvent", type="mouseReleased", x=to_x, **common)

    def tap(self, x: float, y: float) -> None:
        """Touch with a finger."""
        self.ask("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def middle(self, selector: str) -> tuple[float, float]:
        """Where an element's middle is, in CSS pixels."""
        box = self.run(
            f"(() => {{ const b = document.querySelector({json.dumps(selector)})"
            ".getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]; })()"
        )
        return float(box[0]), float(box[1])

    def press(self, words: str) -> None:
        """Click the button that says this, once it is there and enabled."""
        find = (
            "[...document.querySelectorAll('button')].find(b => "
            f"b.textContent === {json.dumps(words)} && !b.disabled)"
        )
        box = self.until(
            f"(() => {{ const b = {find}; if (!b) return null;"
            "b.scrollIntoView({block: 'center'});"
            "const r = b.getBoundingClientRect(); return [r.left + r.width/2, r.top + r.height/2];"
            "})()"
        )
        self.click(*box)

    def offline(self, *, gone: bool) -> None:
        """Take the network away, or give it back."""
        self.ask(
            "Network.emulateNetworkConditions", offline=gone, latency=0, downloadThroughput=-1,
            uploadThroughput=-1,
        )  # fmt: skip

    def picture(self, path: Path) -> None:
        """Save what is seen as PNG."""
        data = self.ask("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))

    def faults(self) -> list[str]:
        """What went wrong on the page so far: exceptions, and messages of the console."""
        found = []
        for event in self.events:
            if event["method"] == "Runtime.exceptionThrown":
                found.append(str(event["params"]["exceptionDetails"]))
            if event["method"] == "Log.entryAdded":
                entry = event["params"]["entry"]
                if entry["level"] == "error":
                    found.append(f"{entry['text']} {entry.get('url', '')}")
        return found

    def close(self) -> None:
        """End the browser."""
        try:
            self._session = ""
            self._send("Browser.close", {})
            self._process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        finally:
            os.close(self._out)
            os.close(self._in)

    def _send(self, method: str, params: dict[str, Any]) -> int:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if getattr(self, "_session", ""):
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        return self._number

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        number = self._send(method, params)
        deadline = time.monotonic() + _LIMIT_SECONDS
        while number not in self._answers:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise AssertionError(f"the browser does not answer {method}")
            data = os.read(self._in, 1 << 20)
            if not data:
                raise AssertionError("the browser has ended")
            self._buffer += data
            *whole, self._buffer = self._buffer.split(b"\0")
            for one in whole:
                message = json.loads(one)
                if "id" in message:
                    self._answers[message["id"]] = message
                else:
                    self.events.append(message)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result
