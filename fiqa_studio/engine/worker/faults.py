"""Faults on demand, so that tests can show what a hostile file does and does not do.

With ``FIQA_WORKER_FAULTS=1`` in the environment, a file whose name contains one of these words
has that effect when a decoder (or, for the last one, the supervisor) takes it in hand:

* ``fault-segfault``: the process dies of a segmentation fault.
* ``fault-hang``: it never answers.
* ``fault-memory``: it asks for 16 GiB, more than a photo may use.
* ``fault-supervisor``: the whole worker dies, as it would of a crash in the scorer.

Without the variable nothing here does anything.
"""

from __future__ import annotations

import os
import signal
import threading

SWITCH = "FIQA_WORKER_FAULTS"


def fault_in_decoder(path: bytes) -> None:
    """Misbehave if this path says so."""
    if SWITCH not in os.environ:
        return
    name = path.rpartition(b"/")[2]
    if b"fault-segfault" in name:
        _crash()
    if b"fault-hang" in name:
        signal.sigwait([signal.SIGUSR2])
    if b"fault-memory" in name:
        bytearray(16 << 30)


def fault_in_supervisor(path: bytes) -> None:
    """Misbehave if this path says so."""
    if SWITCH in os.environ and b"fault-supervisor" in path.rpartition(b"/")[2]:
        _crash()


def _crash() -> None:
    """Die in this very thread, before another instruction of it, as a real crash does.

    A signal to the process goes to whichever thread the kernel picks: until that one got a core,
    this one went on and answered for the photo that was to kill it.
    """
    signal.pthread_kill(threading.get_ident(), signal.SIGSEGV)
