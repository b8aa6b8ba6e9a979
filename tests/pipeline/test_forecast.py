from __future__ import annotations

import os
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from PIL import Image

from spaceport_app import resources
from spaceport_app.pipeline import forecast, machine
from spaceport_app.pipeline.stages import STAGES
from spaceport_app.project.errors import ProjectError
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(20):
        Image.new("RGB", (1600, 1200)).save(photos / f"{number}.jpg")
    (photos / "flight.txt").write_text("no photo")
    return Project.create(tmp_path / "a.spaceport", (photos,), Settings("preview", "cpu"))


def test_the_work_is_counted(project: Project) -> None:
    work = forecast.workload(project)
    assert (work.photos, work.width, work.height) == (20, 1600.0, 1200.0)


def test_more_work_takes_more(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "free_disk_bytes", lambda folder: 1 << 40)
    found = {}
    for preset in ("preview", "standard", "high"):
        with project.locked():
            project.change(settings=Settings(preset, "cpu"))
        expected = forecast.of_project(project, STAGES)
        assert expected is not None
        assert set(expected.stages) == {"import", "sfm", "train", "compress", "export"}
        assert expected.seconds == pytest.approx(
            sum(one.seconds for one in expected.stages.values())
        )
        found[preset] = expected
    for name in ("seconds", "memory_bytes", "disk_bytes"):
        values = [getattr(found[preset], name) for preset in ("preview", "standard", "high")]
        assert values == sorted(values)
        assert values[0] < values[2] / 1.5
    # The measured run of 30 photos took 0.7 GB; a forecast ten times off would be no use.
    assert 0.2e9 < found["preview"].memory_bytes < 2e9


def test_too_small_a_disk_is_refused_before_the_start(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "free_disk_bytes", lambda folder: 10 << 20)
    with pytest.raises(ProjectError) as error:
        forecast.of_project(project, STAGES)
    assert error.value.code == "disk_too_small"
    assert "10.5 MB are free" in error.value.message


def test_little_memory_is_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = namedtuple("memory", "total available")
    monkeypatch.setattr(resources.psutil, "virtual_memory", lambda: memory(1 << 30, 100 << 20))
    expected = forecast.of_project(project, STAGES)
    assert expected is not None
    assert "little_memory" in {notice.code for notice in expected.notices}


def test_a_project_of_another_machine_is_told(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "device", lambda: "cpu")
    monkeypatch.setattr(resources, "free_disk_bytes", lambda folder: 1 << 40)
    with project.locked():
        project.change(settings=Settings("preview", "cuda"))
    expected = forecast.of_project(project, STAGES)
    assert expected is not None
    assert "no_cuda" in {notice.code for notice in expected.notices}


def test_broken_sources_are_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no zip")
    (tmp_path / "b.jpg").write_bytes(b"no photo")
    sources = (tmp_path / "a.zip", tmp_path / "b.jpg", tmp_path / "missing")
    project = Project.create(tmp_path / "p.spaceport", sources, Settings("preview", "cpu"))
    work = forecast.workload(project)
    assert (work.photos, work.width) == (1, 4000.0)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.timeout(30)
def test_pipes_are_not_counted_and_not_opened(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    os.mkfifo(photos / "a.jpg")
    os.mkfifo(tmp_path / "b.zip")
    Image.new("RGB", (1600, 1200)).save(photos / "c.jpg")
    sources = (photos, tmp_path / "b.zip")
    made = Project.create(tmp_path / "a.spaceport", sources, Settings("preview", "cpu"))
    work = forecast.workload(made)
    assert (work.photos, work.width) == (1, 1600.0)


@pytest.mark.skipif(sys.platform == "win32", reason="the limit is another there")
@pytest.mark.parametrize(("bytes_", "fits"), [(470, True), (471, False), (900, False)])
def test_a_path_that_the_database_cannot_have_is_refused_before_the_start(
    tmp_path: Path, bytes_: int, fits: bool
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (1600, 1200)).save(photos / "c.jpg")
    folder = tmp_path.resolve()
    while bytes_ - len(os.fsencode(folder)) > 250:
        folder = folder / ("ü" * 60)
    folder = folder / ("d" * (bytes_ - len(os.fsencode(folder)) - 1))
    folder.parent.mkdir(parents=True)
    made = Project.create(folder, (photos,), Settings("preview", "cpu"))
    if fits:
        assert forecast.of_project(made, STAGES) is not None
        return
    with pytest.raises(ProjectError) as error:
        forecast.of_project(made, STAGES)
    assert error.value.code == "path_too_long"
    assert "bytes too long" in error.value.message
