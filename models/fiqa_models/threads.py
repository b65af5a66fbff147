"""How torch's threads wait and how many there are; says so before torch is loaded.

PyTorch brings libgomp, whose threads spin while they wait for one another. On a core that another
program uses too, they burn the time that the one they wait for needs: scoring was twenty times
slower beside a single busy program. Passive threads sleep. They pay for it with a wake-up at each
of a network's hundreds of small steps, so that two of them are no faster than one; several faces
at a time on one thread each are (``docs/performance.md``).
"""

from __future__ import annotations

import os


def wait_passively() -> None:
    """Let threads that wait sleep. Has no effect once torch is loaded; the user's word stands."""
    if "GOMP_SPINCOUNT" not in os.environ:
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def use_threads(count: int) -> None:
    """Compute with so many threads in the calling thread; 0 for torch's own choice."""
    import torch  # noqa: PLC0415 - this module is imported before torch, by every part

    wanted = count or available()
    if torch.get_num_threads() != wanted:
        torch.set_num_threads(wanted)


def available() -> int:
    """How many threads may compute at once: as ``OMP_NUM_THREADS`` says, else one a core."""
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(asked) if asked.isdecimal() and int(asked) else len(os.sched_getaffinity(0))
