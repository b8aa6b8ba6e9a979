"""Which photos share one camera: one body, one lens, one zoom step, one picture size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from spaceport_app.photos.metadata import Metadata
from spaceport_app.photos.model import Finding


def camera_key(metadata: Metadata, width: int, height: int) -> str:
    """Return a key in words, such as ``"DJI FC300S 3.6 mm 4000x3000"``.

    Portrait photos that are stored turned have a size of their own and so a key of their own;
    photos that are only marked as turned are stored like the others and share their key.
    """
    make, model = metadata.make, metadata.model
    # Many models repeat their maker: "Canon" and "Canon PowerShot".
    body = model if make and model.lower().startswith(make.lower()) else f"{make} {model}".strip()
    parts = [body or "Unknown camera"]
    if metadata.lens:
        parts.append(metadata.lens)
    if metadata.serial:
        parts.append(f"#{metadata.serial}")
    if metadata.focal_mm:
        # Tenths of a millimetre: lenses report their position with small differences.
        parts.append(f"{metadata.focal_mm:.1f} mm")
    if metadata.zoom > 1.0:
        parts.append(f"zoom {metadata.zoom:.2g}")
    parts.append(f"{width}x{height}")
    return " ".join(parts)


def odd_sizes(keys: Sequence[str], sizes: Sequence[tuple[int, int]]) -> list[tuple[Finding, ...]]:
    """Return ``odd_size`` for photos that are alone with their camera and of an unusual size."""
    by_key, by_size = Counter(keys), Counter(sizes)
    usual, count = by_size.most_common(1)[0] if by_size else ((0, 0), 0)
    return [
        (
            Finding(
                "odd_size",
                f"The photo is {size[0]}x{size[1]} pixels and alone in that; the others are "
                f"{usual[0]}x{usual[1]}.",
            ),
        )
        if by_key[key] == 1 and by_size[size] == 1 and count >= 3
        else ()
        for key, size in zip(keys, sizes, strict=True)
    ]
