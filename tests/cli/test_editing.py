"""``spaceport edit`` at the door."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pipeline import trained

from spaceport_app.sogs import file as bundles
from spaceport_app.splats.file import read_ply

from .doors import Spaceport

ALL = trained.GROUND + trained.FLOATERS


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return trained.make(tmp_path / "Flug 1.spaceport").folder


def test_edits_are_made_listed_taken_back_and_exported(
    real_spaceport: Spaceport, project: Path
) -> None:
    run = real_spaceport
    listed = run("edit", project)
    assert (listed.code, "Nothing is edited." in listed.out) == (0, True)
    assert run("export", project).code != 0, "there is no bundle yet"
    assert run("run", "-o", project, "--quiet").code == 0

    cropped = run("edit", project, "--crop=-3,-3,-1,3,3,5", "--turn", 45, "--json").json
    assert cropped["ok"]
    assert cropped["edits"]["crop"]["size"] == [6.0, 6.0, 6.0]
    assert cropped["outdated"] == ["compress", "export"]
    assert trained.FLOATERS < cropped["kept_gaussians"] < ALL
    cleaned = run("edit", project, "--remove-floaters", 50, "--json").json
    assert cleaned["steps"] == ["crop", "remove floaters"]
    stay = cleaned["kept_gaussians"]
    assert cropped["kept_gaussians"] - stay == trained.FLOATERS

    assert run("export", project, "--format", "ply").code == 0
    made = project / "export"
    assert len(read_ply(made / "Flug 1.ply")) == stay
    assert len(bundles.read(made / "Flug 1.sog")) == stay
    where = json.loads((made / "Flug 1.georeference.json").read_text())
    assert where["world_to_ecef"] == trained.EARTH.tolist()
    assert run("status", project).out.count("outdated") == 0
    assert "cropped and floaters removed" in run("status", project).out

    assert run("edit", project, "--undo", "--json").json["edits"]["floaters"] is None
    assert run("edit", project, "--redo", "--json").json["kept_gaussians"] == stay
    assert run("edit", project, "--clear", "--json").json["kept_gaussians"] == ALL
    assert run("edit", project, "--undo", "--json").json["kept_gaussians"] == stay
    target = project.parent / "other.sog"
    assert run("edit", project, "--crop", "none").code == 0
    assert run("export", project, "-o", target).code == 0
    assert len(bundles.read(target)) == ALL - trained.FLOATERS
    assert len(read_ply(project / "splats" / "splats.ply")) == ALL


@pytest.mark.parametrize(
    "arguments",
    [
        ("--crop", "1,2,3"),
        ("--crop", "0,0,0,1,1,-1"),
        ("--crop", "0,0,0,1,1,nan"),
        ("--crop", "a,b,c,d,e,f"),
        ("--remove-floaters", "101"),
        ("--remove-floaters", "-1"),
        ("--turn", "20"),
        ("--undo", "--clear"),
    ],
)
def test_wrong_use_is_told_in_a_sentence_and_changes_nothing(
    real_spaceport: Spaceport, project: Path, arguments: tuple[str, ...]
) -> None:
    ended = real_spaceport("edit", project, *arguments, "--json")
    assert ended.code == 2
    assert ended.json["error"]["message"]
    assert not (project / "edits.json").exists()


def test_nothing_to_undo_and_damaged_edits_are_told_of(
    real_spaceport: Spaceport, project: Path
) -> None:
    ended = real_spaceport("edit", project, "--undo", "--json")
    assert (ended.code, ended.json["error"]["code"]) == (1, "nothing_to_undo")
    (project / "edits.json").write_text("no JSON")
    ended = real_spaceport("edit", project, "--remove-floaters", 50, "--json")
    assert (ended.code, ended.json["error"]["code"]) == (1, "edits_damaged")
    assert (project / "edits.json").read_text() == "no JSON"
    cleared = real_spaceport("edit", project, "--clear", "--json")
    assert cleared.code == 0
    assert Path(cleared.json["kept"]).read_text() == "no JSON"
