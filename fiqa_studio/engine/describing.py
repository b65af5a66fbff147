"""What is installed here, as the worker tells; without a library."""

from __future__ import annotations

from fiqa_studio.engine.link.answers import typed
from fiqa_studio.engine.link.client import WorkerClient, WorkerSettings
from fiqa_studio.engine.link.protocol import Describe, Description

_SECONDS = 120.0


def describe_installation(settings: WorkerSettings, *, devices: bool) -> Description:
    """Versions, devices (where asked for: they load torch), scorers and decoders.

    Starts a worker and ends it.

    Raises:
        KnownError: The worker cannot be run, or does not answer.
    """
    client = WorkerClient(settings)
    try:
        _, future = client.submit(Describe(request_id=0, devices=devices))
        return typed(future, Description).result(_SECONDS)
    finally:
        client.close()
