"""A project of somebody else on the command line: its places need a word of whoever runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .doors import Spaceport


@pytest.fixture
def received(real_spaceport: Spaceport, tmp_path: Path) -> Path:
    """A project with the photos of this computer, as somebody else may have written it."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "a.jpg").write_bytes(b"no photo")
    folder = tmp_path / "in" / "theirs.spaceport"
    folder.mkdir(parents=True)
    real_spaceport.environment["XDG_STATE_HOME"] = str(tmp_path / "state")
    document = {
        "schema": json.loads(_newest())["schema"],
        "name": "theirs",
        "created": "2026-01-02T03:04:05+00:00",
        "sources": [{"path": str(secret), "relative": ""}],
        "settings": {"preset": "preview", "device": "cpu", "options": {}, "excluded": []},
        "stages": {},
    }
    (folder / "project.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def _newest() -> str:
    files = sorted((Path(__file__).parents[1] / "project" / "fixtures").glob("schema-*.json"))
    return files[-1].read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [("run", "-o"), ("stage", "import")])
def test_a_place_that_nobody_agreed_to_is_refused(
    words: tuple[str, str], real_spaceport: Spaceport, received: Path
) -> None:
    ended = real_spaceport(*words, received)
    assert ended.code == 3
    assert f"lie in {received.parents[1] / 'secret'}" in ended.err
    assert "--trust-sources" in ended.err
    as_json = real_spaceport(*words, received, "--json")
    assert as_json.lines[-1]["error"]["code"] == "photos_elsewhere"
    assert not (received / "photos").exists()


def test_a_word_is_enough_and_is_remembered(real_spaceport: Spaceport, received: Path) -> None:
    first = real_spaceport("run", "-o", received, "--trust-sources", "--json")
    assert first.lines[-1]["error"]["code"] == "no_usable_photos" or first.code == 1
    assert "photos_elsewhere" not in first.out
    again = real_spaceport("run", "-o", received, "--json")
    assert "photos_elsewhere" not in again.out
    assert list((received.parents[1] / "state").iterdir())


def test_who_names_the_photos_has_agreed(real_spaceport: Spaceport, received: Path) -> None:
    ended = real_spaceport("run", received.parents[1] / "secret", "-o", received, "--json")
    assert "photos_elsewhere" not in ended.out and ended.code == 1


def test_status_says_so_and_looks_at_nothing(real_spaceport: Spaceport, received: Path) -> None:
    ended = real_spaceport("status", received)
    assert ended.code == 0 and "Nobody has agreed to look there" in ended.out
    found = real_spaceport("status", received, "--json").json
    assert found["photos_not_looked_at"] == [str(received.parents[1] / "secret")]
