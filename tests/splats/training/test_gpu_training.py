"""The trainer with the GPU engine, without a GPU: every call to gsplat is recorded."""

import gsplat
import pytest
from gsplat_stand_in import stand_in

from spaceport_app.events import ignore
from spaceport_app.splats.engines.cuda import CudaEngine
from spaceport_app.splats.training.options import TrainOptions
from spaceport_app.splats.training.run import TrainInputs, train
from spaceport_app.splats.training.schedule import Schedule


def test_the_trainer_drives_it_by_the_same_schedule(
    make_reconstruction, tmp_path, monkeypatch
) -> None:
    """A whole training through gsplat's signature: as many calls as steps and pictures."""
    calls = []
    monkeypatch.setattr(gsplat, "rasterization", stand_in(calls))
    options = TrainOptions(
        iterations=12,
        max_gaussians=80,
        fill=0.0,
        image_size=32,
        refine_every=3,
        sh_degree=2,
        largest_gaussian=0.1,
        clean_up=False,
        preview_every_s=0,
        snapshot_every_s=0,
    )
    places = tmp_path / "output", tmp_path / "scratch"
    for place in places:
        place.mkdir()
    report = train(
        CudaEngine(device="cpu"), TrainInputs(make_reconstruction(6), *places), options, ignore
    )
    schedule = Schedule(options, 1.0, options.seed)
    learning = [call for call in calls if call["means"].requires_grad]
    assert len(learning) == report["iterations"] == 12
    assert [call["sh_degree"] for call in learning] == [schedule.sh_degree(i) for i in range(12)]
    assert [call["width"] for call in learning] == [schedule.larger_side(i) for i in range(12)]
    for i, call in enumerate(learning):
        assert call["backgrounds"][0].tolist() == pytest.approx(schedule.background(i))
    # MCMC goes by the gradient of the centres, not its absolute sum, and one camera a step.
    assert {(call["packed"], call["absgrad"]) for call in calls} == {(False, False)}
    counts = [len(call["means"]) for call in learning]
    assert counts == sorted(counts) and counts[-1] > counts[0]
    assert report["engine"] == "cuda" and report["gaussians"] == counts[-1] <= 80
