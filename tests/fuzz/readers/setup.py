"""The GPU engine and updates: tables, records and answers of other computers."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import httpx

from spaceport_app import installed_engine, updates
from spaceport_app.engine_setup import child, recipes, testing

from ..reader import Reader

_ENGINE = {
    "schema": installed_engine.SCHEMA,
    "python": installed_engine.python_tag(),
    "versions": {"torch": "2.4", "gsplat": "1.5"},
    "installed_bytes": 5_000,
    "files": {"site/a.py": 5},
}


def _tables(folder: Path) -> Sequence[bytes]:
    whole = resources.files("spaceport_app.engine_setup").joinpath("recipes.json").read_bytes()
    found = json.loads(whole)
    for recipe in found["recipes"]:
        recipe["files"] = recipe["files"][:2]
    return [json.dumps(found).encode()]


def _table(data: bytes, folder: Path) -> object:
    path = folder / "recipes.json"
    path.write_bytes(data)
    found = recipes.read(path)
    return [(recipe.words, [package.file for package in recipe.packages]) for recipe in found]


def _engines(folder: Path) -> Sequence[bytes]:
    return [json.dumps(_ENGINE).encode()]


def _engine(data: bytes, folder: Path) -> object:
    (folder / installed_engine.ABOUT).write_bytes(data)
    return installed_engine.look(folder).words


def _actives(folder: Path) -> Sequence[bytes]:
    return [json.dumps({"active": "a", "previous": "b"}).encode()]


def _active(data: bytes, folder: Path) -> object:
    (folder / installed_engine.RECORD).write_bytes(data)
    return installed_engine.record(folder), installed_engine.current(folder)


def _releases(folder: Path) -> Sequence[bytes]:
    told = {
        "version": "99.1.2",
        "page": "https://example.com/x",
        "published": "2026-01-01",
        "summary": "New things.",
    }
    return [json.dumps(told).encode()]


def _release(data: bytes, folder: Path) -> object:
    transport = httpx.MockTransport(lambda asked: httpx.Response(200, content=data))
    found = updates.ask("https://example.com/latest.json", transport)
    return found.newer


def _said(folder: Path) -> Sequence[bytes]:
    step = {"step": "Rendering", "done": 1, "total": 2}
    return [json.dumps(one).encode() for one in (step, {"result": {"psnr_db": 20.0}})]


def _tested(data: bytes, folder: Path) -> object:
    """Have the self-test of an engine say this."""

    def run(command: Any, cancel: Any, take: Any, *more: Any, **most: Any) -> Any:
        for line in data.decode("utf-8", "replace").splitlines():
            take(line)
        return child.Ended(0, "") if hasattr(child, "Ended") else _ENDED

    original = child.run
    child.run = run
    try:
        recipe = recipes.read()[0]
        return testing.test(recipe, folder, threading.Event(), lambda event: None)
    finally:
        child.run = original


class _Ended:
    status = 0
    errors = ""
    tail = ""
    output = ""


_ENDED = _Ended()

READERS = (
    Reader("recipes.json", _tables, _table, "json", ("engine_setup/recipes.py",)),
    Reader("engine.json", _engines, _engine, "json", ("installed_engine.py",)),
    Reader("active.json", _actives, _active, "json", ("installed_engine.py",)),
    Reader("latest.json", _releases, _release, "json", ("updates.py",)),
    Reader("words of the self-test", _said, _tested, "json", ("engine_setup/testing.py",)),
)
