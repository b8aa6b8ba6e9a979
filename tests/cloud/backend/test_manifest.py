"""The list of a step's files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from spaceport_app.cloud.backend import manifest
from spaceport_app.cloud.backend.manifest import Manifest


def test_a_manifest_names_every_file_with_its_size_and_digest(tmp_path: Path) -> None:
    (tmp_path / "sfm" / "views").mkdir(parents=True)
    (tmp_path / "sfm" / "views" / "Öl.jpg").write_bytes(b"x" * 3_000_000)
    (tmp_path / "sfm" / "cloud.ply").write_bytes(b"")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_bytes(b"1")
    found = Manifest("sfm", manifest.entries(tmp_path, ("sfm",)), {"sfm": {"folder": "sfm"}})
    raw = json.loads(json.dumps(found.as_json()))
    assert raw["files"] == [
        {"path": "sfm/cloud.ply", "bytes": 0, "sha256": hashlib.sha256().hexdigest()},
        {
            "path": "sfm/views/Öl.jpg",
            "bytes": 3_000_000,
            "sha256": hashlib.sha256(b"x" * 3_000_000).hexdigest(),
        },
    ]
    assert Manifest.of(raw) == found


@pytest.mark.parametrize("change", [{"schema": 2}, {"step": "all"}, {"files": [{}]}])
def test_another_kind_of_manifest_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError)):
        Manifest.of({**Manifest("sfm", (), {}).as_json(), **change})
