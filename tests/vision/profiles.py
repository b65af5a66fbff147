"""Colour profiles made from numbers, and pictures as they would be stored with them."""

from __future__ import annotations

import struct

import numpy as np

SRGB = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
DISPLAY_P3 = (0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
ADOBE = (0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
WIDE = (0.708, 0.292, 0.170, 0.797, 0.131, 0.046)
BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
D50 = np.array([0.9642, 1.0, 0.8249])
D65 = np.array([0.3127 / 0.3290, 1.0, (1 - 0.3127 - 0.3290) / 0.3290])


def colorants(primaries: tuple[float, ...]) -> np.ndarray:
    """Linear RGB under D65 to XYZ under D50."""
    xy = np.array(primaries).reshape(3, 2)
    matrix = np.array([[x / y, 1, (1 - x - y) / y] for x, y in xy]).T
    matrix = matrix * np.linalg.solve(matrix, D65)
    cones = (BRADFORD @ D50) / (BRADFORD @ D65)
    return np.linalg.inv(BRADFORD) @ np.diag(cones) @ BRADFORD @ matrix


def xyz(values: np.ndarray) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)


def gamma_curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def srgb_curve() -> bytes:
    values = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    return b"para\0\0\0\0\0\3\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)


def build(space: bytes, tags: dict[bytes, bytes], pcs: bytes = b"XYZ ") -> bytes:
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": xyz(D50),
        **tags,
    }
    at = 132 + 12 * len(tags)
    table, body = b"", b""
    for name, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, at + len(body), len(padded))
        body += padded
    size = at + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, b"mntr", space, pcs)
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def matrix_profile(primaries: tuple[float, ...], curve: bytes, **extra: bytes) -> bytes:
    columns = colorants(primaries)
    tags = {b"rXYZ": xyz(columns[:, 0]), b"gXYZ": xyz(columns[:, 1]), b"bXYZ": xyz(columns[:, 2])}
    tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    tags |= {name.encode(): content for name, content in extra.items()}
    return build(b"RGB ", tags)


def grey_profile(gamma: float) -> bytes:
    return build(b"GRAY", {b"kTRC": gamma_curve(gamma)})


def table_profile(primaries: tuple[float, ...], gamma: float, grid: int = 33) -> bytes:
    """A profile of tables instead of curves, as that of XYB: red, green, blue exchanged."""
    steps = np.linspace(0, 1, grid) ** gamma
    blue, red, green = np.meshgrid(steps, steps, steps, indexing="ij")
    light = np.stack([red, green, blue], axis=-1).reshape(-1, 3) @ colorants(primaries).T
    clut = np.clip(np.rint(light * 32768), 0, 65535).astype(">u2").tobytes()
    ramp = np.array([0, 65535], ">u2").tobytes() * 3
    identity = b"".join(struct.pack(">i", 65536 if i % 4 == 0 else 0) for i in range(9))
    head = b"mft2\0\0\0\0" + bytes([3, 3, grid, 0]) + identity + struct.pack(">HH", 2, 2)
    return build(b"RGB ", {b"A2B0": head + ramp + clut + ramp})


def light_of(srgb: np.ndarray) -> np.ndarray:
    codes = np.asarray(srgb, np.float64) / 255
    return np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)


def in_primaries(srgb: np.ndarray, primaries: tuple[float, ...]) -> np.ndarray:
    """The light of an sRGB picture in other primaries, in [0, 1]."""
    matrix = np.linalg.inv(colorants(primaries)) @ colorants(SRGB)
    return np.clip(light_of(srgb) @ matrix.T, 0, 1)


def encoded(light: np.ndarray, gamma: float, most: int = 255) -> np.ndarray:
    kind = np.uint8 if most == 255 else np.uint16
    return np.rint(light ** (1 / gamma) * most).astype(kind)
