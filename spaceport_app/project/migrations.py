"""Older ``project.json`` brought up to date, one schema number at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spaceport_app.project.errors import ProjectError

SCHEMA = 3

Raw = dict[str, Any]


def _to_2(document: Raw) -> Raw:
    """Sources were plain absolute paths; settings knew no excluded photos."""
    sources = [{"path": path, "relative": ""} for path in document["sources"]]
    settings = {**document["settings"], "excluded": []}
    return {**document, "sources": sources, "settings": settings}


def _to_3(document: Raw) -> Raw:
    """Training had a choice of strategies, of which one is left."""
    settings = document["settings"]
    options = {stage: dict(values) for stage, values in settings["options"].items()}
    options.get("train", {}).pop("strategy", None)
    return {**document, "settings": {**settings, "options": options}}


MIGRATIONS: dict[int, Callable[[Raw], Raw]] = {1: _to_2, 2: _to_3}


def migrate(document: Raw, where: str) -> Raw:
    """Return `document` in the schema of this version; `where` names it in messages.

    Raises
    ------
    ProjectError
        ``project_newer`` if a later version wrote it.
    KeyError, TypeError, ValueError
        If it does not hold what its own schema says.
    """
    schema = document["schema"]
    if not isinstance(schema, int) or schema < 1:
        raise ValueError("the schema number makes no sense")
    if schema > SCHEMA:
        raise ProjectError(
            "project_newer",
            f"{where} was written by a newer Spaceport (schema {schema}, known here: {SCHEMA}).",
            "Update Spaceport and open it again.",
        )
    while schema < SCHEMA:
        document = MIGRATIONS[schema](document)
        schema += 1
    return {**document, "schema": SCHEMA}
