"""Cameras that move along with the Gaussians: to where they belong, and not all together."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from spaceport_app.events import ignore
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.cpu.engine import CpuEngine
from spaceport_app.splats.training import poses
from spaceport_app.splats.training.options import TrainOptions
from spaceport_app.splats.training.poses import Poses
from spaceport_app.splats.training.run import TrainInputs, train


def cameras(count=6, seed=0):
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        matrix = np.eye(4)
        matrix[:3, :3] = Rotation.random(random_state=rng).as_matrix()
        matrix[:3, 3] = rng.normal(0, 20, 3)
        made.append(Camera(40, 30, 40.0, 40.0, 20.0, 15.0, matrix))
    return made


def placed(refined, given):
    """Centres and turns of the cameras as they are now."""
    now = [replace(c, view_matrix=refined.view_matrix(i)) for i, c in enumerate(given)]
    return np.array([c.centre for c in now]), np.array([c.view_matrix[:3, :3] for c in now])


def test_a_step_goes_downhill_by_its_rate_about_the_camera_s_axes():
    given = cameras(400)  # So many that one moves the mean little.
    refined = Poses(given, extent=50.0)
    refined.move(3, (1e-3, -2.0, 0.5, 1e-9, -4.0, 7.0), rate=1e-4)
    moved = refined.view_matrix(3) @ np.linalg.inv(given[3].view_matrix)
    np.testing.assert_allclose(moved[:3, 3], [-5e-3, 5e-3, -5e-3], rtol=0.03)
    turn = Rotation.from_matrix(moved[:3, :3]).as_rotvec()
    np.testing.assert_allclose(turn, [-1e-4, 1e-4, -1e-4], rtol=0.03)


def test_place_turn_and_size_of_all_are_held_whatever_the_gradients_say():
    given = cameras()
    refined = Poses(given, extent=50.0)
    rng = np.random.default_rng(1)
    for i in range(300):
        # All want to go the same way, turn the same way and leave the middle.
        centres, turns = placed(refined, given)
        outwards = turns[i % 6] @ (centres[i % 6] - centres.mean(axis=0) + (30.0, 0.0, 0.0))
        turn = turns[i % 6] @ (0.0, 5.0, 0.0) + rng.normal(0, 0.1, 3)
        refined.move(i % 6, tuple(np.concatenate([outwards, turn])), rate=1e-3)
    centres, turns = placed(refined, given)
    first, first_turns = placed(Poses(given, 50.0), given)
    assert np.linalg.norm(centres - first, axis=1).max() > 0.05
    np.testing.assert_allclose(centres.mean(axis=0), first.mean(axis=0), atol=1e-9)
    spread = first - first.mean(axis=0)
    assert ((centres - first.mean(axis=0)) * spread).sum() == pytest.approx((spread**2).sum())
    turned = Rotation.from_matrix(turns.transpose(0, 2, 1) @ first_turns).as_rotvec()
    assert np.abs(turned.mean(axis=0)).max() < 1e-3 * np.abs(turned).max()
    np.testing.assert_allclose(turns @ turns.transpose(0, 2, 1), [np.eye(3)] * 6, atol=1e-12)


def test_cameras_in_one_place_may_turn_and_stay_finite():
    given = [replace(c, view_matrix=np.eye(4)) for c in cameras(3)]
    refined = Poses(given, extent=1.0)
    refined.move(0, (1.0, 1.0, 1.0, 1.0, 1.0, 1.0), rate=1e-3)
    assert all(np.isfinite(refined.view_matrix(i)).all() for i in range(3))


def test_kept_as_json_it_goes_on_exactly():
    given = cameras()
    one = Poses(given, extent=50.0)
    one.move(2, (1.0, 2.0, 3.0, -1.0, 0.5, 0.1), 1e-4)
    other = Poses(given, extent=50.0)
    other.restore(json.loads(json.dumps(one.as_json())))
    for refined in (one, other):
        refined.move(2, (0.1, -2.0, 3.0, -4.0, 0.5, 0.3), 1e-4)
    assert all(np.array_equal(one.view_matrix(i), other.view_matrix(i)) for i in range(6))
    one.reset()
    assert max(one.report().values()) == pytest.approx(0.0, abs=1e-6)


def test_cameras_keep_still_at_first_and_slow_down_to_the_end():
    rates = [Poses.rate(done) for done in (0.0, 0.1, 0.5, 0.9, 1.0)]
    assert rates[:2] == [0.0, 0.0] and rates[2] > rates[3] > rates[4] > 0.0


def folders(tmp_path, name):
    made = tmp_path / name / "output", tmp_path / name / "scratch"
    for folder in made:
        folder.mkdir(parents=True)
    return made


def test_training_finds_disturbed_cameras_and_leaves_held_out_ones(
    make_reconstruction, tmp_path, monkeypatch
):
    monkeypatch.setattr(poses, "_RATE", 3e-3)
    reconstruction = make_reconstruction(10)
    rng = np.random.default_rng(0)
    held = "photo 04.png"
    disturbed = []
    for view in reconstruction.views:
        matrix = view.view_matrix.copy()
        matrix[:2, 3] += rng.normal(0.0, 0.15, 2) * (view.name != held)
        disturbed.append(replace(view, view_matrix=matrix))
    reconstruction = replace(reconstruction, views=tuple(disturbed))
    options = TrainOptions(
        iterations=300, max_gaussians=80, image_size=32, vignetting=False, background="black",
        held_out=held, largest_gaussian=0.1, snapshot_every_s=0.0, clean_up=False,
    )  # fmt: skip
    results, cameras_used = [], []
    for asked in (False, True):
        engine = CpuEngine()
        plain = engine.render

        def render(camera, *, plain=plain, **more):
            cameras_used.append(camera.view_matrix)
            return plain(camera, **more)

        engine.render = render
        output, scratch = folders(tmp_path, f"refined {asked}")
        inputs = TrainInputs(reconstruction, output, scratch)
        results.append(train(engine, inputs, replace(options, refine_poses=asked), ignore))
    still, refined = results
    assert "pose_shift_median_m" not in still
    assert 0.03 < refined["pose_shift_median_m"] <= refined["pose_shift_max_m"] < 1.0
    assert 0.0 < refined["pose_turn_median_deg"] <= refined["pose_turn_max_deg"] < 10.0
    assert refined["psnr_db"] > still["psnr_db"] + 0.5
    truth = next(v.view_matrix for v in reconstruction.views if v.name == held)
    assert all(np.array_equal(matrix, truth) for matrix in cameras_used)
