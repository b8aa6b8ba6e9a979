"""Asking for updates: what is asked, what counts as an answer, and one sentence for the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from spaceport_app import __version__, shipped, updates
from spaceport_app.errors import StageError
from spaceport_app.updates import Release

WHERE = "https://updates.example/latest.json"
PAGE = "https://updates.example/page"


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.MockTransport:
    return httpx.MockTransport(answer)


def answer(**fields: object) -> httpx.MockTransport:
    body = {"version": "9.0.0", "page": PAGE, **fields}
    return answering(lambda request: httpx.Response(200, json=body))


def code_of(transport: httpx.MockTransport) -> str:
    with pytest.raises(StageError) as caught:
        updates.ask(WHERE, transport)
    assert "updates.example" in caught.value.message and caught.value.remedy
    return caught.value.code


def test_a_newer_version_is_told() -> None:
    found = updates.ask(WHERE, answer(published="2026-11-24", summary=" Flies\nbetter. "))
    assert found == Release("9.0.0", PAGE, "2026-11-24", "Flies better.")
    assert found.newer


@pytest.mark.parametrize("version", [__version__, "0.0.9"])
def test_the_same_and_an_older_version_are_not_newer(version: str) -> None:
    assert not updates.ask(WHERE, answer(version=version)).newer


def test_numbers_are_compared_as_numbers() -> None:
    assert Release("0.10.0", PAGE).newer and not Release("0.0.99", PAGE).newer


def test_one_request_says_the_version_and_nothing_else() -> None:
    seen: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"version": "9.0.0", "page": PAGE})

    updates.ask(WHERE, answering(reply))
    (request,) = seen
    assert request.method == "GET" and not request.content and not request.url.query
    assert request.headers["user-agent"] == f"Spaceport/{__version__}"
    assert "cookie" not in request.headers


def test_no_connection_is_one_sentence() -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route to host", request=request)

    assert code_of(answering(unreachable)) == "updates_offline"


def test_a_refusal_names_its_status() -> None:
    assert code_of(answering(lambda request: httpx.Response(503))) == "updates_refused"


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Please sign in</html>",
        b"[]",
        b'{"version": "nine", "page": "https://a.example"}',
        b'{"version": "9.0.0", "page": "http://a.example"}',
        b'{"version": "9.0.0", "page": "file:///etc/passwd"}',
        b'{"version": "9.0.0"}',
        b'{"version": "' + b"9" * 5000 + b'.0.0", "page": "https://a.example"}',
        b'{"version": "9.0.0", "page": "https://a.example", "build": 1e999}',
        b'{"version": "9.0.0", "page": "https://a.example", "x": "' + b"x" * 70_000 + b'"}',
    ],
)
def test_what_is_no_answer_is_told(body: bytes) -> None:
    sent = answering(lambda request: httpx.Response(200, content=body))
    assert code_of(sent) == "updates_unreadable"


def test_a_redirect_is_followed_to_a_safe_address_only() -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/latest.json":
            return httpx.Response(302, headers={"location": "/elsewhere"})
        return httpx.Response(200, json={"version": "9.0.0", "page": PAGE})

    assert updates.ask(WHERE, answering(reply)).newer

    def unsafe(request: httpx.Request) -> httpx.Response:
        assert request.url.scheme == "https"
        return httpx.Response(302, headers={"location": "http://updates.example/x"})

    assert code_of(answering(unsafe)) == "updates_offline"


def test_redirects_without_end_are_given_up() -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"location": "/latest.json"})

    assert code_of(answering(reply)) == "updates_offline"


class TestAddress:
    @pytest.fixture(autouse=True)
    def _no_variable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(updates.VARIABLE, raising=False)

    def test_a_copy_that_no_release_made_knows_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shipped, "release", dict)
        with pytest.raises(StageError) as caught:
            updates.address()
        assert caught.value.code == "updates_no_address"

    def test_the_release_names_it_and_the_variable_comes_first(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shipped, "_FOLDER", tmp_path)
        (tmp_path / shipped.RELEASE).write_text(json.dumps({"updates": WHERE}), encoding="utf-8")
        assert updates.address() == WHERE
        monkeypatch.setenv(updates.VARIABLE, "http://localhost:8000/latest.json")
        assert updates.address() == "http://localhost:8000/latest.json"

    @pytest.mark.parametrize("where", ["http://a.example/x", "ftp://a.example", "a.example", "["])
    def test_only_https_will_do(self, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(updates.VARIABLE, where)
        with pytest.raises(StageError) as caught:
            updates.address()
        assert caught.value.code == "updates_unsafe_address"

    @pytest.mark.parametrize("text", ["", "{", "[]", "\udcff"])
    def test_a_damaged_release_file_counts_as_none(
        self, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shipped, "_FOLDER", tmp_path)
        (tmp_path / shipped.RELEASE).write_text(text, encoding="utf-8", errors="surrogateescape")
        assert shipped.release() == {}
