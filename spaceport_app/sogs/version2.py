"""SOG version 2: codebooks, a palette of harmonics and lossless WebP textures.

Specification: PlayCanvas, "The SOG Format", version 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from spaceport_app import __version__
from spaceport_app.events import Report
from spaceport_app.sogs import parts, quantize
from spaceport_app.sogs.bundle import (
    Bundle,
    Load,
    check_room,
    count_of,
    harmonics,
    numbers_of,
    section,
)
from spaceport_app.sogs.kmeans import codebook, even_codebook, nearest_level
from spaceport_app.sogs.options import CompressOptions
from spaceport_app.sogs.palette import LARGEST_PALETTE
from spaceport_app.sogs.textures import (
    Bytes,
    bad_bundle,
    decode_palette,
    decode_webp,
    fill_palette,
    fill_texture,
)
from spaceport_app.splats.model import Floats, Splats

_COEFFICIENTS = {1: 3, 2: 8, 3: 15}


def encode(
    splats: Splats, options: CompressOptions, report: Report, *, antialiased: bool = False
) -> Bundle:
    """Encode a scene.

    Parameters
    ----------
    splats : Splats
    options : CompressOptions
    report : Report
    antialiased : bool
        Whether the scene was trained with opacity compensated for the low-pass filter
        (Mip-Splatting), which readers must know to render it alike.

    Raises
    ------
    StageError
        ``no_gaussians``, ``not_finite`` or ``too_many_gaussians``.
    """
    splats, order = parts.arranged(splats, options)
    textures, mins, maxs = parts.encode_geometry(splats)
    scale_levels = codebook(splats.log_scales)
    textures[parts.SCALE_FILE] = fill_texture(nearest_level(splats.log_scales, scale_levels))
    colour_levels = codebook(splats.sh[:, 0])
    colours = nearest_level(splats.sh[:, 0], colour_levels)
    opacities = quantize.encode_opacities(splats.opacities)
    textures[parts.COLOUR_FILE] = fill_texture(np.column_stack((colours, opacities)))
    meta: dict[str, Any] = {
        "version": 2,
        "asset": {"generator": f"Spaceport {__version__}"},
        "count": len(splats),
        "means": {"mins": mins.tolist(), "maxs": maxs.tolist(), "files": parts.POSITION_FILES},
        "scales": {"codebook": _shortest(scale_levels), "files": [parts.SCALE_FILE]},
        "quats": {"files": [parts.QUATERNION_FILE]},
        "sh0": {"codebook": _shortest(colour_levels), "files": [parts.COLOUR_FILE]},
    }
    if antialiased:
        meta["model"] = "antialiased"
    if splats.sh_degree > 0:
        meta["shN"] = _encode_harmonics(splats, options, report, textures)
    return parts.finish(meta, textures, order, options, report)


def decode(meta: Mapping[str, Any], load: Load) -> Splats:
    """Decode a bundle from its parsed meta.json and the files that `load` gives.

    Raises
    ------
    StageError
        ``bad_bundle`` if anything in it breaks the specification.
    """
    count = count_of(meta.get("count"), "count")
    check_room(count, _coefficients(meta))
    positions, quaternions = parts.decode_geometry(meta, load, count)
    scales = section(meta, "scales", 1)
    (name,) = scales["files"]
    log_scales = _levels(scales, "scales")[decode_webp(load(name), name, count, 3)]
    sh0 = section(meta, "sh0", 1)
    (name,) = sh0["files"]
    colours = decode_webp(load(name), name, count, 4)
    dc = _levels(sh0, "sh0")[colours[:, :3]]
    opacity_logits = quantize.decode_opacities(colours[:, 3])
    del colours
    palette = _decode_harmonics(meta, load, count) if meta.get("shN") is not None else None
    return Splats(positions, log_scales, quaternions, opacity_logits, harmonics(dc, palette))


def _encode_harmonics(
    splats: Splats, options: CompressOptions, report: Report, textures: dict[str, Bytes]
) -> dict[str, Any]:
    palette = parts.encode_palette(splats, options, report)
    vectors = splats.sh[:, 1:].reshape(len(splats), -1)
    error = float(np.mean((palette.entries[palette.labels] - vectors) ** 2))
    # Finer levels cost bytes an entry but gain for every Gaussian: with many Gaussians an
    # entry they are cheap.
    share = float(np.clip(0.45 * len(palette.entries) / len(splats), 0.03, 0.3))
    levels = even_codebook(palette.entries, error, share)
    indices = nearest_level(palette.entries, levels)
    centroids, labels = parts.PALETTE_FILES
    textures[centroids] = fill_palette(indices.reshape(len(indices), -1, 3))
    textures[labels] = parts.encode_labels(palette.labels)
    return {
        "count": len(palette.entries),
        "bands": splats.sh_degree,
        "codebook": _shortest(levels),
        "files": parts.PALETTE_FILES,
    }


def _coefficients(meta: Mapping[str, Any]) -> int:
    """Return how many harmonics a channel there are above the first."""
    if meta.get("shN") is None:
        return 0
    bands = section(meta, "shN", 2).get("bands")
    return _COEFFICIENTS[count_of(bands, "bands of shN", 3)]


def _decode_harmonics(
    meta: Mapping[str, Any], load: Load, count: int
) -> tuple[Floats, npt.NDArray[np.uint16]]:
    part = section(meta, "shN", 2)
    k = _coefficients(meta)
    entries = count_of(part.get("count"), "count of shN", LARGEST_PALETTE)
    name, labels_name = part["files"]
    centroids = decode_palette(load(name), name, entries)
    if centroids.shape[1] != k:
        raise bad_bundle(f"{name} holds {centroids.shape[1]} coefficients an entry, not {k}")
    labels = parts.decode_labels(load, labels_name, count)
    if labels.max() >= entries:
        raise bad_bundle(f"{labels_name} points beyond the {entries:,} palette entries")
    return _levels(part, "shN")[centroids], labels


def _levels(part: Mapping[str, Any], name: str) -> Floats:
    return numbers_of(part.get("codebook"), f"codebook of {name}", 256).astype(np.float32)


def _shortest(levels: Floats) -> list[float]:
    """Return the numbers with the fewest digits that read back as the same float32."""
    return [float(str(level)) for level in levels]
