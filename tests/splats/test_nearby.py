import numpy as np

from spaceport_app.splats.nearby import nearby


def test_a_sphere_far_outside_is_no_part_of_the_scene() -> None:
    rng = np.random.default_rng(1)
    ground = np.column_stack(
        [rng.uniform(-200, 200, 900), rng.uniform(-30, 30, 900), np.zeros(900)]
    )
    sky = rng.normal(size=(400, 3))
    sky *= 4400.0 / np.linalg.norm(sky, axis=1, keepdims=True)
    broken = np.array([[np.nan, 0.0, 0.0], [0.0, np.inf, 0.0]])
    moved = np.concatenate([ground, sky, broken]) + np.array([1e5, 0.0, 50.0])
    found = nearby(moved)
    assert found[:900].all() and not found[900:].any()


def test_points_in_one_place_are_all_nearby_and_none_are_none() -> None:
    assert nearby(np.ones((5, 3), np.float32)).all()
    assert nearby(np.empty((0, 3))).shape == (0,)
    assert not nearby(np.full((2, 3), np.nan)).any()
