"""Keeps Python's garbage collector from stalling the window.

A full collection looks at every object there is: with Qt's, SQLAlchemy's and pyqtgraph's classes
loaded that is 135,000, which was measured to stop all threads for 100 to 180 ms. What has been
made by the time a library is on the screen stays for good, so it is put aside.
"""

from __future__ import annotations

import gc


def put_aside() -> None:
    """Let full collections look only at what is made from now on.

    What was put aside before and is garbage by now, such as a closed library's views, is
    collected first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
