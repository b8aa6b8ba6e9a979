from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spaceport_app.errors import StageError
from spaceport_app.sfm.model import View
from spaceport_app.splats.training import dataset
from spaceport_app.splats.training.dataset import Dataset


@pytest.fixture
def views(tmp_path: Path) -> list[View]:
    rng = np.random.default_rng(0)
    made = []
    for i in range(4):
        path = tmp_path / f"größe {i}.png"
        Image.fromarray(rng.integers(0, 256, (24, 40, 3)).astype(np.uint8)).save(path)
        made.append(View(path.name, path, 40, 24, 36.0, 36.0, 20.0, 12.0, np.eye(4)))
    return made


def test_within_the_budget_each_is_read_once(
    views: list[View], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[tuple[int, int]] = []
    plain = dataset.load_view

    def counted(view: View, key: int, side: int, *rest):
        reads.append((key, side))
        return plain(view, key, side, *rest)

    monkeypatch.setattr(dataset, "load_view", counted)
    one = 20 * 12 * 3
    with Dataset(views, 2 * one) as photos:
        for _ in range(3):
            for i in range(4):
                photos.prefetch((i + 1) % 4, 20)
                assert np.array_equal(photos.get(i, 20).image, plain(views[i], i, 20).image)
        assert photos.held_bytes == 2 * one
        assert reads.count((0, 20)) <= 2 and reads.count((3, 20)) == 3
        photos.get(1, 40)
        assert photos.held_bytes == 0  # One picture of the new size is over the budget.
    with Dataset(views, 10**9) as photos:
        reads.clear()
        for _ in range(3):
            for i in range(4):
                photos.get(i, 20)
        assert sorted(reads) == [(i, 20) for i in range(4)]


def test_a_missing_cut_or_swapped_picture_is_told_by_name(views: list[View]) -> None:
    views[1].image.unlink()
    views[2].image.write_bytes(views[2].image.read_bytes()[:300])
    views[3] = replace(views[3], width=41)
    with Dataset(views, 0) as photos:
        for i in (1, 2, 3):
            photos.prefetch(i, 40)
            with pytest.raises(StageError, match=views[i].name) as caught:
                photos.get(i, 40)
            assert caught.value.code == "view_unreadable"
        assert photos.get(0, 40).image.shape == (24, 40, 3)
