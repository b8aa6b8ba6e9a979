from __future__ import annotations

import ast
import errno
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pytest
from msgspec import Meta

from spaceport_app.errors import StageError
from spaceport_app.records import MOST_BYTES, RecordError, RecordFile, decode, fitting


@dataclass(frozen=True)
class Place:
    latitude: float
    names: tuple[str, ...] = ()
    count: int = 0
    path: Path = Path("x")


FILE = RecordFile(Place, "bad_place", "Make it again.", schema=3)


def test_what_fits_is_read_and_unknown_fields_are_left_out() -> None:
    found = decode(b'{"latitude": 1, "names": ["a"], "count": 3, "path": "b/c", "new": 1}', Place)
    assert found == Place(1.0, ("a",), 3, Path("b/c"))


def test_names_that_are_no_unicode_come_back_as_they_were() -> None:
    name = os.fsdecode(b"\xff.jpg")
    assert decode(json.dumps({"latitude": 0, "names": [name]}), Place).names == (name,)


@pytest.mark.parametrize(
    "text",
    [
        b'{"latitude": 1e999}',
        b'{"latitude": 1' + b"0" * 400 + b"}",
        b'{"latitude": 0, "count": 1' + b"0" * 5000 + b"}",
        b'{"latitude": 0, "count": 9223372036854775808}',
        b'{"latitude": NaN}',
        b'{"latitude": 0, "more": 1e999}',
        b'{"latitude": "1"}',
        b'{"latitude": true}',
        b'{"latitude": 0, "count": 1.5}',
        b'{"latitude": 0, "names": "ab"}',
        b'{"latitude": null}',
        b"{}",
        b"[]",
        b"null",
        b"",
        b"\xff\xfe",
        b'{"latitude": 0',
        b"[" * 200_000,
        b'{"latitude": 0, "deep": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
    ],
)
def test_what_does_not_fit_is_refused_with_a_reason(text: bytes) -> None:
    with pytest.raises(RecordError) as caught:
        decode(text, Place)
    assert 0 < len(str(caught.value)) <= 160


def test_a_text_that_is_no_unicode_is_refused_where_its_letters_count() -> None:
    kind = dict[str, Annotated[str, Meta(pattern="^a", max_length=5)]]
    with pytest.raises(RecordError):
        decode(b'{"a": "\\ud800"}', kind)


def test_a_refusal_names_the_file_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "place.json"
    for text in (b'{"schema": 3, "latitude": []}', b"{", b'{"latitude": 1}', b'{"schema": 0}'):
        path.write_bytes(text)
        with pytest.raises(StageError) as caught:
            FILE.read(path)
        assert caught.value.code == "bad_place"
        assert "place.json is damaged" in caught.value.message
        assert caught.value.remedy == "Make it again."


def test_a_newer_file_is_not_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "place.json"
    path.write_bytes(b'{"schema": 4, "latitude": []}')
    with pytest.raises(StageError, match="written by a newer Spaceport"):
        FILE.read(path)


def test_no_file_is_not_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FILE.read(tmp_path / "place.json")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_in_the_place_of_a_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "place.json")
    with pytest.raises(StageError, match="no regular file"):
        FILE.read(tmp_path / "place.json")


def test_a_file_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "place.json"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(StageError, match="larger than"):
        FILE.read(path)


@dataclass(frozen=True)
class Told:
    count: int | None = None
    names: tuple[str, ...] = ()


def test_of_a_report_what_fits_is_told_and_the_rest_is_unknown() -> None:
    assert fitting({"count": 3, "names": ["a", 1], "more": 5}, Told) == Told(3)
    assert fitting({"count": True, "names": ["a"]}, Told) == Told(None, ("a",))
    for odd in (None, [], "x", 3, {}):
        assert fitting(odd, Told) == Told()


def test_a_path_that_is_no_text_is_refused() -> None:
    for odd in (None, 3, [], {}):
        with pytest.raises(RecordError):
            decode(json.dumps({"latitude": 0, "path": odd}), Place)


def test_a_refusal_says_where_and_repeats_nothing_of_the_file() -> None:
    with pytest.raises(RecordError) as caught:
        decode('{"latitude": 0, "names": ["a", "b", 3]}', Place)
    assert str(caught.value) == "names[2]: expected str, got int"
    with pytest.raises(RecordError) as caught:
        decode('["<b>odd</b>"]', tuple[Literal["left", "right"], ...])
    assert "odd" not in str(caught.value)


_ROOT = Path(__file__).parents[1] / "spaceport_app"
# They run on AWS with nothing but the standard library, and have a reader of their own.
_OWN_READERS = ("cloud/backend/api/", "cloud/backend/mail/", "cloud/wire.py")


def test_nobody_else_parses_json() -> None:
    others = []
    for path in sorted(_ROOT.rglob("*.py")):
        name = path.relative_to(_ROOT).as_posix()
        if name == "records.py" or name.startswith(_OWN_READERS):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            function = node.func if isinstance(node, ast.Call) else node
            if isinstance(function, ast.Attribute) and function.attr in ("loads", "load"):
                whose = function.value
                if isinstance(whose, ast.Name) and whose.id in ("json", "orjson", "pickle"):
                    others.append(f"{name}:{node.lineno}")
            if isinstance(node, ast.ImportFrom) and node.module in ("json", "json.decoder"):
                others.append(f"{name}:{node.lineno}")
    assert others == []


def test_what_the_system_does_not_give_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "place.json"
    path.write_bytes(b'{"schema": 3, "latitude": 1}')
    for number in (errno.EMFILE, errno.EACCES, errno.EIO, errno.ESTALE):

        def refuse(*_: object, failure: int = number, **__: object) -> bytes:
            raise OSError(failure, os.strerror(failure))

        with monkeypatch.context() as patch:
            patch.setattr("spaceport_app.inside.read_regular", refuse)
            with pytest.raises(StageError) as caught:
                FILE.read(path)
        assert caught.value.code == "file_error"
        assert os.strerror(number) in caught.value.message
        assert caught.value.remedy != "Make it again."
