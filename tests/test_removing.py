from __future__ import annotations

from pathlib import Path

import pytest

from spaceport_app import removing
from spaceport_app.inside import is_link


@pytest.mark.parametrize("remove", [removing.remove, removing.try_to_remove])
def test_links_go_and_what_they_lead_to_stays(tmp_path: Path, remove: object) -> None:
    assert callable(remove)
    mine = tmp_path / "mine"
    (mine / "deep").mkdir(parents=True)
    (mine / "deep" / "photo.jpg").write_bytes(b"x")
    doomed = tmp_path / "doomed"
    doomed.mkdir()
    (doomed / "in").symlink_to(mine)
    (doomed / "file").symlink_to(mine / "deep" / "photo.jpg")
    (tmp_path / "top").symlink_to(mine)
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")

    for name in ("doomed", "top", "broken", "not there"):
        remove(tmp_path / name)
        assert not (tmp_path / name).exists()
        assert not is_link(tmp_path / name)
    assert (mine / "deep" / "photo.jpg").read_bytes() == b"x"
