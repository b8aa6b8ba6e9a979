"""The table of GPU engines, made from an index that stands in for PyPI's."""

from __future__ import annotations

import io
import json
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from bundle import lock, relock
from bundle.failure import BuildError
from gpu_engine import recipes

from spaceport_app.engine_setup import recipes as shipped

INDEX = "https://mirror.example/simple"
WHEEL = "alpha-1.0-cp311-cp311-manylinux_2_28_x86_64.whl"
WANTED = """
[[recipe]]
name = "test"
system = "linux-x86_64"
python = "3.11"
device = "cuda"
versions = { alpha = "1.0" }
least_driver = "580"
least_capability = "7.5"
imports = ["alpha"]
packages = ["alpha==1.0"]

[[recipe.stated]]
name = "beta"
version = "2.0"
url = "https://elsewhere.example/beta-2.0-py3-none-any.whl"
"""
Answer = Callable[[httpx.Request], httpx.Response]


def wheel() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("alpha/__init__.py", b"x" * 5_000)
        file.writestr("alpha/kernels.so", b"y" * 500_000)
    return out.getvalue()


def entry(name: str, sha256: str = "ab" * 32) -> dict[str, object]:
    return {
        "filename": name,
        "url": f"../../packages/01/{name}",
        "size": len(wheel()),
        "hashes": {"sha256": sha256},
    }


def made(
    tmp_path: Path, files: list[dict[str, object]], change: Answer | None = None
) -> dict[str, object]:
    def answer(request: httpx.Request) -> httpx.Response:
        if change is not None:
            return change(request)
        if request.url.path == "/simple/alpha/":
            return httpx.Response(200, json={"files": files})
        assert request.url.path == f"/packages/01/{WHEEL}"
        first, last = request.headers["range"].removeprefix("bytes=").split("-")
        return httpx.Response(206, content=wheel()[int(first) : int(last) + 1])

    wanted = tmp_path / "wanted.toml"
    wanted.write_text(WANTED, encoding="utf-8")
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        path = tmp_path / "recipes.json"
        path.write_text(recipes.table(client, INDEX, wanted), encoding="utf-8")
    assert shipped.read(path)[0].name == "test"
    found = json.loads(path.read_text(encoding="utf-8"))["recipes"][0]
    assert isinstance(found, dict)
    return found


def test_the_wheel_that_fits_with_pypi_s_address_and_its_size_on_disk(tmp_path: Path) -> None:
    others = ("alpha-1.0-cp312-cp312-manylinux_2_28_x86_64.whl", "alpha-1.0-py3-none-win_amd64.whl")
    older = "alpha-0.9-cp311-cp311-manylinux_2_28_x86_64.whl"
    found = made(tmp_path, [entry(name) for name in (*others, older, WHEEL)])
    assert found["installed_bytes"] == 505_000
    assert found["files"] == [
        {
            "name": "alpha",
            "version": "1.0",
            "url": f"https://files.pythonhosted.org/packages/01/{WHEEL}",
            "bytes": len(wheel()),
            "sha256": "ab" * 32,
        },
        {
            "name": "beta",
            "version": "2.0",
            "url": "https://elsewhere.example/beta-2.0-py3-none-any.whl",
            "bytes": None,
            "sha256": None,
        },
    ]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], "no wheel of version 1.0"),
        ([entry("alpha-1.0-cp312-cp312-manylinux_2_28_x86_64.whl")], "No wheel fits"),
        ([entry(WHEEL) | {"hashes": {}}], "tells no 'sha256'"),
        ([entry(WHEEL) | {"url": f"https://mirror.example/files/{WHEEL}"}], "no address of"),
    ],
)
def test_what_an_index_lacks_is_said(
    tmp_path: Path, files: list[dict[str, object]], words: str
) -> None:
    with pytest.raises(BuildError, match=words):
        made(tmp_path, files)


def test_a_page_that_is_missing_and_a_host_without_ranges(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="status 404"):
        made(tmp_path, [], lambda request: httpx.Response(404))

    def whole(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/simple/alpha/":
            return httpx.Response(200, json={"files": [entry(WHEEL)]})
        return httpx.Response(200, content=wheel())

    with pytest.raises(BuildError, match="no ranges"):
        made(tmp_path, [], whole)


def test_the_latest_build_of_a_wheel_is_taken() -> None:
    builds = [WHEEL.replace("1.0-", f"1.0-{build}") for build in ("", "10-", "3-")]
    assert relock.best(builds, lock.LINUX) == builds[1]


def test_the_shipped_table_holds_what_is_wanted_and_names_no_mirror() -> None:
    wanted = tomllib.loads(recipes.WANTED.read_text(encoding="utf-8"))["recipe"]
    table = shipped.read()
    assert [one["name"] for one in wanted] == [one.name for one in table]
    for one, recipe in zip(wanted, table, strict=True):
        stated = [f"{part['name']}=={part['version']}" for part in one["stated"]]
        held = [f"{part.name}=={part.version}" for part in recipe.packages]
        assert held == [*one["packages"], *stated]
        hosts = {part.host for part in recipe.packages}
        assert hosts <= {"files.pythonhosted.org", "download.pytorch.org", "github.com"}
