"""Files of the person's own settings: damaged ones count as missing, or are named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from spaceport_app.cloud.client import connection, preferences, prices
from spaceport_app.gui.start.recent import RecentProjects

from ..reader import Reader


def _lists(folder: Path) -> Sequence[bytes]:
    return [json.dumps(["/home/a/x.spaceport", "/home/a/y.spaceport"]).encode()]


def _recent(data: bytes, folder: Path) -> object:
    path = folder / "recent.json"
    path.write_bytes(data)
    found = RecentProjects(path)
    return found.folders(), found.add(folder), found.remove(folder)


def _settings(folder: Path) -> Sequence[bytes]:
    told = {"endpoint": "https://x.example.com/prod", "upload_mbit": 5.0, "email": "a@example.com"}
    return [json.dumps(told).encode()]


def _setting(data: bytes, folder: Path) -> object:
    path = folder / "cloud.json"
    path.write_bytes(data)
    return preferences.read(path).bytes_a_second, connection.endpoint(path)


def _tables(folder: Path) -> Sequence[bytes]:
    path = folder / "prices.json"
    path.write_text(json.dumps(prices._as_json(prices.ours())), encoding="utf-8")
    return [path.read_bytes()]


def _table(data: bytes, folder: Path) -> object:
    path = folder / "prices.json"
    path.write_bytes(data)
    found = prices.read(path)
    return found.source, [found.offered(step) for step in ("sfm", "3dgs", "compression")]


READERS = (
    Reader("recent projects", _lists, _recent, "json", ("gui/start/recent.py",)),
    Reader(
        "cloud.json",
        _settings,
        _setting,
        "json",
        ("cloud/client/connection.py", "cloud/client/preferences.py"),
    ),
    Reader("prices.json", _tables, _table, "json", ("cloud/client/prices.py",)),
)
