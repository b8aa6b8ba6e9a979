"""The stages of Spaceport, in order: the only place that knows them all.

Rooms are imported by the functions below when a stage's process calls them, so that listing
stages costs nothing.
"""

from __future__ import annotations

import shlex
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spaceport_app.errors import StageError
from spaceport_app.events import JsonValue
from spaceport_app.pipeline import editing, estimate, forecast, identity
from spaceport_app.pipeline.messages import plain
from spaceport_app.pipeline.stage import Place, Registry, Stage
from spaceport_app.project import reach
from spaceport_app.project.layout import BUNDLE, EXPORT, PHOTOS, SFM, SPLATS
from spaceport_app.project.project import Project
from spaceport_app.sfm import place as sfm_place
from spaceport_app.splats import edits
from spaceport_app.splats.training.options import NOT_IN_RESULT

if TYPE_CHECKING:
    from spaceport_app.photos.importing import ImportInputs
    from spaceport_app.photos.model import PhotoSet
    from spaceport_app.sfm.inputs import SfmInputs
    from spaceport_app.sfm.model import Reconstruction
    from spaceport_app.sogs.compress import CompressInputs
    from spaceport_app.sogs.export import ExportInputs
    from spaceport_app.splats.edits.model import Edits
    from spaceport_app.splats.training.run import TrainInputs

# pycolmap, torch and Numba with the stacks of their threads: 1.2 to 1.5 GB on two cores, and at
# 1.0 all of the stages that load them failed.
_LIBRARIES_BYTES = 1_000_000_000
SNAPSHOT = "snapshot/splats.ply"
"""In the scratch folder of train: the Gaussians as they are while it works."""


def photoset(project: Project) -> PhotoSet:
    """Read the photos of a project."""
    from spaceport_app.photos import store

    return store.read(project.folder / PHOTOS)


def reconstruction(project: Project) -> Reconstruction:
    """Read where the photos of a project were taken."""
    from spaceport_app.sfm import store

    return store.read(project.folder / SFM)


def _photo_files(project: Project) -> JsonValue:
    from spaceport_app.photos.discover import is_junk

    reach.require(project, listed=False)
    excluded: list[JsonValue] = [*sorted(project.document.settings.excluded)]
    return {"files": identity.of_sources(project.sources, is_junk), "excluded": excluded}


def _photos_identity(folder: Path) -> str:
    """Return the identity of the photos, whatever their files are called or dated.

    A photo that was copied, touched or moved is still the same photo for later stages.
    """
    from spaceport_app.photos import store

    photos: list[Any] = []
    for photo in store.read(folder).used:
        about = asdict(photo)
        del about["path"], about["modified_ns"]
        photos.append(about)
    return identity.of_json(plain(photos))


def _photos_gone(project: Project) -> str:
    """Return a sentence about the first photo that is not where it was read, or nothing.

    Photos that were read from elsewhere than the present sources don't count: those were
    replaced on purpose.
    """
    from spaceport_app.photos import store

    if project.published("import") is None or not project.document.sources:
        return ""
    reach.require(project)
    sources = project.sources
    for source in sources:
        if not source.exists():
            return f"{source} is not there any more."
    gone = [
        change
        for change in store.changed(photoset(project))
        if change.kind == "vanished" and any(change.path.is_relative_to(s) for s in sources)
    ]
    return _missing(gone[0].name, gone[0].path, len(gone)) if gone else ""


def _missing(name: str, path: Path, count: int) -> str:
    more = f", and {count - 1} more," if count > 1 else ""
    return f"The photo {name}{more} is not there any more ({path})."


def _before_sfm(project: Project) -> None:
    sfm_place.check(project.scratch("sfm"), project.folder)
    _photos_still_there(project)


def _photos_still_there(project: Project) -> None:
    from spaceport_app.photos import store

    reach.require(project)
    changes = store.changed(photoset(project))
    gone = [change for change in changes if change.kind == "vanished"]
    again = shlex.join(["spaceport", "stage", "import", str(project.folder)])
    if gone:
        raise StageError(
            "photo_missing",
            _missing(gone[0].name, gone[0].path, len(gone)),
            f"Put it back, or read the photos anew: {again}",
        )
    if changes:
        raise StageError(
            "photo_changed",
            f"The photo {changes[0].name} changed after it was read.",
            f"Read the photos anew: {again}",
        )


def _name(project: Project) -> JsonValue:
    return project.document.name


def _import_inputs(place: Place) -> ImportInputs:
    from spaceport_app.photos.importing import ImportInputs

    document = place.project.document
    return ImportInputs(place.project.sources, place.output, document.settings.excluded)


def _sfm_inputs(place: Place) -> SfmInputs:
    from spaceport_app.sfm.inputs import SfmInputs

    return SfmInputs(photoset(place.project), place.output, place.scratch)


def _train_inputs(place: Place) -> TrainInputs:
    from spaceport_app.splats.training.run import TrainInputs

    around = estimate.after_training(forecast.workload(place.project), place.options)
    budget = replace(around, spent_s=time.monotonic() - place.began)
    return TrainInputs(reconstruction(place.project), place.output, place.scratch, budget)


def _compress_inputs(place: Place) -> CompressInputs:
    from spaceport_app.sogs.compress import CompressInputs
    from spaceport_app.splats import held_out

    found = reconstruction(place.project)
    names = held_out.choose([view.name for view in found.views], place.options["train"].held_out)
    splats = place.project.folder / SPLATS / "splats.ply"
    return CompressInputs(splats, place.output, found, names, _edits(place.project))


def _edits(project: Project) -> Edits:
    """Return the edits that the fingerprint of the compress stage was made of."""
    found = editing.read(project).edits
    record = project.record("compress")
    run = record.latest if record is not None else None
    # A person may edit while the process of the stage starts.
    now = identity.of_json(editing.facts(project))
    if run is not None and not run.fingerprint.endswith(f".{now}"):
        raise StageError(
            "edits_changed", "The splat was edited just now.", "Start again: it takes seconds."
        )
    return found


def _export_inputs(place: Place) -> ExportInputs:
    from spaceport_app.sogs.export import ExportInputs

    folder = place.project.folder
    georeference = folder / SFM / "georeference.json"
    return ExportInputs(
        folder / SPLATS / "splats.ply",
        folder / BUNDLE / "bundle",
        georeference if georeference.is_file() else None,
        place.project.document.name,
        place.output,
        place.options["compress"],
        folder / BUNDLE / edits.FILE,
    )


STAGES: Registry = (
    Stage(
        name="import",
        label="Reading the photos",
        folder=PHOTOS,
        function="spaceport_app.photos.importing:run",
        options="spaceport_app.photos.options:ImportOptions",
        inputs=_import_inputs,
        weight=3.0,
        estimate=estimate.of_import,
        facts=_photo_files,
        identity=_photos_identity,
        irreplaceable=_photos_gone,
    ),
    Stage(
        name="sfm",
        label="Finding camera positions",
        folder=SFM,
        function="spaceport_app.sfm.reconstruct:run",
        options="spaceport_app.sfm.options:SfmOptions",
        inputs=_sfm_inputs,
        reads=("import",),
        weight=20.0,
        estimate=estimate.of_sfm,
        address_space_bytes=_LIBRARIES_BYTES,
        neutral=frozenset({"threads"}),
        check=_before_sfm,
    ),
    Stage(
        name="train",
        label="Training the splats",
        folder=SPLATS,
        function="spaceport_app.splats.training.run:run",
        options="spaceport_app.splats.training.options:TrainOptions",
        inputs=_train_inputs,
        reads=("sfm",),
        weight=70.0,
        estimate=estimate.of_train,
        address_space_bytes=_LIBRARIES_BYTES,
        neutral=NOT_IN_RESULT,
        saves=True,
        renders=True,
    ),
    Stage(
        name="compress",
        label="Compressing for the web",
        folder=BUNDLE,
        function="spaceport_app.sogs.compress:run",
        options="spaceport_app.sogs.options:CompressOptions",
        inputs=_compress_inputs,
        reads=("sfm", "train"),
        weight=6.0,
        estimate=estimate.of_compress,
        address_space_bytes=_LIBRARIES_BYTES,
        facts=editing.facts,
        check=editing.check,
        renders=True,
    ),
    Stage(
        name="export",
        label="Writing the files",
        folder=EXPORT,
        function="spaceport_app.sogs.export:run",
        options="spaceport_app.sogs.options:ExportOptions",
        inputs=_export_inputs,
        reads=("sfm", "train", "compress"),
        weight=1.0,
        estimate=estimate.of_export,
        facts=_name,
    ),
)
