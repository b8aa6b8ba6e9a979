from __future__ import annotations

import io
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from spaceport_app.gui.export import choices, results
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.project import Project

from ..finished import BUNDLE_BYTES, FILE_BYTES, GAUSSIANS, make

ZIP_BYTES = 820
"""What a zip of these eight files adds; equal to what Python's zipfile writes."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make(tmp_path / "x.spaceport")


def size(project: Project, **changes: object) -> choices.Size:
    stages = registry()
    choice = replace(choices.now(project, stages), **changes)
    found = choices.estimate(choice, project, stages)
    assert found is not None
    return found


def test_what_is_there_already_has_its_measured_size(project: Project) -> None:
    assert size(project) == choices.Size(BUNDLE_BYTES + ZIP_BYTES, True)
    assert size(project, formats=("sog-folder",)) == choices.Size(BUNDLE_BYTES, True)
    assert size(project, formats=("ply",)) == choices.Size(6_140_479, True)
    both = size(project, formats=("sog", "ply"))
    assert both == choices.Size(BUNDLE_BYTES + ZIP_BYTES + 6_140_479, True)


def test_a_changed_choice_is_scaled_from_the_measured_textures(project: Project) -> None:
    harmonics = FILE_BYTES["shN_centroids.webp"] + FILE_BYTES["shN_labels.webp"]
    plain = size(project, degree=0)
    assert plain == choices.Size(BUNDLE_BYTES - harmonics + ZIP_BYTES, False)
    finest = size(project, entries=65_536)
    assert not finest.exact
    assert finest.bytes > BUNDLE_BYTES
    assert not size(project, order="morton").exact
    assert not size(project, orientation="world").exact


def test_a_zip_adds_what_is_counted_for_it() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name in FILE_BYTES:
            archive.writestr(name, b"x")
    assert len(stream.getvalue()) - len(FILE_BYTES) == ZIP_BYTES


# Bytes of palette and labels that flights of 18, 40 and 15 photos measured at preset preview.
MEASURED = {
    "brighton": (78_974, 1_034_749, (525_946, 36_478), (1_112_388, 34_782)),
    "farm": (78_006, 1_015_373, (510_694, 34_382), (1_064_360, 28_476)),
    "banana": (78_755, 1_068_633, (488_338, 47_012), (911_468, 37_846)),
}


@pytest.mark.parametrize("flight", MEASURED)
@pytest.mark.parametrize("had", [0, 1, 2])
@pytest.mark.parametrize("wanted", [0, 1, 2])
def test_every_degree_is_foretold_from_every_other(flight: str, had: int, wanted: int) -> None:
    gaussians, plain, *harmonics = MEASURED[flight]
    palettes = ((0, 0), *harmonics)
    names = ("shN_centroids.webp", "shN_labels.webp")
    files = {"rest": plain, **dict(zip(names, palettes[had], strict=True))}
    choice = choices.Choice(("sog",), wanted, 0, "hilbert", "viewer")
    bundle = {"file_bytes": files, "sh_degree": had}
    found = choices._bundle_bytes(choice, bundle, gaussians)
    assert found == pytest.approx(plain + sum(palettes[wanted]), rel=0.06)


def test_a_level_that_changes_nothing_is_not_offered(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(choices.levels(project)) == 3
    many = {"gaussians": 80_000}
    monkeypatch.setattr(choices, "_report", lambda project, stage: many)
    assert [level.label for level in choices.levels(project)] == ["Balanced", "Smallest file"]


def test_nothing_chosen_has_no_size(project: Project) -> None:
    stages = registry()
    choice = replace(choices.now(project, stages), formats=())
    assert choices.estimate(choice, project, stages) is None


def test_only_a_changed_bundle_is_made_anew(project: Project) -> None:
    stages = registry()
    choice = choices.now(project, stages)
    assert not choices.needs_compression(choice, project, stages)
    other = replace(choice, formats=("sog", "ply"), orientation="world")
    assert not choices.needs_compression(other, project, stages)
    for change in ({"degree": 0}, {"entries": 65_536}, {"order": "plas"}):
        assert choices.needs_compression(replace(choice, **change), project, stages)


def test_settings_keep_only_what_differs(project: Project) -> None:
    stages = registry()
    choice = choices.now(project, stages)
    assert choices.settings_with(choice, project, stages).options == {}
    other = replace(choice, degree=0, formats=("sog", "ply"))
    assert choices.settings_with(other, project, stages).options == {
        "compress": {"sh_degree": 0},
        "export": {"formats": "sog,ply"},
    }


@pytest.mark.parametrize(("degree", "floats"), [(0, 17), (1, 26), (3, 62)])
def test_ply_bytes_are_those_of_the_usual_layout(degree: int, floats: int) -> None:
    assert choices.ply_bytes(GAUSSIANS, degree) == GAUSSIANS * 4 * floats


def test_results_name_files_sizes_and_errors(project: Project) -> None:
    found = results.of(project)
    assert found is not None
    assert [made.path.name for made in found.files] == ["x.sog", "x.georeference.json"]
    words = dict(found.figures)
    assert words["x.sog"] == "989.5 kB"
    assert "6.2 times smaller" in words["Bundle"]
    assert results.to_look_at(project) == project.folder / "export" / "x.sog"
    (project.folder / "export" / "x.sog").unlink()
    assert results.to_look_at(project) == project.folder / "bundle" / "bundle"


@pytest.mark.parametrize("kind", ["absolute", "above", "link", "link to a folder"])
def test_exported_files_of_elsewhere_are_left_out(
    project: Project, tmp_path: Path, kind: str
) -> None:
    private = tmp_path / "private" / "id_rsa.sog"
    private.parent.mkdir()
    private.write_bytes(b"the person's own")
    folder = project.folder / "export"
    names = {"absolute": str(private), "above": os.path.relpath(private, folder)}
    if kind == "link":
        (folder / "more.sog").symlink_to(private)
    elif kind == "link to a folder":
        (folder / "more").symlink_to(private.parent)
    name = names.get(kind, "more.sog" if kind == "link" else "more/id_rsa.sog")
    run = project.published("export")
    assert run is not None
    sizes = {name: 16, "a\0": 1, "": 2, **run.report["file_bytes"]}
    told = replace(run, report={**run.report, "file_bytes": sizes})
    record = replace(project.record("export"), published=told)
    stages = {**project.document.stages, "export": record}
    project.document = replace(project.document, stages=stages)
    found = results.of(project)
    assert found is not None
    assert [made.path.name for made in found.files] == ["x.sog", "x.georeference.json"]
    assert results.to_look_at(project) == folder / "x.sog"
    assert "id_rsa" not in str(found.figures)
