"""Whatever a decoder does with hostile bytes, a person gets one sentence."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from fiqa_studio.domain.errors import PhotoError

# Pillow logs what it finds wrong with a file, which the `PhotoError` says to the person concerned.
logging.getLogger("PIL").setLevel(logging.CRITICAL)


@contextmanager
def decoding(name: str) -> Iterator[None]:
    """Turn anything that a decoder raises into a `PhotoError`, and silence its warnings.

    Parsers of damaged files let through nearly every kind of exception (``struct.error``,
    ``zlib.error``, ``RecursionError``), so no list of kinds would be complete.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except PhotoError:
        raise
    except MemoryError as error:
        raise PhotoError(
            "There is not enough memory to decode this photo.", code="photo.too-large"
        ) from error
    except Exception as error:
        raise PhotoError(
            f"The {name} file is damaged and cannot be decoded.",
            remedy="Copy it again from the camera or the backup.",
            code="photo.unreadable",
        ) from error
