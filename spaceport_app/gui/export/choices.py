"""What one can choose about an export, and how large it will be; no Qt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from spaceport_app.events import JsonValue
from spaceport_app.pipeline import editing, fingerprint, reports
from spaceport_app.pipeline.settings import resolve, with_options
from spaceport_app.pipeline.stage import Registry, find
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

FORMATS: Mapping[str, tuple[str, str]] = {
    "sog": ("Web splat, one file (.sog)", "For PlayCanvas, SuperSplat and most web viewers."),
    "sog-folder": ("Web splat, folder", "The same textures unpacked, for web servers."),
    "sogs": ("Older SOGS folder", "For viewers that know only version 1."),
    "ply": ("Full precision (.ply)", "Uncompressed, for editing in other programs."),
}
ORDERS = {
    "hilbert": "Along a Hilbert curve",
    "morton": "Along a Morton curve",
    "plas": "By similarity (PLAS), slow",
}
AXES = {"viewer": "Upright in web viewers", "world": "East, north, up"}
_COEFFICIENTS = (0, 3, 8, 15)
_HARMONICS = ("shN_centroids.webp", "shN_labels.webp")
_LARGEST_PALETTE = 65_536
# Bytes of one palette entry by degree, and of one Gaussian's label with a palette of half as
# many entries and of nearly as many: means of what bundles of three flights measured.
_ENTRY_BYTES = (0.0, 7.8, 15.7, 25.0)
_LABEL_BYTES, _SPARSE_LABEL_BYTES = 1.1, 0.45
# A zip without compression: local header, central header and end record, APPNOTE 4.3.
_ZIP_ENTRY, _ZIP_END = 30 + 46, 22


@dataclass(frozen=True)
class Level:
    """A choice between size and quality: degree of the harmonics and palette entries.

    `degree` is the highest that is kept of what was trained; 0 entries choose by the number
    of Gaussians.
    """

    label: str
    help: str
    degree: int
    entries: int


LEVELS = (
    Level("Balanced", "Keeps colours that change with the view.", 3, 0),
    Level("Smallest file", "Every Gaussian keeps one colour from all sides.", 0, 0),
    Level("Finest colours", "The largest palette of view-dependent colours.", 3, _LARGEST_PALETTE),
)


@dataclass(frozen=True)
class Choice:
    """What a person wants to have."""

    formats: tuple[str, ...]
    degree: int
    entries: int
    order: str
    orientation: str


@dataclass(frozen=True)
class Size:
    """Expected bytes of all files together; `exact` if they were measured."""

    bytes: float
    exact: bool


def levels(project: Project) -> tuple[Level, ...]:
    """Return the levels that differ for this project."""
    gaussians = _trained(project).gaussians
    if gaussians is not None and _usual_entries(gaussians) == _LARGEST_PALETTE:
        return tuple(level for level in LEVELS if level.entries != _LARGEST_PALETTE)
    return LEVELS


def now(project: Project, stages: Registry) -> Choice:
    """Return what the project is set to."""
    settings = project.document.settings
    compress = resolve(find(stages, "compress"), settings)
    export = resolve(find(stages, "export"), settings)
    return Choice(
        export.chosen(),
        min(compress.sh_degree, trained_degree(project)),
        compress.palette_entries,
        compress.order,
        export.orientation,
    )


def trained_degree(project: Project) -> int:
    """Return the degree of the harmonics that training made."""
    degree = _trained(project).sh_degree
    return 3 if degree is None else degree


def changes(choice: Choice, project: Project) -> dict[str, dict[str, JsonValue]]:
    """Return the options to save for `choice`, by stage."""
    trained = trained_degree(project)
    return {
        "compress": {
            # All of what was trained is the default, however much that is.
            "sh_degree": 3 if choice.degree >= trained else choice.degree,
            "palette_entries": choice.entries,
            "order": choice.order,
        },
        "export": {"formats": ",".join(choice.formats), "orientation": choice.orientation},
    }


def settings_with(choice: Choice, project: Project, stages: Registry) -> Settings:
    """Return the project's settings changed to `choice`.

    Raises
    ------
    ProjectError
        ``bad_option``.
    """
    return with_options(stages, project.document.settings, changes(choice, project))


def needs_compression(choice: Choice, project: Project, stages: Registry) -> bool:
    """Whether the bundle has to be made anew for `choice`."""
    stage = find(stages, "compress")
    options = resolve(stage, settings_with(choice, project, stages))
    return not fingerprint.holds(stage, options, project)


def estimate(choice: Choice, project: Project, stages: Registry) -> Size | None:
    """Return how large the chosen files will be, from what the last bundle measured.

    None if there is neither a bundle nor a count of Gaussians to tell from.
    """
    told = _report(project, "compress")
    bundle = reports.compressed({"compress": told})
    gaussians = _trained(project).gaussians
    if not choice.formats or gaussians is None:
        return None
    exact = True
    total = 0.0
    for name in choice.formats:
        if name == "ply":
            total += bundle.ply_bytes or ply_bytes(gaussians, trained_degree(project))
            exact = exact and bool(bundle.ply_bytes) and not editing.outdated(project)
            continue
        measured = bundle.bytes
        if measured is not None and needs_compression(choice, project, stages):
            measured = None
        same = measured is not None
        total += _bundle_bytes(choice, told, gaussians) if measured is None else measured
        if name == "sog":
            total += _zip_bytes(bundle)
        exact = exact and same and name != "sogs" and choice.orientation == "viewer"
    return Size(total, exact)


def ply_bytes(gaussians: int, degree: int) -> int:
    """Return the bytes of a .ply of float32: place, normal, colour, opacity, scale, rotation."""
    return gaussians * 4 * (3 + 3 + 3 + 3 * _COEFFICIENTS[degree] + 1 + 3 + 4)


def _bundle_bytes(choice: Choice, told: Mapping[str, JsonValue], gaussians: float) -> float:
    """Scale the measured textures to another degree and another palette."""
    bundle = reports.compressed({"compress": told})
    files = bundle.file_bytes
    if not files:
        # 17 bytes a Gaussian is what bundles of flights measured, in the mean.
        return 17.0 * gaussians
    harmonics = [float(files.get(name, 0)) for name in _HARMONICS]
    plain = sum(float(value) for value in files.values()) - sum(harmonics)
    had = bundle.sh_degree
    if choice.degree == 0:
        return plain
    usual = _usual_entries(gaussians)
    entries = choice.entries or usual
    if had == 0 or not any(harmonics):
        label = _SPARSE_LABEL_BYTES if entries > 0.8 * gaussians else _LABEL_BYTES
        return plain + _ENTRY_BYTES[choice.degree] * entries + label * gaussians
    centroids = harmonics[0] * _ENTRY_BYTES[choice.degree] / _ENTRY_BYTES[had] * entries / usual
    labels = harmonics[1] * math.log2(max(entries, 2)) / math.log2(max(usual, 2))
    return plain + centroids + labels


def _zip_bytes(bundle: reports.Compressed) -> int:
    """Return what a .sog holds beside the files of the bundle."""
    return sum(_ZIP_ENTRY + 2 * len(name) for name in bundle.file_bytes) + _ZIP_END


def _usual_entries(gaussians: float) -> int:
    doublings = math.floor(math.log2(max(gaussians, 1024) / 1024))
    return 1024 * min(64, 1 << doublings)


def _trained(project: Project) -> reports.Trained:
    return reports.trained({"train": _report(project, "train")})


def _report(project: Project, stage: str) -> Mapping[str, JsonValue]:
    run = project.published(stage)
    return run.report if run is not None else {}
