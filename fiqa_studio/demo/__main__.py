"""``make demo``: builds the album, indexes and scores it, and opens the window.

Each step is the command a user would run, in a process of its own. Without a display, the real
window is opened on a virtual screen (or Qt's offscreen one), photographed and closed again.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("demo-output"))
    parser.add_argument("--no-window", action="store_true", help="leave pictures only")
    options = parser.parse_args()
    folder: Path = options.folder.resolve()
    album, library = folder / "album", folder / "demo.fiqa"

    _say("Building the demo album ...")
    _run("-m", "fiqa_studio.demo.album", str(album))
    _say("Looking for faces ...")
    _run("-m", "fiqa_studio.cli", "index", str(album), "--library", str(library))
    _say("Scoring them ...")
    _run("-m", "fiqa_studio.cli", "score", "--library", str(library))

    pictures = folder / "pictures"
    if _has_display() and not options.no_window:
        _run("-m", "fiqa_studio.demo.pictures", str(library), str(pictures), "--sheet-only")
        _say(f"Contact sheet: {pictures / 'contact-sheet.png'}")
        _say("Opening the window; close it to end the demo.")
        return subprocess.call([sys.executable, "-m", "fiqa_studio", "--library", str(library)])
    _say("No display here: taking screenshots of the window instead ...")
    _run("-m", "fiqa_studio.demo.pictures", str(library), str(pictures), on_virtual_screen=True)
    _say("The demo left these pictures:")
    for picture in sorted(pictures.glob("*.png")):
        _say(f"  {picture}")
    return 0


def _run(*arguments: str, on_virtual_screen: bool = False) -> None:
    command = [sys.executable, *arguments]
    environment = dict(os.environ)
    if on_virtual_screen:
        runner = shutil.which("xvfb-run")
        if runner:
            command = [runner, "-a", "-s", "-screen 0 1440x900x24", *command]
            environment["QT_QPA_PLATFORM"] = "xcb"
        else:
            environment["QT_QPA_PLATFORM"] = "offscreen"
    status = subprocess.call(command, env=environment)
    if status:
        raise SystemExit(status)


def _has_display() -> bool:
    return sys.platform in {"darwin", "win32"} or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
