from pathlib import Path

import numpy as np
import pytest

from spaceport_app.splats.engines.contract import EngineState
from spaceport_app.splats.training.checkpoint import Checkpoint, Checkpoints


def checkpoint(iteration: int) -> Checkpoint:
    rng = np.random.default_rng(iteration)
    arrays = {"means": rng.random((50, 3), np.float32), "steps": np.array(iteration)}
    return Checkpoint(iteration, EngineState(arrays), {"seconds": 1.5, "history": {"steps": []}})


def test_the_newest_comes_back_as_it_was(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "a")
    assert kept.latest() is None
    for i in (100, 2000, 30):
        kept.save(checkpoint(i))
    back = kept.latest()
    assert back is not None and back.iteration == 2000
    assert back.record == checkpoint(2000).record
    for name, array in checkpoint(2000).engine.arrays.items():
        assert np.array_equal(back.engine.arrays[name], array)
        assert back.engine.arrays[name].dtype == array.dtype


def test_two_are_kept(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "a")
    for i in range(5):
        kept.save(checkpoint(i))
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "checkpoint-00000003.npz",
        "checkpoint-00000004.npz",
    ]


@pytest.mark.parametrize("part", [0.0, 0.3, 0.95])
def test_a_cut_one_is_skipped_and_does_not_outlive_the_next(tmp_path: Path, part: float) -> None:
    kept = Checkpoints(tmp_path, "a")
    kept.save(checkpoint(1))
    newest = kept.save(checkpoint(9))
    data = newest.read_bytes()
    newest.write_bytes(data[: int(part * len(data))])
    back = kept.latest()
    assert back is not None and back.iteration == 1
    kept.save(checkpoint(2))
    back = kept.latest()
    assert back is not None and back.iteration == 2


def test_a_flipped_byte_is_found(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "a")
    path = kept.save(checkpoint(9))
    data = bytearray(path.read_bytes())
    middle = data.find(b"means.npy") + 300
    data[middle] ^= 0xFF
    path.write_bytes(data)
    assert kept.latest() is None


def test_those_of_another_run_are_not_used(tmp_path: Path) -> None:
    Checkpoints(tmp_path, "a").save(checkpoint(9))
    assert Checkpoints(tmp_path, "b").latest() is None


def test_clear_leaves_what_is_not_its_own(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "a")
    kept.save(checkpoint(9))
    (tmp_path / ".checkpoint-00000010.npz.77.partial").write_bytes(b"half")
    (tmp_path / "preview.jpg").write_bytes(b"x")
    kept.clear()
    assert [p.name for p in tmp_path.iterdir()] == ["preview.jpg"]
