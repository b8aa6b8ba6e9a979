from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from spaceport_app.gui.export import choices, results
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.project import Project

from ..finished import BUNDLE_BYTES, FILE_BYTES, GAUSSIANS, make


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
    assert size(project) == choices.Size(BUNDLE_BYTES, True)
    assert size(project, formats=("ply",)) == choices.Size(6_140_479, True)
    both = size(project, formats=("sog", "ply"))
    assert both == choices.Size(BUNDLE_BYTES + 6_140_479, True)


def test_a_changed_choice_is_scaled_from_the_measured_textures(project: Project) -> None:
    harmonics = FILE_BYTES["shN_centroids.webp"] + FILE_BYTES["shN_labels.webp"]
    plain = size(project, degree=0)
    assert plain == choices.Size(BUNDLE_BYTES - harmonics, False)
    finest = size(project, entries=65_536)
    assert not finest.exact
    assert finest.bytes > BUNDLE_BYTES
    assert not size(project, order="morton").exact
    assert not size(project, orientation="world").exact


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
