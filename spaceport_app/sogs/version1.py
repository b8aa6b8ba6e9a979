"""SOGS version 1: every value 8-bit linear between limits named in meta.json.

It is the layout of the first PlayCanvas readers; meta.json carries no version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from spaceport_app.events import Report
from spaceport_app.sogs import parts, quantize
from spaceport_app.sogs.bundle import (
    Bundle,
    Load,
    check_room,
    count_of,
    harmonics,
    section,
    shown,
)
from spaceport_app.sogs.options import CompressOptions
from spaceport_app.sogs.quantize import Limits
from spaceport_app.sogs.textures import (
    Bytes,
    bad_bundle,
    decode_palette,
    decode_webp,
    fill_palette,
    fill_texture,
)
from spaceport_app.splats.model import Floats, Splats


def encode(splats: Splats, options: CompressOptions, report: Report) -> Bundle:
    """Encode a scene.

    Raises
    ------
    StageError
        ``no_gaussians``, ``not_finite`` or ``too_many_gaussians``.
    """
    splats, order = parts.arranged(splats, options)
    count = len(splats)
    textures, mins, maxs = parts.encode_geometry(splats)
    scale_mins, scale_maxs = _limits(splats.log_scales)
    textures[parts.SCALE_FILE] = fill_texture(
        quantize.encode_linear(splats.log_scales, scale_mins, scale_maxs)
    )
    colours = np.column_stack((splats.sh[:, 0], splats.opacity_logits))
    colour_mins, colour_maxs = _limits(colours)
    textures[parts.COLOUR_FILE] = fill_texture(
        quantize.encode_linear(colours, colour_mins, colour_maxs)
    )
    meta: dict[str, Any] = {
        "means": _part([count, 3], mins, maxs, parts.POSITION_FILES),
        "scales": _part([count, 3], scale_mins, scale_maxs, [parts.SCALE_FILE]),
        "quats": {
            "shape": [count, 4],
            "dtype": "uint8",
            "encoding": "quaternion_packed",
            "files": [parts.QUATERNION_FILE],
        },
        "sh0": _part([count, 1, 4], colour_mins, colour_maxs, [parts.COLOUR_FILE]),
    }
    if splats.sh_degree > 0:
        meta["shN"] = _encode_harmonics(splats, options, report, textures)
    return parts.finish(meta, textures, order, options, report)


def decode(meta: Mapping[str, Any], load: Load) -> Splats:
    """Decode a bundle from its parsed meta.json and the files that `load` gives.

    Raises
    ------
    StageError
        ``bad_bundle`` if anything in it breaks the layout.
    """
    shape = section(meta, "means", 2).get("shape")
    count = count_of(shape[0] if isinstance(shape, list) and shape else None, "shape of means")
    encoding = section(meta, "quats", 1).get("encoding", "quaternion_packed")
    if encoding != "quaternion_packed":
        raise bad_bundle(f"quats are encoded as {shown(encoding)}")
    # Version 1 tells the number of coefficients by the palette's width alone.
    check_room(count, 15 if meta.get("shN") is not None else 0)
    positions, quaternions = parts.decode_geometry(meta, load, count)
    log_scales = _decode_part(meta, "scales", load, count, 3)
    colours = _decode_part(meta, "sh0", load, count, 4)
    palette = _decode_harmonics(meta, load, count) if meta.get("shN") is not None else None
    return Splats(
        positions,
        log_scales,
        quaternions,
        np.ascontiguousarray(colours[:, 3]),
        harmonics(colours[:, :3], palette),
    )


def _encode_harmonics(
    splats: Splats, options: CompressOptions, report: Report, textures: dict[str, Bytes]
) -> dict[str, Any]:
    palette = parts.encode_palette(splats, options, report)
    low, high = float(palette.entries.min()), float(palette.entries.max())
    packed = quantize.encode_linear(palette.entries, np.array(low), np.array(high))
    centroids, labels = parts.PALETTE_FILES
    textures[centroids] = fill_palette(packed.reshape(len(packed), -1, 3))
    textures[labels] = parts.encode_labels(palette.labels)
    return {
        "shape": [len(splats), palette.entries.shape[1]],
        "dtype": "float32",
        "mins": low,
        "maxs": high,
        "quantization": 8,
        "files": parts.PALETTE_FILES,
    }


def _decode_harmonics(
    meta: Mapping[str, Any], load: Load, count: int
) -> tuple[Floats, npt.NDArray[np.uint16]]:
    part = section(meta, "shN", 2)
    if part.get("quantization", 8) != 8:
        raise bad_bundle(f"shN is quantised to {shown(part['quantization'])} bits")
    mins, maxs = parts.limits_of(part, "shN", 1)
    name, labels_name = part["files"]
    labels = parts.decode_labels(load, labels_name, count)
    # Version 1 does not say how many entries the palette has: as many as are used.
    centroids = decode_palette(load(name), name, int(labels.max()) + 1)
    return quantize.decode_linear(centroids, mins, maxs), labels


def _part(shape: list[int], mins: Limits, maxs: Limits, files: list[str]) -> dict[str, Any]:
    return {
        "shape": shape,
        "dtype": "float32",
        "mins": mins.tolist(),
        "maxs": maxs.tolist(),
        "files": files,
    }


def _decode_part(
    meta: Mapping[str, Any], name: str, load: Load, count: int, channels: int
) -> Floats:
    part = section(meta, name, 1)
    (file,) = part["files"]
    texels = decode_webp(load(file), file, count, channels)
    return quantize.decode_linear(texels, *parts.limits_of(part, name, channels))


def _limits(values: Floats) -> tuple[Limits, Limits]:
    return values.min(axis=0).astype(np.float64), values.max(axis=0).astype(np.float64)
