"""The record of a job that the worker reads, and whatever else may stand there."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from spaceport_app.cloud.backend.inputs import RECORD, read_record
from spaceport_app.errors import StageError

GOOD: dict[str, Any] = {
    "schema": 1,
    "job": "0" * 26,
    "name": "Meadow",
    "files": [{"name": "a.jpg", "bytes": 4, "sha256": "0" * 64}],
    "settings": {"preset": "preview", "device": "cpu", "options": {"sfm": {}}, "excluded": []},
    "first": "sfm",
    "last": "compression",
    "email": "",
    "source": "",
}


def read(folder: Path, text: str) -> str:
    """Return the code of the refusal, or an empty text."""
    (folder / RECORD).write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        read_record(folder)
    except StageError as error:
        assert error.message.endswith(".") and error.remedy
        return error.code
    return ""


@pytest.mark.parametrize(
    "size", ["1e999", "1" + "0" * 400, "-1", "true", "NaN", '"4"', "[" * 50_000, "null"]
)
def test_sizes_that_are_none_are_a_bad_job(tmp_path: Path, size: str) -> None:
    assert read(tmp_path, json.dumps(GOOD)) == ""
    text = json.dumps(GOOD).replace('"bytes": 4', f'"bytes": {size}')
    assert read(tmp_path, text) == "bad_job"


def test_whatever_stands_there_is_a_job_or_a_bad_one(tmp_path: Path) -> None:
    chance = random.Random(7)
    odd: list[Any] = [None, True, -1, 10**300, 0.5, "", "\ud800", "../x", [], {}, [[]], {"a": 1}]
    for _ in range(300):
        made = copy.deepcopy(GOOD)
        holder: Any = chance.choice([made, made["settings"], made["files"][0]])
        holder[chance.choice(list(holder))] = chance.choice(odd)
        assert read(tmp_path, json.dumps(made)) in ("", "bad_job", "bad_name")
    text = json.dumps(GOOD)
    for _ in range(200):
        at = chance.randrange(len(text))
        broken = text[:at] + chance.choice(["", "1e999", "\x00", "é", '"', "{"]) + text[at + 1 :]
        assert read(tmp_path, broken) in ("", "bad_job", "bad_name")
