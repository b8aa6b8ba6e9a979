"""Gaussians as small integers: the number formats that both SOG versions share.

Specification: PlayCanvas, "The SOG Format". Everything is rounded to nearest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.model import Floats

Bytes = npt.NDArray[np.uint8]
Limits = npt.NDArray[np.float64]

_OTHERS = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])
_LARGEST_TAG = 252
_BLOCK = 1 << 18


def log_positions(means: Floats) -> npt.NDArray[np.float64]:
    """Return ``sign(x) ln(1 + |x|)`` of each coordinate, so that far places cost few bits."""
    x = means.astype(np.float64)
    return np.copysign(np.log1p(np.abs(x)), x)


def encode_positions(means: Floats) -> tuple[npt.NDArray[np.uint16], Limits, Limits]:
    """Quantise positions to 16 bits an axis over their logarithmic range.

    Parameters
    ----------
    means : float32 array, shape (N, 3), metres

    Returns
    -------
    cells : uint16 array, shape (N, 3)
    mins, maxs : float64 arrays, shape (3,)
        Range of the logarithmic positions; equal on an axis without extent.
    """
    t = log_positions(means)
    mins, maxs = t.min(axis=0), t.max(axis=0)
    extent = np.where(maxs > mins, maxs - mins, 1.0)
    return np.rint((t - mins) / extent * 65535.0).astype(np.uint16), mins, maxs


def decode_positions(cells: npt.NDArray[np.uint16], mins: Limits, maxs: Limits) -> Floats:
    """Return the positions (N, 3) in metres of 16-bit `cells`; inverse of `encode_positions`."""

    def metres(some: npt.NDArray[np.uint16]) -> Limits:
        t: Limits = mins + (maxs - mins) * (some / 65535.0)
        return np.copysign(np.expm1(np.abs(t)), t)

    return _by_blocks(metres, cells, 3)


def encode_quaternions(quaternions: Floats) -> Bytes:
    """Pack rotations as their three smaller components and the place of the largest.

    Parameters
    ----------
    quaternions : float32 array, shape (N, 4), w, x, y, z
        Of any length; one of length zero becomes the identity, as renderers treat it.

    Returns
    -------
    uint8 array, shape (N, 4)
        Components in RGB, 252 + index of the largest in A.
    """
    q = quaternions.astype(np.float64)
    length = np.linalg.norm(q, axis=1, keepdims=True)
    q = np.where(length > 0, q / np.where(length > 0, length, 1.0), [1.0, 0.0, 0.0, 0.0])
    largest = np.argmax(np.abs(q), axis=1)
    rows = np.arange(len(q))
    q = q * np.where(q[rows, largest] < 0, -1.0, 1.0)[:, None]
    small = q[rows[:, None], _OTHERS[largest]]
    packed = np.empty((len(q), 4), np.uint8)
    packed[:, :3] = np.clip(np.rint((small * np.sqrt(0.5) + 0.5) * 255.0), 0, 255)
    packed[:, 3] = _LARGEST_TAG + largest
    return packed


def decode_quaternions(packed: Bytes) -> Floats:
    """Return unit quaternions (N, 4) w, x, y, z; texels with an unknown tag are the identity."""
    return _by_blocks(_unit_quaternions, packed, 4)


def _unit_quaternions(packed: Bytes) -> Limits:
    small = (packed[:, :3] / 255.0 - 0.5) * np.sqrt(2.0)
    tag = packed[:, 3].astype(np.int64) - _LARGEST_TAG
    valid = (tag >= 0) & (tag <= 3)
    largest = np.where(valid, tag, 0)
    q = with_largest(small, largest)
    q[~valid] = [1.0, 0.0, 0.0, 0.0]
    return q


def with_largest(small: Limits, largest: npt.NDArray[np.intp] | npt.NDArray[np.int64]) -> Limits:
    """Return unit quaternions (N, 4) of their three smaller components and the largest's place.

    Parameters
    ----------
    small : float64 array, shape (N, 3)
        In the order of the quaternion, without the largest.
    largest : integer array, shape (N,)
        0 to 3; that component is not negative.
    """
    rows = np.arange(len(small))
    q = np.empty((len(small), 4), np.float64)
    q[rows[:, None], _OTHERS[largest]] = small
    q[rows, largest] = np.sqrt(np.maximum(0.0, 1.0 - (small**2).sum(axis=1)))
    return q


def encode_opacities(opacities: npt.NDArray[np.float64]) -> Bytes:
    """Return opacities (N,) from 0 to 1 in 255ths."""
    return np.rint(opacities * 255.0).astype(np.uint8)


def decode_opacities(packed: Bytes) -> Floats:
    """Return logits (N,) of opacities in 255ths, kept 1e-6 away from 0 and 1."""
    found: Floats = logits(np.arange(256) / 255.0)[packed]
    return found


def logits(opacities: npt.NDArray[np.floating[Any]]) -> Floats:
    """Return logits of opacities in few bits, kept 1e-6 away from 0 and 1."""
    opacity = np.clip(opacities.astype(np.float64), 1e-6, 1.0 - 1e-6)
    return np.log(opacity / (1.0 - opacity)).astype(np.float32)


def encode_linear(values: Floats, mins: Limits, maxs: Limits) -> Bytes:
    """Quantise to 8 bits linearly between `mins` and `maxs`, as version 1 stores values."""
    extent = np.where(maxs > mins, maxs - mins, 1.0)
    scaled = np.rint((values.astype(np.float64) - mins) / extent * 255.0)
    return np.clip(scaled, 0, 255).astype(np.uint8)


def decode_linear(packed: Bytes, mins: Limits, maxs: Limits) -> Floats:
    """Return values of 8-bit integers between `mins` and `maxs`; inverse of `encode_linear`."""
    return _by_blocks(lambda some: mins + (maxs - mins) * (some / 255.0), packed)


def _by_blocks(decode: Callable[[Any], Limits], packed: npt.NDArray[Any], width: int = 0) -> Floats:
    """Return what `decode` makes of rows in double precision, some of them at a time."""
    shape = (len(packed), width) if width else packed.shape
    found = np.empty(shape, np.float32)
    for start in range(0, len(packed), _BLOCK):
        found[start : start + _BLOCK] = decode(packed[start : start + _BLOCK])
    return found
