"""The depth sort against numpy's."""

from __future__ import annotations

import threading

import engine_scenes
import numpy as np

from spaceport_app.gui.splat.packing import PackedScene, pack
from spaceport_app.gui.splat.sorting import Order, SortingThread, SortRequest, slopes_of, sort
from spaceport_app.splats.model import Splats


def scene(count: int = 5000, outlier: bool = False) -> PackedScene:
    splats = engine_scenes.gaussians(count, 0)
    means = splats.means.copy()
    if outlier:
        means[0] = (0.0, 0.0, 1e6)
    rest = (splats.log_scales, splats.quaternions, splats.opacity_logits, splats.sh)
    return pack(Splats(means, *rest))


def depths(request: SortRequest) -> np.ndarray:
    view = request.view_matrix
    return request.scene.means[: request.count] @ view[2, :3] + view[2, 3]


def test_order_is_back_to_front() -> None:
    request = SortRequest(scene(), engine_scenes.camera().view_matrix, 5000)
    indices = sort(request).indices
    assert sorted(indices.tolist()) == list(range(5000))
    z = depths(request)[indices]
    # Depths of the same key may be in any order; a key is some hundred-thousandth of a depth.
    before = z > 1e-2
    assert np.all(np.diff(z[before]) <= 5e-5 * z[before][:-1])
    assert np.all(np.diff(before.astype(int)) <= 0), "those behind the camera come last"


def test_far_outlier_costs_the_near_scene_no_order() -> None:
    request = SortRequest(scene(outlier=True), engine_scenes.camera().view_matrix, 5000)
    z = depths(request)[sort(request).indices]
    before = z > 1e-2
    assert z[0] > 9e5
    assert np.all(np.diff(z[before]) <= 5e-4 * z[before][:-1])


def test_only_the_asked_part_is_sorted() -> None:
    request = SortRequest(scene(), engine_scenes.camera().view_matrix, 1200)
    assert sorted(sort(request).indices.tolist()) == list(range(1200))


def test_the_most_important_in_sight_are_taken() -> None:
    packed, camera = scene(), engine_scenes.camera()
    slopes = slopes_of(camera)
    request = SortRequest(packed, camera.view_matrix, 700, slopes)
    order = sort(request)
    view = camera.view_matrix
    x, y, z = (packed.means @ view[:3, :3].T + view[:3, 3]).T
    with np.errstate(divide="ignore"):
        inside = (
            (x / z > slopes[0]) & (x / z < slopes[1]) & (y / z > slopes[2]) & (y / z < slopes[3])
        )
    wanted = np.flatnonzero(inside & (z > 1e-3))[:700]
    assert len(wanted) > 0 and (len(wanted) == 700 or order.reach == min(5600, len(packed)))
    assert len(set(order.indices.tolist()) ^ set(wanted.tolist())) <= 2, "but for rounding"
    assert order.reach >= order.indices.max() + 1
    depth = z[order.indices]
    assert np.all(np.diff(depth) <= 5e-5 * depth[:-1])


def test_camera_that_sees_nothing_has_an_empty_order() -> None:
    camera = engine_scenes.camera()
    away = np.diag([1.0, 1.0, -1.0, 1.0]) @ camera.view_matrix
    away[2, 3] -= 1e6
    order = sort(SortRequest(scene(), away, 100, slopes_of(camera)))
    assert len(order.indices) == 0


def test_newer_request_takes_the_place_of_one_that_waits() -> None:
    delivered: list[Order] = []
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def deliver(order: Order) -> None:
        delivered.append(order)
        begun.set()
        go_on.wait(20)
        if len(delivered) == 2:
            done.set()

    view = engine_scenes.camera().view_matrix
    packed = scene(100)
    requests = [SortRequest(packed, view, count) for count in (10, 20, 30)]
    thread = SortingThread(deliver)
    thread.ask(requests[0])
    assert begun.wait(60)
    thread.ask(requests[1])
    thread.ask(requests[2])
    go_on.set()
    assert done.wait(60)
    thread.stop()
    assert [len(order.indices) for order in delivered] == [10, 30]
