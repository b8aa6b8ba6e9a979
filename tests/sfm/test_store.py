from __future__ import annotations

import json
import math

import numpy as np
import pytest
from mutated import check_reader

from spaceport_app.errors import StageError
from spaceport_app.sfm import store
from spaceport_app.sfm.model import Cloud, Georeference, Reconstruction, View


@pytest.fixture
def reconstruction(tmp_path):
    random = np.random.default_rng(1)
    matrix = np.eye(4)
    matrix[:3] = random.normal(size=(3, 4))
    views = tuple(
        View(name, tmp_path / "views" / f"v{i}.jpg", 640, 480, 500.25, 501.5, 320.125, 240, matrix)
        for i, name in enumerate(("Köln 1/a b.jpg", "b.jpg"))
    )
    cloud = Cloud(
        random.normal(size=(5, 3)) * 1e3,
        random.integers(0, 256, (5, 3)).astype(np.uint8),
        random.random(5).astype(np.float32),
        random.integers(2, 9, 5).astype(np.int32),
    )
    georeference = Georeference(
        (47.5, 11.25, 713.4),
        np.vstack([random.normal(size=(3, 4)), [0, 0, 0, 1]]) * 1e6,
        32632,
        "gps",
        "They agree.",
        0.4,
        0.2,
        {"Köln 1/a b.jpg": (0.1, -0.2, 0.3), "b.jpg": (0.5, 0.25, math.nan)},
    )
    return Reconstruction(views, cloud, georeference, {"c.jpg": "It doesn't overlap enough."})


def test_what_is_written_is_read(tmp_path, reconstruction):
    store.write(tmp_path, reconstruction)
    found = store.read(tmp_path)
    assert found.left_out == reconstruction.left_out
    for a, b in zip(found.views, reconstruction.views, strict=True):
        assert (a.name, a.image, a.width, a.height) == (b.name, b.image, b.width, b.height)
        assert (a.fx, a.fy, a.cx, a.cy) == (b.fx, b.fy, b.cx, b.cy)
        np.testing.assert_array_equal(a.view_matrix, b.view_matrix)
    for field in ("xyz", "rgb", "error", "track_length"):
        np.testing.assert_array_equal(
            getattr(found.cloud, field), getattr(reconstruction.cloud, field)
        )
        assert getattr(found.cloud, field).dtype == getattr(reconstruction.cloud, field).dtype
    g, h = found.georeference, reconstruction.georeference
    assert (g.origin, g.epsg, g.method, g.reason) == (h.origin, h.epsg, h.method, h.reason)
    np.testing.assert_array_equal(g.world_to_ecef, h.world_to_ecef)
    assert g.residuals["Köln 1/a b.jpg"] == (0.1, -0.2, 0.3)
    assert math.isnan(g.residuals["b.jpg"][2])


def test_the_folder_can_be_moved(tmp_path, reconstruction):
    (tmp_path / "old").mkdir()
    moved = [
        View(**{**v.__dict__, "image": tmp_path / "old" / "views" / v.image.name})
        for v in reconstruction.views
    ]
    store.write(
        tmp_path / "old", Reconstruction(tuple(moved), *list(reconstruction.__dict__.values())[1:])
    )
    (tmp_path / "old").rename(tmp_path / "new")
    assert store.read(tmp_path / "new").views[0].image == tmp_path / "new" / "views" / "v0.jpg"


def test_without_gps_unknown_things_are_null(tmp_path, reconstruction):
    g = Georeference(None, None, None, "layout", "No GPS.", None, None, {})
    store.write_georeference(tmp_path / "g.json", g)
    assert json.loads((tmp_path / "g.json").read_text())["origin"] is None
    assert store.read_georeference(tmp_path / "g.json") == g


def test_json_is_strict(tmp_path, reconstruction):
    store.write(tmp_path, reconstruction)

    def refuse(word):
        raise AssertionError(word)

    for name in ("georeference.json", "reconstruction.json", "views/views.json"):
        json.loads((tmp_path / name).read_text("utf-8"), parse_constant=refuse)


@pytest.mark.parametrize(
    "name", ["reconstruction.json", "georeference.json", "views/views.json", "cloud.ply"]
)
@pytest.mark.parametrize("how", ["missing", "cut", "empty", "foreign"])
def test_a_damaged_folder_is_one_clear_error(tmp_path, reconstruction, name, how):
    store.write(tmp_path, reconstruction)
    path = tmp_path / name
    if how == "missing":
        path.unlink()
    else:
        data = path.read_bytes()
        path.write_bytes({"cut": data[: len(data) // 2], "empty": b"", "foreign": b"[1, 2]"}[how])
    with pytest.raises(StageError) as caught:
        store.read(tmp_path)
    assert caught.value.code == "bad_reconstruction" and caught.value.remedy


@pytest.mark.parametrize("name", ["reconstruction.json", "georeference.json", "views/views.json"])
def test_a_file_with_anything_wrong_in_it_is_read_or_refused(tmp_path, reconstruction, name):
    store.write(tmp_path, reconstruction)

    def read():
        for view in store.read(tmp_path).views:
            np.linalg.inv(view.view_matrix)

    check_reader(tmp_path / name, read, "bad_reconstruction")


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("views/views.json", "width", 10**12),
        ("views/views.json", "fx", 0.0),
        ("views/views.json", "view_matrix", [[0.0] * 4] * 4),
        ("views/views.json", "image", "../../../id_rsa"),
        ("georeference.json", "epsg", -5),
        ("georeference.json", "horizontal_rmse_m", -1.0),
        ("georeference.json", "origin", [91.0, 0.0, 0.0]),
    ],
)
def test_a_value_that_cannot_be_is_refused(tmp_path, reconstruction, name, key, value):
    store.write(tmp_path, reconstruction)
    data = json.loads((tmp_path / name).read_text("utf-8"))
    (data["views"][0] if "views" in data else data)[key] = value
    (tmp_path / name).write_text(json.dumps(data), "utf-8")
    with pytest.raises(StageError) as caught:
        store.read(tmp_path)
    assert caught.value.code == "bad_reconstruction"
    assert name.rpartition("/")[2] in caught.value.message
