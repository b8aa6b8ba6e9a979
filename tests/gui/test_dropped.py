from __future__ import annotations

from pathlib import Path

from spaceport_app.gui.dropped import sort_out
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project


def test_knows_projects_splats_and_photos_apart(tmp_path: Path) -> None:
    project = tmp_path / "a.spaceport"
    Project.create(project, (), Settings())
    photo, ply, sog = tmp_path / "a.jpg", tmp_path / "a.PLY", tmp_path / "a.sog"
    for path in (photo, ply, sog):
        path.write_bytes(b"x")
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "meta.json").write_text("{}")
    gone = tmp_path / "gone"

    assert sort_out([project]).project == project
    assert sort_out([project / "project.json"]).project == project
    assert sort_out([ply]).splats == ply
    assert sort_out([sog]).splats == sog
    assert sort_out([bundle]).splats == bundle
    assert sort_out([bundle / "meta.json"]).splats == bundle
    both = sort_out([photo, project, gone])
    assert (both.photos, both.project, both.missing) == ((photo,), None, (gone,))
