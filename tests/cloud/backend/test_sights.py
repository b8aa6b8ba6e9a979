"""What can be seen of a step while it works."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from spaceport_app.cloud.backend.sights import Sights
from spaceport_app.cloud.layout import MOST_SIGHT_BYTES
from spaceport_app.events import Preview, Snapshot


def test_each_kind_comes_in_its_time_and_the_newest_first(tmp_path: Path) -> None:
    now = 0.0
    there: dict[str, bytes] = {}
    shown = Sights(there.__setitem__, every_s=20.0, clock=lambda: now)
    first, second = tmp_path / "1.jpg", tmp_path / "2.jpg"
    first.write_bytes(b"1")
    second.write_bytes(b"2")
    shown.note("train", Preview(first))
    assert shown.put_due() == [("train", Preview(Path("preview.jpg")))]
    shown.note("train", Preview(first))
    shown.note("train", Preview(second))
    now = 19.0
    assert shown.put_due() == []
    now = 20.0
    assert len(shown.put_due()) == 1
    assert there == {"preview.jpg": b"2"}
    assert shown.put_due() == []


def test_the_cloud_of_sfm_goes_as_a_zip_and_the_splat_stays(tmp_path: Path) -> None:
    there: dict[str, bytes] = {}
    shown = Sights(there.__setitem__)
    (tmp_path / "views").mkdir()
    (tmp_path / "views" / "views.json").write_text("{}")
    (tmp_path / "cloud.ply").write_bytes(b"ply")
    shown.note("sfm", Snapshot(tmp_path, 3, 9))
    shown.note("train", Snapshot(tmp_path / "splats.ply", 3, 9))
    assert shown.put_due() == [("sfm", Snapshot(Path("cloud.zip"), 3, 9))]
    with zipfile.ZipFile(io.BytesIO(there["cloud.zip"])) as archive:
        assert sorted(archive.namelist()) == ["cloud.ply", "views/views.json"]


def test_what_cannot_be_read_or_put_or_is_too_large_is_left_out(tmp_path: Path) -> None:
    def refuse(name: str, data: bytes) -> None:
        raise OSError("no network")

    small, large = tmp_path / "small.jpg", tmp_path / "large.jpg"
    small.write_bytes(b"1")
    large.write_bytes(bytes(MOST_SIGHT_BYTES + 1))
    there: dict[str, bytes] = {}
    for put, path in (
        (there.__setitem__, tmp_path / "none.jpg"),
        (there.__setitem__, large),
        (refuse, small),
    ):
        shown = Sights(put)
        shown.note("train", Preview(path))
        assert shown.put_due() == []
    assert there == {}
