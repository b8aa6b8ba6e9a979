"""Results that changed behind Spaceport's back are noticed before they are used."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from spaceport_app.errors import StageError
from spaceport_app.events import Notice
from spaceport_app.pipeline import whole
from spaceport_app.pipeline.runner import Runner, StageEvent
from spaceport_app.project import publish
from spaceport_app.project.project import Project

RESULTS = {"collect": "texts", "count": "count", "pack": "packed"}


def run(project: Project, **arguments: Any) -> tuple[dict[str, str], list[str]]:
    events: list[Any] = []
    outcomes = Runner(project, events.append).run(**arguments)
    told = [
        event.event.message
        for event in events
        if isinstance(event, StageEvent) and isinstance(event.event, Notice)
    ]
    return {outcome.stage: outcome.kind for outcome in outcomes}, told


def flip(path: Path) -> bytes:
    """Flip one bit in the middle, with size and time as they were; return what was there."""
    data, status = path.read_bytes(), path.stat()
    changed = bytearray(data)
    changed[len(data) // 3] ^= 0x10
    path.write_bytes(bytes(changed))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    return data


@pytest.mark.parametrize("stage", sorted(RESULTS))
def test_a_flipped_bit_is_noticed_and_mended(project: Project, stage: str) -> None:
    run(project)
    for path in sorted((project.folder / RESULTS[stage]).rglob("*")):
        before = flip(path)
        kinds, told = run(project)
        assert kinds == {name: "finished" if name == stage else "skipped" for name in RESULTS}
        assert any(path.name in words for words in told), told
        assert path.read_bytes() == before or path.suffix == ".zip"
        assert run(project) == (dict.fromkeys(RESULTS, "skipped"), [])


def test_a_stage_alone_reads_nothing_damaged(project: Project) -> None:
    run(project)
    flip(project.folder / "count" / "count.json")
    outcomes = Runner(project, lambda _: None).run(only="pack")
    assert [outcome.kind for outcome in outcomes] == ["failed"]
    assert outcomes[0].code == "result_damaged"
    assert "count.json" in outcomes[0].message
    assert f"spaceport run -o {project.folder}" in outcomes[0].remedy
    kinds, _ = run(project)
    assert kinds["count"] == "finished"
    assert run(project, only="pack")[0] == {"pack": "finished"}


def test_results_are_asked_for_before_they_are_handed_on(project: Project) -> None:
    with pytest.raises(StageError) as caught:
        whole.require(project, "count")
    assert caught.value.code == "stage_missing"
    run(project)
    whole.require(Project.open(project.folder), "count", "pack")
    flip(project.folder / "count" / "count.json")
    with pytest.raises(StageError) as caught:
        whole.require(Project.open(project.folder), "count")
    assert caught.value.code == "result_damaged"


def test_what_cannot_be_read_now_is_not_called_damaged(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(project)
    for number, code in ((errno.EMFILE, "file_error"), (errno.ESTALE, "file_error")):
        with monkeypatch.context() as patch:

            def refuse(path: Path, failure: int = number) -> str:
                raise OSError(failure, os.strerror(failure), str(path))

            patch.setattr(publish, "_digest", refuse)
            with pytest.raises(StageError) as caught:
                whole.require(Project.open(project.folder), "count")
            assert caught.value.code == code
            outcomes = Runner(Project.open(project.folder), lambda _: None).run()
            assert [outcome.kind for outcome in outcomes] == ["failed"]
            assert outcomes[0].code == code
    assert run(project)[0] == dict.fromkeys(RESULTS, "skipped")


def test_only_published_files_are_handed_on(project: Project, tmp_path: Path) -> None:
    run(project)
    (project.folder / "count" / "mine.txt").write_text("mine")
    folder = project.folder / "count"
    assert whole.files(project, "count") == (folder / "count.json",)
    (folder / "count.json").rename(tmp_path / "elsewhere.json")
    (folder / "count.json").symlink_to(tmp_path / "elsewhere.json")
    assert whole.files(Project.open(project.folder), "count") == ()
    assert whole.files(project, "nothing") == ()


def test_results_of_older_versions_are_told_by_their_size_alone(project: Project) -> None:
    run(project)
    file = project.folder / "project.json"
    raw = json.loads(file.read_text(encoding="utf-8"))
    for record in raw["stages"].values():
        del record["published"]["digests"]
    file.write_text(json.dumps(raw), encoding="utf-8")
    assert run(Project.open(project.folder))[0] == dict.fromkeys(RESULTS, "skipped")
