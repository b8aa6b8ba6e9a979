from __future__ import annotations

import math

import numpy as np
import pytest

from spaceport_app.splats.edits.box import CropBox, fitting


def plainly_inside(box: CropBox, point: np.ndarray) -> bool:
    """One point at a time: turned back about the middle, then compared side by side."""
    angle = -math.radians(box.turn_degrees)
    x, y = point[0] - box.centre[0], point[1] - box.centre[1]
    back = (
        x * math.cos(angle) - y * math.sin(angle),
        x * math.sin(angle) + y * math.cos(angle),
        point[2] - box.centre[2],
    )
    return all(abs(place) <= length / 2 for place, length in zip(back, box.size, strict=True))


@pytest.mark.parametrize("turn", [0.0, 30.0, -117.5, 270.0])
def test_what_is_inside_is_that_of_the_plain_reference(turn: float) -> None:
    box = CropBox((3.0, -2.0, 40.0), (6.0, 2.5, 1.5), turn)
    points = np.random.default_rng(0).uniform(-5, 5, (2000, 3)) + box.centre
    points = points.astype(np.float32)
    wanted = [plainly_inside(box, point.astype(np.float64)) for point in points]
    assert box.holds(points).tolist() == wanted
    assert 10 < sum(wanted) < 1000


def test_faces_belong_to_the_box_and_nan_never_does() -> None:
    box = CropBox.between((0.0, 0.0, 0.0), (1.0, 2.0, 4.0))
    points = np.array([[0, 0, 0], [1, 2, 4], [1.0000001, 1, 1], [np.nan, 1, 1], [0.5, 1, np.inf]])
    assert box.holds(points).tolist() == [True, True, False, False, False]
    assert box.centre == (0.5, 1.0, 2.0)


def test_turn_is_counter_clockwise_from_above() -> None:
    box = CropBox((0.0, 0.0, 0.0), (10.0, 1.0, 1.0), 90.0)
    assert box.holds(np.array([[0.0, 4.5, 0.0], [4.5, 0.0, 0.0]])).tolist() == [True, False]


def test_corners_lie_on_the_surface() -> None:
    box = CropBox((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), 33.0)
    corners = box.corners()
    inward = np.array(box.centre) + (corners - box.centre) * (1 - 1e-9)
    outward = np.array(box.centre) + (corners - box.centre) * (1 + 1e-9)
    assert box.holds(inward).all()
    assert not box.holds(outward).any()
    assert len({tuple(np.round(corner, 6)) for corner in corners}) == 8


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("side", range(2))
def test_moved_face_leaves_the_one_across_where_it_is(axis: int, side: int) -> None:
    box = CropBox((1.0, 2.0, 3.0), (4.0, 6.0, 8.0), 25.0)
    moved = box.with_face_at(axis, side, (1 if side else -1) * box.size[axis])
    across = lambda b: np.array(b.centre) + (0.5 - side) * b.size[axis] * b.axes[axis]  # noqa: E731
    np.testing.assert_allclose(across(moved), across(box), atol=1e-12)
    assert moved.size[axis] == pytest.approx(1.5 * box.size[axis])
    others = [k for k in range(3) if k != axis]
    assert [moved.size[k] for k in others] == [box.size[k] for k in others]


def test_face_is_held_back_before_the_one_across() -> None:
    box = CropBox((0.0, 0.0, 0.0), (2.0, 2.0, 2.0))
    assert box.with_face_at(0, 1, -50.0).size[0] == pytest.approx(0.02)
    assert box.with_face_at(0, 0, 50.0).size[0] == pytest.approx(0.02)


def test_box_goes_along_into_another_frame() -> None:
    box = CropBox((10.0, 0.0, 5.0), (4.0, 2.0, 3.0), 10.0)
    angle = math.radians(40.0)
    matrix = np.eye(4)
    matrix[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    matrix[:3, 3] = (100.0, -50.0, 7.0)
    points = np.random.default_rng(1).uniform(-4, 4, (500, 3)) + box.centre
    there = points @ matrix[:3, :3].T + matrix[:3, 3]
    assert box.moved(matrix).holds(there).tolist() == box.holds(points).tolist()


@pytest.mark.parametrize(
    ("centre", "size"),
    [((0, 0, math.nan), (1, 1, 1)), ((0, 0, 0), (1, 0, 1)), ((0, 0, 0), (1, -1, 1))],
)
def test_no_box_without_numbers_and_lengths(centre: tuple, size: tuple) -> None:
    with pytest.raises(ValueError, match="a crop box needs"):
        CropBox(centre, size)


def test_first_box_leaves_far_and_faint_ones_out() -> None:
    r = np.random.default_rng(2)
    means = np.concatenate([r.uniform(-10, 10, (2000, 3)), r.uniform(500, 900, (30, 3))])
    opacities = np.full(2030, 0.8)
    means = np.concatenate([means, r.uniform(-300, 300, (4000, 3)), [[np.nan] * 3]])
    opacities = np.concatenate([opacities, np.full(4000, 0.05), [0.9]])
    box = fitting(means.astype(np.float32), opacities)
    for length in box.size:
        assert 19.0 < length < 23.0
    assert box.turn_degrees == 0.0


def test_first_box_of_nothing_is_a_box() -> None:
    assert fitting(np.empty((0, 3)), np.empty(0)).size == (1.0, 1.0, 1.0)
