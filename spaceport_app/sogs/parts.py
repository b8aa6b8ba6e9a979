"""What both versions store alike: positions, rotations, palette and labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from spaceport_app.events import Progress, Report
from spaceport_app.sogs import quantize
from spaceport_app.sogs.arrange import arrange
from spaceport_app.sogs.bundle import (
    META,
    Bundle,
    Load,
    check_encodable,
    check_plausible,
    encode_meta,
    numbers_of,
    section,
)
from spaceport_app.sogs.options import CompressOptions
from spaceport_app.sogs.palette import (
    Palette,
    automatic_entries,
    build_palette,
    renumber_by_users,
)
from spaceport_app.sogs.quantize import Limits
from spaceport_app.sogs.textures import Bytes, decode_webp, encode_webp, fill_texture
from spaceport_app.splats.model import Floats, Splats

POSITION_FILES = ["means_l.webp", "means_u.webp"]
QUATERNION_FILE = "quats.webp"
SCALE_FILE = "scales.webp"
COLOUR_FILE = "sh0.webp"
PALETTE_FILES = ["shN_centroids.webp", "shN_labels.webp"]

_PALETTE_SHARE = 0.6


def arranged(splats: Splats, options: CompressOptions) -> tuple[Splats, npt.NDArray[np.intp]]:
    """Return what is stored of a scene, in the order in which it is stored, and that order.

    Raises
    ------
    StageError
        ``no_gaussians`` or ``not_finite``.
    """
    check_encodable(splats)
    if splats.sh_degree > options.sh_degree:
        splats = splats.with_sh_degree(options.sh_degree)
    order = arrange(splats, options.order)
    return splats.take(order), order


def encode_geometry(splats: Splats) -> tuple[dict[str, Bytes], Limits, Limits]:
    """Return the textures of positions and rotations, and the range of the positions."""
    cells, mins, maxs = quantize.encode_positions(splats.means)
    low, high = POSITION_FILES
    textures = {
        low: fill_texture((cells & 255).astype(np.uint8)),
        high: fill_texture((cells >> 8).astype(np.uint8)),
        QUATERNION_FILE: fill_texture(quantize.encode_quaternions(splats.quaternions)),
    }
    return textures, mins, maxs


def decode_geometry(meta: Mapping[str, Any], load: Load, count: int) -> tuple[Floats, Floats]:
    """Return positions (count, 3) and unit quaternions (count, 4).

    Raises
    ------
    StageError
        ``bad_bundle`` if the bundle breaks the specification.
    """
    means = section(meta, "means", 2)
    low_name, high_name = means["files"]
    low, high = load(low_name), load(high_name)
    check_plausible(count, len(low) + len(high))
    cells = decode_webp(high, high_name, count, 3).astype(np.uint16)
    cells <<= np.uint16(8)
    cells |= decode_webp(low, low_name, count, 3)
    positions = quantize.decode_positions(cells, *limits_of(means, "means", 3))
    (name,) = section(meta, "quats", 1)["files"]
    return positions, quantize.decode_quaternions(decode_webp(load(name), name, count, 4))


def encode_palette(splats: Splats, options: CompressOptions, report: Report) -> Palette:
    """Return the palette of the higher harmonics, numbered for small label textures."""
    vectors = np.ascontiguousarray(splats.sh[:, 1:].reshape(len(splats), -1))
    entries = options.palette_entries or automatic_entries(len(splats))
    return renumber_by_users(build_palette(vectors, entries, report, _PALETTE_SHARE))


def encode_labels(labels: npt.NDArray[np.int64]) -> Bytes:
    """Return the texture of palette entries: low byte in red, high byte in green."""
    texels = np.zeros((len(labels), 3), np.uint8)
    texels[:, 0] = labels & 255
    texels[:, 1] = labels >> 8
    return fill_texture(texels)


def decode_labels(load: Load, name: str, count: int) -> npt.NDArray[np.uint16]:
    """Return the palette entry (count,) of each Gaussian, 0 to 65,535.

    Raises
    ------
    StageError
        ``bad_bundle`` as `decode_webp`.
    """
    texels = decode_webp(load(name), name, count, 3)
    labels = texels[:, 1].astype(np.uint16)
    labels <<= np.uint16(8)
    labels |= texels[:, 0]
    return labels


def limits_of(part: Mapping[str, Any], name: str, count: int) -> tuple[Limits, Limits]:
    """Return the `mins` and `maxs` of one part of meta.json, `count` numbers each.

    Raises
    ------
    StageError
        ``bad_bundle`` if they are no such numbers.
    """
    return (
        numbers_of(part.get("mins"), f"mins of {name}", count),
        numbers_of(part.get("maxs"), f"maxs of {name}", count),
    )


def finish(
    meta: dict[str, Any],
    textures: Mapping[str, Bytes],
    order: npt.NDArray[np.intp],
    options: CompressOptions,
    report: Report,
) -> Bundle:
    """Compress the textures and return the bundle."""
    files: dict[str, bytes] = {META: encode_meta(meta)}
    start = _PALETTE_SHARE if PALETTE_FILES[0] in textures else 0.0
    for done, (name, texture) in enumerate(textures.items(), start=1):
        files[name] = encode_webp(texture, options.webp_effort)
        fraction = start + (1 - start) * done / len(textures)
        report(Progress("Compressing the textures without loss", done, len(textures), fraction))
    return Bundle(files, order)
