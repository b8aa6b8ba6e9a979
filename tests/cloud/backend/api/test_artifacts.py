"""Results: addresses that work, digests, only of steps that are done."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import artifacts
from spaceport_app.cloud.layout import Step

from .cloud import Cloud


def publish(cloud: Cloud, job: str, step: Step, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        cloud.put(layout.result(job, step, path), content)
    about = [
        {"path": path, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for path, content in files.items()
    ]
    records: dict[str, Any] = {step: {"folder": step, "published": None, "latest": None}}
    manifest = {"schema": 1, "step": step, "project": records, "files": about}
    cloud.put(layout.manifest(job, step), manifest)


def test_results_of_done_steps_can_be_read_whole_and_in_ranges(cloud: Cloud) -> None:
    job = cloud.make(b"one")
    contents = {"photos/photos.json": b"{}", "sfm/cloud ü+%20.ply": b"ply" * 1000}
    publish(cloud, job, "sfm", contents)
    cloud.put(layout.result(job, "3dgs", "splats/splats.ply"), b"half a step")
    body = cloud.http.get(f"/jobs/{job}/artifacts").json()
    assert [file["path"] for file in body["files"]] == list(contents)
    assert body["stages"].keys() == {"sfm"}
    assert body["next"] is None
    for file in body["files"]:
        content = cloud.plain.get(file["url"]).content
        assert content == contents[file["path"]]
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        assert (file["bytes"], file["step"]) == (len(content), "sfm")
    part = cloud.plain.get(body["files"][1]["url"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, contents["sfm/cloud ü+%20.ply"][10:20])


def test_addresses_expire_and_are_for_reading(cloud: Cloud) -> None:
    job = cloud.make(b"one")
    publish(cloud, job, "sfm", {"sfm/cloud.ply": b"ply"})
    cloud.configure(link_s=77)
    file = cloud.http.get(f"/jobs/{job}/artifacts").json()["files"][0]
    asked = httpx.URL(file["url"]).params
    assert asked["X-Amz-Expires"] == "77"
    assert asked["X-Amz-SignedHeaders"] == "host"


def test_no_result_no_files(cloud: Cloud) -> None:
    body = cloud.http.get(f"/jobs/{cloud.make(b'one')}/artifacts").json()
    assert (body["files"], body["stages"], body["next"]) == ([], {}, None)


def test_pages_hold_every_file_once(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "MOST_A_PAGE", 2)
    job = cloud.make(b"one")
    publish(cloud, job, "sfm", {f"sfm/{n}": b"x" for n in range(3)})
    publish(cloud, job, "3dgs", {f"splats/{n}": b"y" for n in range(2)})
    seen, token = [], ""
    while token is not None:
        body = cloud.http.get(f"/jobs/{job}/artifacts", params={"after": token}).json()
        assert body["stages"].keys() == {"sfm", "3dgs"}
        seen += [file["path"] for file in body["files"]]
        token = body["next"]
    assert seen == ["sfm/0", "sfm/1", "sfm/2", "splats/0", "splats/1"]


def test_full_page_fits_into_an_answer_of_lambda() -> None:
    # 6 MB; an address with a session token has under 2,500 characters, a path up to 1,024 bytes.
    assert artifacts.MOST_A_PAGE * (2_500 + 1_024 + 300) < 6_000_000
