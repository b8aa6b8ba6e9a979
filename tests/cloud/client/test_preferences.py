from __future__ import annotations

from pathlib import Path

import pytest

from spaceport_app.cloud.client import connection, preferences
from spaceport_app.cloud.client.preferences import Preferences


def test_preferences_and_the_address_share_a_file(tmp_path: Path) -> None:
    file = tmp_path / "cloud.json"
    assert preferences.read(file) == Preferences()
    connection.save("https://a.example/prod/", file)
    preferences.save(Preferences(8.0, "a@b.example"), file)
    connection.save("https://c.example/prod", file)
    assert preferences.read(file) == Preferences(8.0, "a@b.example")
    assert preferences.read(file).bytes_a_second == 1_000_000
    assert connection.endpoint(file) == "https://c.example/prod"


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"upload_mbit": -1, "email": 5}', '{"upload_mbit": "x"}']
)
def test_what_cannot_be_understood_counts_as_not_said(tmp_path: Path, text: str) -> None:
    file = tmp_path / "cloud.json"
    file.write_text(text, encoding="utf-8")
    assert preferences.read(file) == Preferences()
    assert connection.endpoint(file) == ""
