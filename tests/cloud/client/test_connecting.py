"""Trying an address and a key before they are saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from spaceport_app.cloud.client import connecting, connection
from spaceport_app.cloud.client.failures import CloudError
from spaceport_app.cloud.client.secrets import VARIABLE, Keys

from .conftest import QUICK
from .service import KEY, Service
from .test_connection import Keyring, ring

__all__ = ["ring"]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cloud.json"
    monkeypatch.setattr(connection, "settings_file", lambda: path)
    return path


def test_what_works_is_saved(ring: Keyring, service: Service, file: Path) -> None:
    found = connecting.connect(Keys(), service.url + "/", f" {KEY}\n", QUICK)
    assert found.kept and found.version == "test" and found.warning is None
    assert connection.endpoint() == service.url
    assert connecting.connect(Keys(), service.url, "", QUICK).kept
    assert KEY not in file.read_text(encoding="utf-8")


def test_what_does_not_work_is_not_saved(ring: Keyring, service: Service, file: Path) -> None:
    for text, code in (("wrong", "wrong_key"), ("", "no_key")):
        with pytest.raises(CloudError) as caught:
            connecting.connect(Keys(), service.url, text, QUICK)
        assert caught.value.code == code
    assert not file.exists() and not ring.kept


def test_a_try_saves_nothing_and_tells_of_a_wrong_clock(
    ring: Keyring, service: Service, file: Path
) -> None:
    service.clock_ahead_s = 7300
    found = connecting.try_out(Keys(), service.url, KEY, QUICK)
    assert found.warning is not None and found.warning.code == "clock_skew"
    assert not file.exists() and not ring.kept


def test_a_key_without_a_keyring_is_held_for_the_session(
    ring: Keyring, service: Service, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring.works = False
    monkeypatch.delenv(VARIABLE, raising=False)
    keys = Keys()
    assert not connecting.connect(keys, service.url, KEY, QUICK).kept
    assert keys.place(service.url) == "session"
