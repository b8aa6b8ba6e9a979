"""What this computer knows of a job, read back whatever happened to the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutated import check_reader

from spaceport_app.cloud.client import submission
from spaceport_app.cloud.client.failures import CloudError
from spaceport_app.cloud.client.submission import Submission, Upload
from spaceport_app.cloud.job import CloudFile
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

WHOLE = Submission(
    "https://service.example/prod",
    "Beach",
    "sfm",
    "compression",
    submission.settings_json(Settings("preview", "cuda", {"train": {"seed": 3}})),
    "f",
    (Upload(CloudFile("ä b.jpg", 20_000_000, "ab" * 32), "/flights/ä b.jpg"),),
    photos="scaled",
    job="a" * 26,
    token="t",
    taken=("sfm",),
    instances={"3dgs": "ml.g5.xlarge"},
    spot=True,
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "x.spaceport", (), Settings())


def test_what_is_written_is_read(project: Project) -> None:
    assert submission.read(project) is None
    submission.write(project, WHOLE)
    assert submission.read(project) == WHOLE


def test_a_note_with_anything_wrong_in_it_is_read_or_refused(project: Project) -> None:
    submission.write(project, WHOLE)

    def read() -> None:
        found = submission.read(project)
        assert found is not None
        found.as_job()
        found.project_settings()
        assert found.size >= 0 and found.next_step in found.steps
        assert [found.stages_of(step) for step in found.steps]
        assert all(upload.file.parts() > 0 for upload in found.uploads)

    check_reader(submission.folder(project) / "job.json", read, "bad_submission")


def test_a_note_of_a_later_version_is_no_damage(project: Project) -> None:
    submission.write(project, WHOLE)
    path = submission.folder(project) / "job.json"
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 2'))
    with pytest.raises(CloudError, match="newer"):
        submission.read(project)
