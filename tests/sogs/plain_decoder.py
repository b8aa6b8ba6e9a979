"""A second, slow reading of the two specifications: one Gaussian at a time, no shared code."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image


def pixels(data: bytes) -> Any:
    return Image.open(io.BytesIO(data)).convert("RGBA").load()


def decode(files: Mapping[str, bytes]) -> list[dict[str, list[float]]]:
    """Return position, scale, quaternion, opacity, dc, rest of each Gaussian."""
    meta = json.loads(files["meta.json"])
    new = meta.get("version") == 2
    count = meta["count"] if new else meta["means"]["shape"][0]
    width = Image.open(io.BytesIO(files["quats.webp"])).size[0]
    picture = {name: pixels(data) for name, data in files.items() if name.endswith(".webp")}

    def texel(name: str, i: int) -> tuple[int, int, int, int]:
        found: tuple[int, int, int, int] = picture[name][i % width, i // width]
        return found

    def linear(part: str, channel: int, value: int) -> float:
        low, high = meta[part]["mins"][channel], meta[part]["maxs"][channel]
        return float(low + (high - low) * value / 255)

    out = []
    for i in range(count):
        low, high = texel("means_l.webp", i), texel("means_u.webp", i)
        position = []
        for axis in range(3):
            word = low[axis] + 256 * high[axis]
            least, most = meta["means"]["mins"][axis], meta["means"]["maxs"][axis]
            t = least + (most - least) * word / 65535
            position.append(math.copysign(math.exp(abs(t)) - 1, t))
        q = texel("quats.webp", i)
        small = [(v / 255 - 0.5) * math.sqrt(2) for v in q[:3]]
        quaternion = list(small)
        quaternion.insert(q[3] - 252, math.sqrt(max(0.0, 1 - sum(v * v for v in small))))
        s, c = texel("scales.webp", i), texel("sh0.webp", i)
        if new:
            scale = [meta["scales"]["codebook"][v] for v in s[:3]]
            dc = [meta["sh0"]["codebook"][v] for v in c[:3]]
            opacity = c[3] / 255
        else:
            scale = [linear("scales", k, s[k]) for k in range(3)]
            dc = [linear("sh0", k, c[k]) for k in range(3)]
            opacity = 1 / (1 + math.exp(-linear("sh0", 3, c[3])))
        rest: list[float] = []
        if "shN" in meta:
            palette_width = Image.open(io.BytesIO(files["shN_centroids.webp"])).size[0]
            k = palette_width // 64
            label = texel("shN_labels.webp", i)
            entry = label[0] + 256 * label[1]
            for j in range(k):
                colour = picture["shN_centroids.webp"][(entry % 64) * k + j, entry // 64]
                for v in colour[:3]:
                    if new:
                        rest.append(meta["shN"]["codebook"][v])
                    else:
                        least, most = meta["shN"]["mins"], meta["shN"]["maxs"]
                        rest.append(least + (most - least) * v / 255)
        out.append(
            {
                "position": position,
                "scale": scale,
                "quaternion": quaternion,
                "opacity": [opacity],
                "dc": dc,
                "rest": rest,
            }
        )
    return out


def column(decoded: list[dict[str, list[float]]], name: str) -> np.ndarray:
    return np.array([row[name] for row in decoded])
