from __future__ import annotations

import numpy as np
import pycolmap

from spaceport_app.sfm import pruning


def model_of(images, tracks):
    """A model whose points are seen by the images named in each track."""
    model = pycolmap.Reconstruction()
    camera = pycolmap.Camera.create_from_model_name(1, "SIMPLE_PINHOLE", 500.0, 640, 480)
    model.add_camera_with_trivial_rig(camera)
    used = dict.fromkeys(range(1, images + 1), 0)
    for image_id in used:
        image = pycolmap.Image()
        image.image_id, image.name, image.camera_id = image_id, f"{image_id}.jpg", 1
        image.points2D = pycolmap.Point2DList([pycolmap.Point2D(np.zeros(2))] * 200)
        model.add_image_with_trivial_frame(image, pycolmap.Rigid3d())
    for seen in tracks:
        track = pycolmap.Track()
        for image_id in seen:
            track.add_element(image_id, used[image_id])
            used[image_id] += 1
        model.add_point3D(np.random.default_rng(1).normal(size=3), track, np.zeros(3, np.uint8))
    return model


def names(model):
    return {model.image(i).name for i in model.reg_image_ids()}


def test_a_photo_without_points_is_let_go():
    model = model_of(5, [(1, 2, 3, 4)] * 40 + [(4, 5)] * 3)
    kept = pruning.prune(model)
    assert kept is not None
    assert names(kept) == {"1.jpg", "2.jpg", "3.jpg", "4.jpg"}
    assert kept.num_points3D() == 40


def test_of_parts_that_hang_by_a_thread_the_largest_is_kept():
    model = model_of(7, [(1, 2, 3, 4)] * 40 + [(5, 6, 7)] * 60 + [(4, 5)] * 4)
    kept = pruning.prune(model)
    assert kept is not None
    assert names(kept) == {"1.jpg", "2.jpg", "3.jpg", "4.jpg"}


def test_few_points_are_told_but_kept():
    model = model_of(4, [(1, 2, 3)] * 40 + [(1, 2, 4)] * 10)
    kept = pruning.prune(model)
    assert kept is not None
    assert pruning.weakly_placed(kept) == {"4.jpg": 10}


def test_nothing_is_left_of_a_model_without_overlap():
    assert pruning.prune(model_of(4, [(1, 2)] * 40)) is None
