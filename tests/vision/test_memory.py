"""Memory is kept from one photo to the next."""

from __future__ import annotations

import platform
import resource

import cv2
import numpy as np
import pytest

from fiqa_studio.vision.decode import open_photo
from fiqa_studio.vision.memory import keep_memory


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_a_second_large_photo_needs_no_new_memory() -> None:
    keep_memory()
    grey = np.full((3000, 4000, 3), 128, np.uint8)
    photo = open_photo(cv2.imencode(".jpg", grey)[1].tobytes())
    for _ in range(2):
        photo.decode()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    photo.decode()
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    assert faults < photo.width * photo.height * 3 / 4096 / 4
