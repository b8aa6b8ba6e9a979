from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gui.flight.flights import photo_set, reconstruction
from spaceport_app.events import Progress, Snapshot
from spaceport_app.gui.live import Live
from spaceport_app.pipeline.outcome import Outcome
from spaceport_app.pipeline.runner import StageEnded, StageEvent, StageStarted
from spaceport_app.sfm import store
from spaceport_app.sfm.model import Reconstruction, View

PLY = Path("/p/.train.scratch/snapshot/splats.ply")


class Splat:
    def __init__(self) -> None:
        self.told: list[Any] = []

    def show_snapshot(self, path: Path, result: Path, state: str, step: str = "") -> None:
        self.told.append((path, result, state, step))

    def describe_snapshot(self, words: str) -> None:
        self.told.append(words)


class Flight:
    def __init__(self) -> None:
        self.told: list[Any] = []

    def set_growing(self, found: Reconstruction | None) -> None:
        self.told.append(found)


@pytest.fixture
def session() -> Any:
    project = SimpleNamespace(
        folder=Path("/p"),
        published=lambda stage: None,
        scratch=lambda stage: Path(f"/p/.{stage}.scratch"),
    )
    return SimpleNamespace(project=project, splats=None)


def snapshot(stage: str, path: Path, done: float, total: float) -> StageEvent:
    return StageEvent(stage, Snapshot(path, done, total), None, 0.5)


def growing(folder: Path) -> Path:
    """A folder as the sfm stage writes it while it works."""
    made = reconstruction(photo_set(), ("P03.png",))
    folder.mkdir()
    views = tuple(
        View(v.name, folder / "views" / v.name, *list(vars(v).values())[2:]) for v in made.views
    )
    store.write(folder, Reconstruction(views, made.cloud, made.georeference, {}))
    return folder


def test_a_snapshot_of_training_goes_to_the_splat_view(qtbot: Any, session: Any) -> None:
    live, view = Live(session), Splat()
    live.take(StageStarted("train", "Training", False))
    live.take(snapshot("train", PLY, 1, 1800))
    live.take(StageEvent("train", Progress("Training", 5, 1800, 0.1), None, 0.5))
    # The tab is opened now: it shows what there is.
    live.show_in(splat=view)  # type: ignore[arg-type]
    live.take(snapshot("train", PLY, 900, 1800))
    result = Path("/p/splats/splats.ply")
    assert view.told == [
        (PLY, result, "Training", "step 1 of 1,800"),
        (PLY, result, "Training", "step 900 of 1,800"),
    ]
    live.take(StageEnded(Outcome("train", "Training", "cancelled", where="step 950 of 1,800")))
    assert view.told[2:] == ["Training is not finished"]
    live.close()


def test_what_a_stopped_training_left_is_shown_again(
    qtbot: Any, session: Any, tmp_path: Path
) -> None:
    view, live = Splat(), Live(session)
    session.project.scratch = lambda stage: tmp_path / f".{stage}.scratch"
    live.show_in(splat=view)  # type: ignore[arg-type]
    assert view.told == []
    path = tmp_path / ".train.scratch" / "snapshot" / "splats.ply"
    path.parent.mkdir(parents=True)
    path.touch()
    live.show_another()
    result = Path("/p/splats/splats.ply")
    assert view.told == [(path, result, "Training is not finished", "")]
    session.project.published = lambda stage: "a result"
    live.clear()
    live.show_another()
    assert len(view.told) == 1
    live.close()


def test_nothing_of_an_ended_run_or_beside_another_file_is_shown(qtbot: Any, session: Any) -> None:
    live = Live(session)
    live.take(snapshot("train", PLY, 900, 1800))
    live.take(StageEnded(Outcome("train", "Training", "finished")))
    after = Splat()
    live.show_in(splat=after)  # type: ignore[arg-type]
    session.splats = Path("/elsewhere/other.ply")
    live.take(snapshot("train", PLY, 1000, 1800))
    assert after.told == []
    session.splats = None
    live.clear()
    live.show_in(splat=after)  # type: ignore[arg-type]
    assert after.told == []
    live.close()


def test_the_growing_model_goes_to_the_flight_view(
    qtbot: Any, session: Any, tmp_path: Path
) -> None:
    live, view = Live(session), Flight()
    live.show_in(flight=view)  # type: ignore[arg-type]
    live.take(snapshot("sfm", tmp_path / "gone", 2, 12))
    live.take(snapshot("sfm", growing(tmp_path / "growing-00001"), 11, 12))
    qtbot.waitUntil(lambda: len(view.told) == 1, timeout=10_000)
    assert len(view.told[0].views) == 11 and len(view.told[0].cloud.xyz) == 500
    live.take(StageEnded(Outcome("sfm", "Placing", "cancelled")))
    assert view.told[1:] == [None]
    live.close()


def test_the_flight_shows_what_grows_and_leaves_no_photo_out(qtbot: Any, tmp_path: Path) -> None:
    from spaceport_app.gui.flight.scene import build

    photos = photo_set()
    found = store.read(growing(tmp_path / "growing-00001"))
    scene = build(photos, found, growing=True)
    assert scene is not None and scene.cloud is not None and len(scene.names) == 12
    assert not scene.left_out.any()
    row = scene.row("P00.png")
    ended = build(photos, reconstruction(photos, ("P03.png",)))
    assert ended is not None and ended.left_out.sum() == 1
    assert np.allclose(scene.centres[row], ended.centres[row])
