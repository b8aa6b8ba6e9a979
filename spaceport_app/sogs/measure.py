"""What a bundle costs and how far it is from the scene that went in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from spaceport_app.events import JsonValue
from spaceport_app.sogs.bundle import Bundle
from spaceport_app.splats.compare import compare_in_order
from spaceport_app.splats.model import Splats


def measure(
    original: Splats, decoded: Splats, bundle: Bundle, ply_bytes: int
) -> dict[str, JsonValue]:
    """Compare a decoded bundle with the scene that was encoded, Gaussian by Gaussian.

    Parameters
    ----------
    original : Splats
        The scene as it went in.
    decoded : Splats
        What was read back from the bundle.
    bundle : Bundle
        Gives the order of the Gaussians and the bytes.
    ply_bytes : int
        Size of the scene as a .ply, for the ratio.

    Returns
    -------
    dict
        Flat, units in the names; harmonics left out count as error. See `Difference` for the
        definitions.
    """
    difference = asdict(compare_in_order(original.take(bundle.order), decoded))
    for name in ("matched", "reference_gaussians", "shared_partners"):
        del difference[name]
    return {
        "sh_degree": decoded.sh_degree,
        "bytes": bundle.size,
        "ply_bytes": ply_bytes,
        "ratio": ply_bytes / bundle.size,
        "bits_per_gaussian": 8.0 * bundle.size / len(decoded),
        **difference,
        "file_bytes": file_bytes(bundle.files),
    }


def file_bytes(files: Mapping[str, bytes]) -> JsonValue:
    """Return the size of each file of a bundle by its name."""
    return {name: len(data) for name, data in files.items()}
