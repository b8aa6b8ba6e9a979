"""Files from the web for the builds: over https alone, and the pinned ones alone."""

from __future__ import annotations

import hashlib
import importlib
import subprocess
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bundle import fetch, lock
from bundle.failure import BuildError
from development import downloads, torch_choice, web
from gpu_engine import recipes

TESTS = Path(__file__).resolve().parents[2]
DATA = b"the pinned file"
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    """One server for https, whose certificate is trusted, and one for http; both have the file."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.syspath_prepend(TESTS)
    index = importlib.import_module("engine_setup.index")
    own = index.certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    files = {"x.whl": DATA}
    with (
        index.Server(files=dict(files), certificate=own) as secure,
        index.Server(files=dict(files)) as plain,
    ):
        yield secure, plain


def test_a_file_comes_over_https(servers: tuple[Any, Any], tmp_path: Path) -> None:
    secure, _ = servers
    secure.moved["old.whl"] = f"{secure.address}/x.whl"
    found = fetch.file(f"{secure.address}/old.whl", SHA256, tmp_path / "cache")
    assert found.read_bytes() == DATA


def test_http_is_refused_at_first_and_as_a_redirect(
    servers: tuple[Any, Any], tmp_path: Path
) -> None:
    secure, plain = servers
    secure.moved["x.whl"] = f"{plain.address}/x.whl"
    for server in servers:
        with pytest.raises(BuildError, match="https://"):
            fetch.file(f"{server.address}/x.whl", SHA256, tmp_path / "cache")
    assert plain.asked == []
    assert [*(tmp_path / "cache").glob("*")] == []


def test_sizes_and_questions_follow_no_redirect_to_http(servers: tuple[Any, Any]) -> None:
    secure, plain = servers
    secure.moved[""] = secure.moved["x.whl"] = f"{plain.address}/x.whl"
    assert downloads.size_of(f"{secure.address}/x.whl") is None
    assert not torch_choice.answers(secure.address)
    with pytest.raises(urllib.error.URLError, match="leads on"):
        web.opened(f"{secure.address}/x.whl", 5.0)
    assert plain.asked == []


def test_the_table_of_engines_is_made_over_https_alone(
    servers: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    secure, plain = servers
    monkeypatch.setattr(recipes, "table", lambda client, index: client.get(f"{index}/x.whl").text)
    secure.moved["x.whl"] = f"{plain.address}/x.whl"
    with pytest.raises(BuildError, match="https://"):
        recipes.main(["--check", "--index", secure.address])
    assert plain.asked == []


def test_the_index_of_torch_is_asked_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No package of that name on another index can come in place of PyTorch's."""
    asked: list[list[str]] = []

    def pip(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(fetch.subprocess, "run", pip)
    monkeypatch.setattr(torch_choice, "answers", lambda url: True)
    with pytest.raises(BuildError, match="brought no"):
        fetch.wheels(lock.LINUX, tmp_path)
    for command in asked:
        assert "--require-hashes" in command and "--extra-index-url" not in command
    indexes = [c[c.index("--index-url") + 1] for c in asked if "--index-url" in c]
    assert indexes == [torch_choice.CPU_INDEX]
