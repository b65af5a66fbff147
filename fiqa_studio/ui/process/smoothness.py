"""Keeps Python itself from stalling the window."""

from __future__ import annotations

import gc
import sys

_TURN_SECONDS = 0.0005


def share_the_interpreter() -> None:
    """Let the window's thread have the interpreter soon when it wants it.

    A thread that runs Python keeps the interpreter for 5 ms before it must offer it, and with
    several at work the window may wait for each in turn. Measured while scrolling a hundred
    thousand rows on a busy machine, this made frames over 50 ms ten times rarer.
    """
    sys.setswitchinterval(_TURN_SECONDS)


def spare_the_collector() -> None:
    """Let full garbage collections look only at what is made from now on.

    With Qt's, SQLAlchemy's and pyqtgraph's classes loaded there are 135,000 objects, and looking
    at them all was measured to stop all threads for 100 to 180 ms. What has been made by the
    time a library is on the screen stays for good. What was put aside before and is garbage by
    now, such as a closed library's views, is collected first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
