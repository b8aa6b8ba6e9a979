"""Gaussians in PLY, in the dialects of the field.

The layout is that of Kerbl et al. 2023 (see `splats.file`), of which programs leave parts out, add
others, or write them in other types. ``filter_3D`` is that of Yu et al. 2024, "Mip-Splatting:
Alias-free 3D Gaussian Splatting".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spaceport_app import ply, room
from spaceport_app.errors import StageError
from spaceport_app.formats import colour
from spaceport_app.formats.model import Doubles, Format, Found, Note, Raw
from spaceport_app.formats.names import named, unused
from spaceport_app.formats.values import FLAT_LOG_SCALE
from spaceport_app.sogs import quantize
from spaceport_app.splats.model import Floats

_PLACE = ("x", "y", "z")
_NORMALS = ("nx", "ny", "nz")
_DC = ("f_dc_0", "f_dc_1", "f_dc_2")
_SCALES = ("scale_0", "scale_1", "scale_2")
_ROTATION = ("rot_0", "rot_1", "rot_2", "rot_3")
_COLOURS = (
    ("red", "green", "blue"),
    ("r", "g", "b"),
    ("diffuse_red", "diffuse_green", "diffuse_blue"),
)
_FILTER = "filter_3D"
_OFFSET = "offset"
_MODE = "SplatRenderMode"
_MOVING = ("trbf_", "motion_", "omega_", "scale_t", "rot_r_")
"""Properties of Gaussians that move (Spacetime Gaussians, 4D Gaussian Splatting)."""
_SHAPES = frozenset({*_DC, *_SCALES, *_ROTATION})


def recognises(found: Found) -> bool:
    """Whether it is a PLY file, whatever it holds."""
    return ply.is_ply(found.head)


def read(path: Path) -> Raw:
    """Read a .ply of Gaussians.

    Raises
    ------
    StageError
        ``bad_ply`` if the file is damaged, ``no_gaussians`` if it holds something else: the
        message says what, or what is missing.
    OSError
        If the file cannot be read.
    """
    header = ply.read_header(path)
    vertex = header.element("vertex")
    if vertex is None:
        raise _refused(path, "has no vertices")
    layout = _layout(path, header, vertex)
    return _Reading(path, header, vertex, layout).run()


def comments(offset: Doubles, antialiased: bool) -> tuple[str, ...]:
    """Return what a .ply says of its splats in comments, as `read` understands them.

    Parameters
    ----------
    offset : (3,) float64
        What was taken off the positions.
    antialiased : bool
    """
    found = [f"{_MODE}: mip"] if antialiased else []
    if offset.any():
        numbers = (np.format_float_positional(value, trim="-") for value in offset)
        found.append(" ".join((_OFFSET, *numbers)))
    return tuple(found)


def what_else(header: ply.Header) -> str | None:
    """Return ``"mesh"`` or ``"point cloud"`` of a PLY file without a trace of Gaussians."""
    vertex = header.element("vertex")
    if vertex is None or not set(_PLACE) <= set(vertex.names):
        return None
    traces = _SHAPES | {"opacity", "packed_position", "f_anchor_feat_0"}
    if traces & set(vertex.names) or header.element("codebook_centers") is not None:
        return None
    faces = header.element("face")
    return "mesh" if faces is not None and faces.count else "point cloud"


@dataclass
class _Layout:
    """Which property is what; None or empty where there is none."""

    colours: tuple[str, ...]
    opacity: str
    scales: tuple[str, ...]
    rest: tuple[str, ...]
    degree: int
    filter: str | None
    notes: list[Note] = field(default_factory=list)

    @property
    def used(self) -> frozenset[str]:
        names = {*_PLACE, *self.colours, self.opacity, *self.scales, *_ROTATION, *self.rest}
        return frozenset(names | ({self.filter} if self.filter else set()))


def _layout(path: Path, header: ply.Header, vertex: ply.Element) -> _Layout:
    names = frozenset(vertex.names)
    _refuse_others(path, header, vertex)
    notes: list[Note] = []
    colours: tuple[str, ...] = _DC
    if not set(_DC) <= names:
        colours = next((some for some in _COLOURS if set(some) <= names), _DC)
    opacity = "alpha" if "opacity" not in names and colours is not _DC else "opacity"
    scales = tuple(name for name in _SCALES if name in names)
    missing = [*_PLACE, *colours, opacity, *_ROTATION]
    if scales not in (_SCALES[:1], _SCALES[:2]):
        missing += _SCALES
    missing = [name for name in missing if name not in names]
    if missing:
        raise _refused(path, f"lacks {named(missing)}, without which Gaussians cannot be shown")
    if len(scales) == 2:
        words = "Flat: Gaussians of two dimensions (2DGS); their third log scale is ln(1e-6)."
        notes.append(Note("two_dimensional", words, vertex.count))
    elif len(scales) == 1:
        notes.append(Note("round", "Round: Gaussians with one scale for all axes.", vertex.count))
    rest, degree = _harmonics(names, notes)
    moving = [name for name in vertex.names if name.startswith(_MOVING)]
    if moving:
        words = f"The splats move over time ({named(moving)}); only one moment was read."
        notes.append(Note("moving", words))
    lower = {name.lower(): name for name in vertex.names}
    return _Layout(colours, opacity, scales, rest, degree, lower.get(_FILTER.lower()), notes)


def _harmonics(names: frozenset[str], notes: list[Note]) -> tuple[tuple[str, ...], int]:
    number = sum(name.startswith("f_rest_") for name in names)
    rest = tuple(f"f_rest_{i}" for i in range(number))
    if number not in colour.DEGREES or not set(rest) <= names:
        words = (
            f"Harmonics were not read: {number} f_rest properties are those of no degree "
            "(0, 9, 24, 45 or 72 are)."
        )
        notes.append(Note("odd_harmonics", words))
        return (), 0
    degree = colour.DEGREES[number]
    if degree == 4:
        notes.append(Note("degree_4", colour.CUT))
        # Channel after channel, the harmonics of degree 4 last in each.
        kept = colour.COEFFICIENTS[3]
        rest = tuple(rest[c * colour.DEGREE_4 + k] for c in range(3) for k in range(kept))
        degree = 3
    return rest, degree


def _refuse_others(path: Path, header: ply.Header, vertex: ply.Element) -> None:
    """Say what a .ply is that holds no Gaussians by itself."""
    names = set(vertex.names)
    other = what_else(header)
    if other is not None:
        raise StageError(
            "no_gaussians",
            f"{path.name} is a {other}, not Gaussians: it has no opacity, scale or rotation.",
            "Choose a .ply that a Gaussian splatting program wrote.",
        )
    if any(name.startswith(("f_anchor_feat", "f_offset")) for name in names):
        raise StageError(
            "no_gaussians",
            f"{path.name} holds anchors (Scaffold-GS): Gaussians come of them only with the "
            "network they were trained with.",
            "Export them as Gaussians with the program that trained them.",
        )
    if header.element("codebook_centers") is not None:
        raise StageError(
            "no_gaussians",
            f"{path.name} is packed with codebooks (Reduced 3DGS), which Spaceport does not read.",
            "Export it as a plain .ply with the program that wrote it.",
        )


def _refused(path: Path, what: str) -> StageError:
    return StageError(
        "no_gaussians",
        f"{path.name} {what}.",
        "Export it again with position, colour, opacity, scale and rotation.",
    )


class _Reading:
    """Arrays that are filled block by block."""

    def __init__(
        self, path: Path, header: ply.Header, vertex: ply.Element, layout: _Layout
    ) -> None:
        self.path, self.header, self.vertex, self.layout = path, header, vertex, layout
        kinds = {one.name: one.kind for one in vertex.properties}
        single = header.order != "a" and all(kinds[name] == "f4" for name in _PLACE)
        self.place = np.dtype(np.float32 if single else np.float64)
        self.kinds = kinds
        self.coefficients = 1 + len(layout.rest) // 3
        self.flat_normals = True

    def run(self) -> Raw:
        n = self.vertex.count
        each = 3 * self.place.itemsize + 4 * (3 + 4 + 1 + 3 * self.coefficients)
        generator = ply.blocks(self.path, self.header, {"vertex"})
        # Asked of the file first: what it cannot hold takes no memory.
        first = next(generator)
        # Once as it is read, and in part once more where Gaussians are left out.
        room.require(2.0 * each * n, f"{self.path.name} with {n:,} Gaussians")
        raw = Raw.empty(_format(self.header), n, self.coefficients - 1, self.place)
        done = 0
        while True:
            done += self._fill(raw, first[1], done)
            if done >= n:
                break
            first = next(generator)
        raw.notes += self.layout.notes
        raw.offset = stated_offset(self.header)
        raw.antialiased = says(self.header, "mip") or self.layout.filter is not None
        if self.layout.filter is not None and n:
            words = (
                "Mip-Splatting: its 3D filter was folded into scales and opacities, and the "
                "splats are shown antialiased."
            )
            raw.notes.append(Note("filter_3d", words, n))
        if says(self.header, "2dgs") and len(self.layout.scales) == 3:
            words = "The file says that it is of two dimensions (2DGS); it is shown as it stands."
            raw.notes.append(Note("two_dimensional", words))
        raw.unused = self._unused()
        raw.notes += unused(raw.unused)
        return raw

    def _fill(self, raw: Raw, rows: ply.Table, start: int) -> int:
        part = slice(start, start + len(rows))
        layout = self.layout
        for axis, name in enumerate(_PLACE):
            raw.positions[part, axis] = rows[name]
        with np.errstate(over="ignore"):
            for axis, name in enumerate(_ROTATION):
                raw.quaternions[part, axis] = rows[name]
            for axis in range(3):
                raw.log_scales[part, axis] = self._scale(rows, axis)
            for i, name in enumerate(layout.rest):
                raw.sh[part, 1 + i % (self.coefficients - 1), i // (self.coefficients - 1)] = rows[
                    name
                ]
            raw.sh[part, 0] = self._dc(rows)
            raw.opacity_logits[part] = self._opacity(rows)
            if layout.filter is not None:
                scales, logits = filtered(
                    raw.log_scales[part], raw.opacity_logits[part], rows[layout.filter]
                )
                raw.log_scales[part], raw.opacity_logits[part] = scales, logits
        for name in _NORMALS:
            if self.flat_normals and name in self.vertex.names:
                self.flat_normals = not np.any(rows[name])
        return len(rows)

    def _scale(self, rows: ply.Table, axis: int) -> npt.ArrayLike:
        scales = self.layout.scales
        if len(scales) == 2 and axis == 2:
            return FLAT_LOG_SCALE
        found: npt.ArrayLike = rows[scales[min(axis, len(scales) - 1)]]
        return found

    def _dc(self, rows: ply.Table) -> Floats:
        values = np.stack([rows[name] for name in self.layout.colours], axis=1)
        if self.layout.colours is _DC:
            return values.astype(np.float32)
        return colour.dc_of(values / self._whole(self.layout.colours[0]))

    def _opacity(self, rows: ply.Table) -> Floats:
        values = rows[self.layout.opacity]
        if self.layout.opacity == "opacity":
            return np.asarray(values, np.float32)
        return quantize.logits(values / self._whole("alpha"))

    def _whole(self, name: str) -> float:
        """Return the number that stands for all light: of floating point numbers 1."""
        kind = self.kinds[name]
        return 1.0 if kind[0] == "f" else float(np.iinfo(kind).max)

    def _unused(self) -> tuple[str, ...]:
        used = self.layout.used | (set(_NORMALS) if self.flat_normals else set())
        properties = [name for name in self.vertex.names if name not in used]
        others = [
            f"element {one.name}"
            for one in self.header.elements
            if one.name != "vertex" and one.count
        ]
        return (*properties, *others)


def filtered(
    log_scales: Floats, opacity_logits: Floats, filter_3d: npt.NDArray[np.floating]
) -> tuple[Floats, Floats]:
    """Return scales and opacities with Mip-Splatting's 3D filter in them.

    Each variance grows by the filter's, and the opacity shrinks by the square root of the ratio
    of the determinants, so that the Gaussian keeps its integral (Yu et al. 2024, equation 9; as
    ``get_scaling_with_3D_filter`` and ``get_opacity_with_3D_filter`` of their repository,
    autonomousvision/mip-splatting).

    Parameters
    ----------
    log_scales : (N, 3)
    opacity_logits : (N,)
    filter_3d : (N,)
        Standard deviation of the filter, in the unit of the positions.

    Returns
    -------
    log_scales : (N, 3) float32
    opacity_logits : (N,) float32
        -inf where no opacity is left.
    """
    before: Doubles = log_scales.astype(np.float64)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        variance = 2.0 * np.log(np.abs(filter_3d.astype(np.float64)))[:, None]
        after = 0.5 * np.logaddexp(2.0 * before, variance)
        # The logarithm of the ratio; a Gaussian that was flat has lost all of its opacity.
        change = (before - after).sum(axis=1)
        change[np.isneginf(before).any(axis=1) & np.isfinite(variance[:, 0])] = -np.inf
        # Without a filter, nothing changes.
        change[np.isneginf(variance[:, 0])] = 0.0
        logarithm = change - np.logaddexp(0.0, -opacity_logits.astype(np.float64))
        logits = logarithm - np.log(-np.expm1(logarithm))
    return after.astype(np.float32), logits.astype(np.float32)


def _format(header: ply.Header) -> str:
    return {"a": "PLY, ASCII", "<": "PLY, binary", ">": "PLY, binary big-endian"}[header.order]


def says(header: ply.Header, mode: str) -> bool:
    """Whether a comment names this way to draw splats, as SuperSplat, Brush and others write."""
    for comment in header.comments:
        name, _, value = comment.partition(":")
        if name.strip().lower() == _MODE.lower() and value.strip().lower() == mode:
            return True
    return False


def stated_offset(header: ply.Header) -> Doubles:
    """Return what a comment of Spaceport says was taken off the positions, (3,)."""
    for comment in header.comments:
        words = comment.split()
        if len(words) == 4 and words[0] == _OFFSET:
            try:
                found = np.array([float(word) for word in words[1:]])
            except ValueError:
                continue
            if np.isfinite(found).all():
                return found
    return np.zeros(3)


FORMAT = Format("PLY", (".ply",), recognises, read)
