"""A photo's identity: the hash of its content, wherever it lies and whatever it is called."""

from __future__ import annotations

import hashlib


def content_hash(data: bytes | bytearray | memoryview) -> str:
    """BLAKE2b-128 of a file's bytes, as 32 hex digits.

    Fast (about a gigabyte a second) and long enough that two photos never share one by chance.
    """
    return hashlib.blake2b(data, digest_size=16).hexdigest()
