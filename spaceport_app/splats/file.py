"""Gaussians in the PLY layout of the original 3DGS code, which every viewer reads.

`read_ply` is for what Spaceport has written itself; splats of others go by way of `formats`.

Properties: x, y, z, nx, ny, nz, f_dc_0..2, f_rest_* (channel after channel), opacity (logit),
scale_0..2 (logarithms), rot_0..3 (w, x, y, z); after Kerbl et al. 2023.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spaceport_app import ply
from spaceport_app.errors import StageError
from spaceport_app.splats.model import Floats, Splats

_REST = {0: 1, 9: 4, 24: 9, 45: 16}
"""Number of f_rest properties to number of harmonics coefficients a channel."""


def read_ply(path: Path) -> Splats:
    """Read Gaussians, their properties in any order among any others.

    Raises
    ------
    StageError
        ``bad_ply`` if it is no PLY file or is cut short, ``no_gaussians`` if its points lack
        what a Gaussian needs.
    OSError
        If the file cannot be read.
    """
    table = ply.read_vertices(path)
    names = frozenset(table.dtype.names or ())

    def columns(*wanted: str) -> Floats:
        missing = [name for name in wanted if name not in names]
        if missing:
            raise StageError(
                "no_gaussians",
                f"{path.name} has no property {missing[0]}: it does not hold Gaussians.",
                "Choose a .ply that a Gaussian splatting program wrote.",
            )
        out = np.empty((len(table), len(wanted)), np.float32)
        for i, name in enumerate(wanted):
            out[:, i] = table[name]
        return out

    rest_count = sum(name.startswith("f_rest_") for name in names)
    if rest_count not in _REST:
        raise StageError(
            "no_gaussians",
            f"{path.name} has {rest_count} f_rest properties; degrees 0 to 3 have 0, 9, 24 or 45.",
            "Export it again with spherical harmonics of degree 3 or less.",
        )
    terms = _REST[rest_count]
    sh = np.empty((len(table), terms, 3), np.float32)
    sh[:, 0] = columns("f_dc_0", "f_dc_1", "f_dc_2")
    if terms > 1:
        rest = columns(*(f"f_rest_{i}" for i in range(rest_count)))
        sh[:, 1:] = rest.reshape(-1, 3, terms - 1).transpose(0, 2, 1)
    return Splats(
        columns("x", "y", "z"),
        columns("scale_0", "scale_1", "scale_2"),
        columns("rot_0", "rot_1", "rot_2", "rot_3"),
        columns("opacity")[:, 0].copy(),
        sh,
    )


def bytes_a_gaussian(splats: Splats) -> int:
    """Return what one more Gaussian adds to the file that `write_ply` writes."""
    return 4 * (14 + 3 * int(splats.sh.shape[1]))


def write_ply(path: Path, splats: Splats, comments: tuple[str, ...] = ()) -> None:
    """Write Gaussians as binary little-endian PLY with normals of zero.

    Parameters
    ----------
    path : Path
    splats : Splats
    comments : tuple of str
        Lines of the header that readers may pass over.

    Raises
    ------
    OSError
        If the file cannot be written; an older file at `path` is then kept.
    """
    terms = splats.sh.shape[1]
    rest = splats.sh[:, 1:].transpose(0, 2, 1).reshape(len(splats), 3 * (terms - 1))
    groups = (
        (("x", "y", "z"), splats.means),
        (("nx", "ny", "nz"), np.zeros_like(splats.means)),
        (("f_dc_0", "f_dc_1", "f_dc_2"), splats.sh[:, 0]),
        (tuple(f"f_rest_{i}" for i in range(3 * (terms - 1))), rest),
        (("opacity",), splats.opacity_logits[:, None]),
        (("scale_0", "scale_1", "scale_2"), splats.log_scales),
        (("rot_0", "rot_1", "rot_2", "rot_3"), splats.quaternions),
    )
    names = [name for group, _ in groups for name in group]
    table = np.empty(len(splats), [(name, "<f4") for name in names])
    for group, values in groups:
        for i, name in enumerate(group):
            table[name] = values[:, i]
    ply.write_vertices(path, table, comments)
