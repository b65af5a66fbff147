"""Compression: JPEG and WebP through OpenCV's own encoders."""

from __future__ import annotations

import cv2
import numpy as np

from fiqa_training.degradations.registry import FloatImage, register, to_bytes, to_float


def encode_decode(image: FloatImage, extension: str, options: list[int]) -> FloatImage:
    """One trip through an encoder."""
    done, data = cv2.imencode(extension, to_bytes(image)[..., ::-1], options)
    if not done:
        msg = f"OpenCV could not encode {extension}"
        raise RuntimeError(msg)
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return to_float(np.ascontiguousarray(decoded[..., ::-1]))


def jpeg_at(image: FloatImage, quality: int) -> FloatImage:
    """JPEG at an encoder quality of 1-100 (4:2:0, as phones write it)."""
    return encode_decode(image, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, int(np.clip(quality, 1, 100))])


@register("jpeg", "compression", "JPEG")
def jpeg(image: FloatImage, severity: float, _rng: np.random.Generator) -> FloatImage:
    """JPEG from quality 90 down to 3."""
    return jpeg_at(image, round(3 + 87 * (1 - severity) ** 2))


@register("webp", "compression", "WebP")
def webp(image: FloatImage, severity: float, _rng: np.random.Generator) -> FloatImage:
    """WebP from quality 90 down to 1, on a face halved at the strongest end.

    WebP's own worst is still fair on 512 pixels; shared pictures lose size as well.
    """
    height, width = image.shape[:2]
    factor = 1.0 + 1.5 * max(0.0, severity - 0.4)
    small = cv2.resize(
        image, (round(width / factor), round(height / factor)), interpolation=cv2.INTER_AREA
    )
    quality = round(1 + 89 * (1 - severity) ** 2.5)
    coded = encode_decode(
        np.asarray(small, np.float32), ".webp", [cv2.IMWRITE_WEBP_QUALITY, quality]
    )
    return np.asarray(cv2.resize(coded, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
