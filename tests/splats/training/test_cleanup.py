import numpy as np

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import TrainingView
from spaceport_app.splats.evaluation import Look
from spaceport_app.splats.model import Splats
from spaceport_app.splats.training.cleanup import clean_up, find


def cameras() -> list[Camera]:
    made = []
    for i in range(6):
        matrix = np.diag([1.0, -1.0, -1.0, 1.0])
        matrix[:3, 3] = -matrix[:3, :3] @ np.array([np.cos(i), np.sin(i), 10.0])
        made.append(Camera(32, 24, 28.0, 28.0, 16.0, 12.0, matrix))
    return made


def spoiled(good: Splats) -> Splats:
    """Return the Gaussians with one of each fault behind them."""
    faults = good.take(np.zeros(6, np.intp))
    faults.means[:] = 0.0
    faults.means[0] = np.nan
    faults.opacity_logits[1] = -8.0
    faults.means[2] = (900.0, 0.0, 0.0)
    faults.means[3] = (1.0, 0.0, 9.7)
    faults.opacity_logits[3] = -3.0
    faults.log_scales[3] = -6.0
    faults.log_scales[4] = 6.0
    faults.opacity_logits[4] = -4.0
    faults.log_scales[5] = (3.0, -7.0, -7.0)
    return Splats(
        *(
            np.concatenate([getattr(good, n), getattr(faults, n)])
            for n in ("means", "log_scales", "quaternions", "opacity_logits", "sh")
        )
    )


def test_each_rule_finds_its_fault_and_spares_the_good(make_splats) -> None:
    splats = spoiled(make_splats(100, 1))
    found = find(splats, cameras(), extent=10.0)
    rules = ("broken", "faint", "unseen", "floating", "huge", "needle")
    for place, rule in enumerate(rules):
        assert found[rule][100 + place], rule
    for rule in set(rules) - {"unseen"}:
        assert not found[rule][:100].any(), rule


def test_faults_go_and_pictures_do_not_suffer(make_splats, plain_engine) -> None:
    good = make_splats(100, 1)
    engine = plain_engine()
    engine.load(good)
    photos = [
        TrainingView(c, np.rint(np.clip(engine.render(c), 0, 1) * 255).astype(np.uint8), 0)
        for c in cameras()
    ]
    engine.load(spoiled(good))
    removed = clean_up(engine, photos, cameras(), 10.0, Look())
    assert removed["broken"] == 1 and removed["faint"] == 1 and removed["floating"] == 1
    left = engine.splats()
    assert np.isfinite(left.means).all()
    assert len(left) >= 90
    error = [np.abs(engine.render(p.camera) - p.image / 255).max() for p in photos]
    assert max(error) < 0.1


def test_what_the_pictures_need_stays(make_splats, plain_engine) -> None:
    """A scene that is made of one huge Gaussian keeps it."""
    splats = make_splats(1, 1)
    splats.means[:] = 0.0
    splats.log_scales[:] = 3.0
    splats.opacity_logits[:] = 4.0
    engine = plain_engine()
    both = spoiled(splats).take(np.array([0, 3]))
    both.log_scales[1] = -3.0
    engine.load(both)
    photos = [
        TrainingView(c, np.rint(np.clip(engine.render(c), 0, 1) * 255).astype(np.uint8), 0)
        for c in cameras()
    ]
    removed = clean_up(engine, photos, cameras(), 1.0, Look())
    assert removed["huge"] == 0 and removed["unseen"] == 1
    assert len(engine) == 1
