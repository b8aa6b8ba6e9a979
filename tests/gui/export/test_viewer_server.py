from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from spaceport_app.gui.export.viewer_server import ViewerServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ViewerServer]:
    splats = tmp_path / "ä b.sog"
    splats.write_bytes(b"splats")
    server = ViewerServer(splats, "Farm <1>", ((1.0, 2.0, 3.0), (0.0, 0.0, 0.0)))
    yield server
    server.close()


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read()


def status(server: ViewerServer, path: str, host: str | None = None) -> int:
    place = urlsplit(server.url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=5)
    connection.request("GET", path, headers={"Host": host} if host else {})
    try:
        return connection.getresponse().status
    finally:
        connection.close()


def test_serves_viewer_splats_and_first_view(server: ViewerServer) -> None:
    page = get(server.url).decode()
    assert "<title>Farm &lt;1></title>" in page
    assert '"contentUrl": "./scene.sog"' in page
    assert get(f"{server.url}scene.sog") == b"splats"
    assert b"createViewer" in get(f"{server.url}index.js")
    settings = json.loads(get(f"{server.url}settings.json"))
    assert settings["cameras"][0]["initial"]["position"] == [1.0, 2.0, 3.0]


def test_serves_nothing_else_and_to_nobody_else(server: ViewerServer) -> None:
    path = urlsplit(server.url).path
    assert status(server, path) == 200
    assert status(server, "/") == 404
    assert status(server, "/wrong-token/index.html") == 404
    assert status(server, f"{path}../../../etc/passwd") == 404
    assert status(server, f"{path}LICENSE") == 404
    # A page elsewhere whose name is made to point here must not read the splat.
    assert status(server, path, host="evil.example:80") == 404


def test_listens_on_this_computer_alone_and_ends(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "meta.json").write_text("{}")
    server = ViewerServer(bundle, "x")
    assert server.url.startswith("http://127.0.0.1:")
    assert '"contentUrl": "./meta.json"' in get(server.url).decode()
    assert get(f"{server.url}meta.json") == b"{}"
    server.close()
    with pytest.raises(urllib.error.URLError):
        get(server.url)
