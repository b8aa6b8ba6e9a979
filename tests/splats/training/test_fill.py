import numpy as np
from scipy.spatial import KDTree

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import TrainingView
from spaceport_app.splats.training.fill import _thinned, cells, fill


def scene():
    """Four photos straight down on a plane at z = 1, with points on its left half only."""
    rng = np.random.default_rng(0)
    xyz = np.column_stack([rng.uniform(-8, 0, 400), rng.uniform(-6, 6, 400), np.ones(400)])
    views = []
    for x in (-2.0, -1.0, 1.0, 2.0):
        matrix = np.diag([1.0, -1.0, -1.0, 1.0])
        matrix[:3, 3] = -matrix[:3, :3] @ np.array([x, 0.0, 11.0])
        camera = Camera(48, 36, 40.0, 40.0, 24.0, 18.0, matrix)
        u = np.mgrid[0:36, 0:48][1] + 0.5
        place_x = x + (u - 24) / 4
        place_y = (18 - np.mgrid[0:36, 0:48][0] - 0.5) / 4
        picture = np.where(place_x[..., None] > 3, [200, 0, 0], [0, 100, 0])
        waves = np.sin(1.9 * place_x + 0.7 * place_y) + np.sin(0.8 * place_x - 2.1 * place_y)
        picture[..., 2] = 125 + 40 * (waves + np.sin(0.33 * place_x * place_y))
        views.append(TrainingView(camera, picture.astype(np.uint8), 0))
    return xyz, views


def test_holes_are_filled_on_the_surface_with_the_photos_colours() -> None:
    xyz, views = scene()
    places, colours = fill(xyz, cells(xyz, views), 300)
    assert 250 <= len(places) <= 300
    assert np.quantile(np.abs(places[:, 2] - 1.0), 0.8) < 0.1
    assert np.abs(places[:, 2] - 1.0).max() < 0.3
    assert (places[:, 0] > 1).mean() > 0.6
    right = places[:, 0] > 3
    assert right.any()
    assert (colours[right, :2] == [200, 0]).all() and (colours[~right, :2] == [0, 100]).all()


def test_new_points_keep_away_from_the_old() -> None:
    xyz, views = scene()
    places, _ = fill(xyz, cells(xyz, views), 200)
    gaps, _ = KDTree(xyz).query(places)
    typical = np.median(KDTree(places).query(places, k=2)[0][:, 1])
    assert gaps.min() > 0.5 * typical


def test_nothing_is_filled_where_nothing_is_wanted_or_known() -> None:
    xyz, views = scene()
    for places, colours in (
        fill(xyz, cells(xyz, views), 0),
        fill(xyz, cells(xyz, []), 50),
        fill(xyz[:3], cells(xyz[:3], views), 50),
    ):
        assert places.shape == (0, 3) and colours.shape == (0, 3)


def test_beyond_the_last_points_an_oblique_photo_is_filled_along_the_ground() -> None:
    rng = np.random.default_rng(1)
    xyz = np.column_stack([rng.uniform(-20, 20, 600), rng.uniform(-10, 18, 600), np.zeros(600)])
    c = np.sqrt(0.5)
    rotation = np.array([[1.0, 0.0, 0.0], [0.0, -c, -c], [0.0, c, -c]])  # 45 degrees down
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = -rotation @ np.array([0.0, -20.0, 20.0])
    camera = Camera(48, 36, 40.0, 40.0, 24.0, 18.0, matrix)
    view = TrainingView(camera, np.zeros((36, 48, 3), np.uint8), 0)
    places, _ = fill(xyz, cells(xyz, [view]), 400)
    beyond = places[:, 1] > 20
    assert beyond.sum() > 20 and places[:, 1].max() > 28
    assert np.abs(places[beyond, 2]).max() < 0.5


def test_thinning_takes_the_first_of_each_cube_however_far_they_reach() -> None:
    near = np.random.default_rng(3).uniform(-9, 9, (3000, 3))
    far = np.concatenate([near, [[4e7, -4e7, 4e7], [-4e7, 4e7, -4e7]]])
    gaps = np.linspace(0, 4, len(far))
    for places in (near, far):
        seen: dict[tuple[int, ...], int] = {}
        for i, place in enumerate(places):
            if gaps[i] > 1.5:
                seen.setdefault(tuple(int(n) for n in np.floor(place / 1.5)), i)
        assert sorted(_thinned(places, gaps[: len(places)], 1.5)) == sorted(seen.values())
    assert len(_thinned(near, gaps[:3000], 9.0)) == 0
