"""Who starts again uploads nothing twice: a job takes over what another of the key has."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from spaceport_app.cloud import layout
from spaceport_app.cloud.job import PART_BYTES

from .cloud import Cloud, asked

BIG = bytes(range(256)) * (PART_BYTES // 256) + b"the rest"


def take(cloud: Cloud, job: str, other: str, **more: Any) -> Any:
    answer = cloud.http.post(f"/jobs/{job}/take", json={"job": other, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_photos_of_a_stopped_job_are_taken_and_the_new_one_starts(cloud: Cloud) -> None:
    old = cloud.make(b"one", b"two", BIG)
    cloud.upload(old, (0, 1, b"one"), (1, 1, b"two"))
    cloud.upload(old, (2, 1, BIG[:PART_BYTES]), (2, 2, BIG[PART_BYTES:]))
    assert cloud.http.post(f"/jobs/{old}/start").status_code == 200
    assert cloud.http.post(f"/jobs/{old}/stop").json()["state"] == "stopped"
    new = cloud.make(b"two", b"new", BIG, settings={"preset": "high", "device": "cpu"})
    assert take(cloud, new, old) == {"taken": [0, 2], "next": None}
    there = cloud.http.get(f"/jobs/{new}/parts").json()["parts"]
    assert [(part["file"], part["part"]) for part in there] == [(0, 1), (2, 1), (2, 2)]
    # Once more is nothing.
    assert take(cloud, new, old) == {"taken": [], "next": None}
    cloud.upload(new, (1, 1, b"new"))
    assert cloud.http.post(f"/jobs/{new}/start").status_code == 200
    s3 = cloud.stack.client("s3")
    kept = s3.get_object(Bucket=cloud.stack.uploads, Key=layout.upload(new, 2))["Body"].read()
    assert kept == BIG


def test_results_of_a_done_step_become_files_of_a_job_that_starts_behind_it(cloud: Cloud) -> None:
    old = cloud.running(b"photo")
    contents = {"sfm/cloud.ply": b"ply", "sfm/views/a.jpg": b"view"}
    for path, data in contents.items():
        cloud.put(layout.result(old, "sfm", path), data)
    listed = [
        {"path": path, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for path, data in contents.items()
    ]
    cloud.put(layout.manifest(old, "sfm"), {"step": "sfm", "files": listed, "project": {}})
    files = [{"name": e["path"], "bytes": e["bytes"], "sha256": e["sha256"]} for e in listed]
    new = cloud.make(first="3dgs", files=files)
    assert take(cloud, new, old)["taken"] == [0, 1]
    assert cloud.http.post(f"/jobs/{new}/start").status_code == 200


def test_many_files_are_taken_in_several_calls(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spaceport_app.cloud.backend.api import takeover

    contents = [bytes([number]) * (number + 1) for number in range(7)]
    old = cloud.running(*contents)
    new = cloud.make(*reversed(contents))
    monkeypatch.setattr(takeover, "MOST_A_CALL", 3)
    monkeypatch.setattr(takeover, "_MOST_BYTES_A_CALL", 9)
    taken, after = [], 0
    while after is not None:
        found = take(cloud, new, old, after=after)
        assert 1 <= len(found["taken"]) <= 3
        taken += found["taken"]
        after = found["next"]
    assert taken == list(range(7))
    assert len(cloud.http.get(f"/jobs/{new}/parts").json()["parts"]) == 7


def test_a_large_file_is_taken_part_by_part_and_none_of_it_is_sent_again(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spaceport_app.cloud.backend.api import takeover

    old = cloud.make(b"one", BIG, b"two")
    cloud.upload(old, (0, 1, b"one"), (2, 1, b"two"))
    cloud.upload(old, (1, 1, BIG[:PART_BYTES]), (1, 2, BIG[PART_BYTES:]))
    assert cloud.http.post(f"/jobs/{old}/start").status_code == 200
    monkeypatch.setattr(takeover, "_MOST_BYTES_AT_ONCE", PART_BYTES)
    monkeypatch.setattr(takeover, "_MOST_BYTES_A_CALL", PART_BYTES)
    new = cloud.make(b"one", BIG, b"two")
    assert take(cloud, new, old) == {"taken": [0], "next": 1}
    # One call copies one part: the next goes on with the same file, also after a kill between.
    assert take(cloud, new, old, after=1) == {"taken": [], "next": 1}
    there = cloud.http.get(f"/jobs/{new}/parts").json()["parts"]
    assert [(part["file"], part["part"]) for part in there] == [(0, 1), (1, 1)]
    assert take(cloud, new, old, after=1) == {"taken": [1], "next": 2}
    assert take(cloud, new, old, after=2) == {"taken": [2], "next": None}
    assert cloud.http.post(f"/jobs/{new}/start").status_code == 200
    s3 = cloud.stack.client("s3")
    kept = s3.get_object(Bucket=cloud.stack.uploads, Key=layout.upload(new, 1))["Body"].read()
    assert kept == BIG


def test_a_file_of_other_bytes_or_that_is_gone_is_not_taken(cloud: Cloud) -> None:
    old, new = cloud.running(b"one", b"two"), cloud.make(b"one", b"twa")
    cloud.stack.client("s3").delete_object(Bucket=cloud.stack.uploads, Key=layout.upload(old, 0))
    assert take(cloud, new, old) == {"taken": [], "next": None}


def test_what_s3_has_copied_is_checked_at_the_start(cloud: Cloud) -> None:
    """An object in the place of another's is not believed, whatever its size."""
    old, new = cloud.running(b"one"), cloud.make(b"one")
    cloud.stack.client("s3").put_object(
        Bucket=cloud.stack.uploads,
        Key=layout.upload(old, 0),
        Body=b"two",
        ChecksumAlgorithm="SHA256",
    )
    assert take(cloud, new, old)["taken"] == [0]
    answer = cloud.http.post(f"/jobs/{new}/start")
    assert (answer.status_code, answer.json()["missing"]) == (409, [0])


def test_nothing_is_taken_from_anothers_job(cloud: Cloud) -> None:
    theirs = cloud.other.post("/jobs", json=asked(b"one")).json()["job"]
    mine = cloud.make(b"one")
    for other in (theirs, mine, "0" * 26, "../x"):
        answer = cloud.http.post(f"/jobs/{mine}/take", json={"job": other})
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_job")
    answer = cloud.other.post(f"/jobs/{mine}/take", json={"job": theirs})
    assert answer.status_code == 404


@pytest.mark.parametrize("body", [{}, {"job": 7}, {"job": "0" * 26, "after": -1}, {"bucket": "x"}])
def test_nonsense_is_refused(cloud: Cloud, body: dict[str, Any]) -> None:
    answer = cloud.http.post(f"/jobs/{cloud.make(b'one')}/take", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_started_job_takes_nothing_more(cloud: Cloud) -> None:
    old, new = cloud.running(b"one"), cloud.running(b"one")
    answer = cloud.http.post(f"/jobs/{new}/take", json={"job": old})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_uploading")
