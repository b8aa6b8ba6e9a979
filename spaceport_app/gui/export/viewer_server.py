"""The splat in the browser: a server on this computer alone, with the viewer that ships along."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import re
import secrets
import shutil
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from socket import socket
from typing import Any

from spaceport_app import inside
from spaceport_app.gui import resources
from spaceport_app.gui.export import loopback
from spaceport_app.sogs import file as bundles
from spaceport_app.sogs.bundle import META, parse_meta

_VIEWER = ("index.css", "index.js")
_NO_BOOTSTRAP = "null\n        </script>"
_INLINE = re.compile(r'<(script type="module"|style)>(.*?)</', re.DOTALL)
_HANDLER = "event.stopPropagation()"
"""The one kind of handler that the viewer writes into its elements."""
# Not of `mimetypes`: what it says depends on the computer, and a browser is held to it.
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webp": "image/webp",
}
_SCENES = (".sog", ".ply")

_log = logging.getLogger(__name__)

Camera = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Where the camera stands and what it looks at, in the axes of the viewer."""


class ViewerServer:
    """Serves one splat at a secret address on the loopback interface until it is closed.

    Web pages don't know the address, and requests under another host name are turned away. Other
    users of this computer may read the address in the command line of the browser; on Linux, where
    they can, their connections are turned away.

    Only the viewer's own files are served, and of the splat's what a splat consists of, if it is a
    file and no link. The browser is told to run and to ask for nothing else.

    Parameters
    ----------
    splats : Path
        A .sog file or the folder of a bundle.
    title : str
        Title of the page.
    camera : Camera, optional
        The first view; the viewer's own choice by default.

    Raises
    ------
    OSError
        If no port can be had.
    StageError
        ``bad_bundle`` if a bundle's meta.json cannot be read.
    """

    def __init__(self, splats: Path, title: str, camera: Camera | None = None) -> None:
        token = secrets.token_urlsafe(12)
        pages = {"settings.json": json.dumps(settings(camera)).encode()}
        files: dict[str, Path] = {}
        if splats.is_dir():
            content = META
            pages[META] = bundles.open_bundle(splats)(META)
            for name in bundles.texture_names(parse_meta(pages[META])):
                files[name] = splats / name
        else:
            content = f"scene{splats.suffix if splats.suffix in _SCENES else ''}"
            files[content] = splats
        page = _page(title, content)
        # Last, so that nothing of a project can take their place.
        pages["index.html"] = page.encode("utf-8", "replace")
        pages |= {name: resources.path("viewer", name).read_bytes() for name in _VIEWER}
        self._server = _Server(("127.0.0.1", 0), _handler(token, files, pages, _policy(page)))
        self.url = f"http://127.0.0.1:{self._server.server_port}/{token}/"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="viewer", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def settings(camera: Camera | None) -> dict[str, object]:
    """Return the settings that the viewer reads: colours as trained, no effects."""
    off: dict[str, object] = {
        "sharpness": {"enabled": False, "amount": 0},
        "bloom": {"enabled": False, "intensity": 0.1, "blurLevel": 2},
        "grading": {
            "enabled": False,
            "brightness": 1,
            "contrast": 1,
            "saturation": 1,
            "tint": [1, 1, 1],
        },
        "vignette": {
            "enabled": False,
            "intensity": 0.5,
            "inner": 0.3,
            "outer": 0.75,
            "curvature": 1,
        },
        "fringing": {"enabled": False, "intensity": 0.5},
    }
    cameras = []
    if camera is not None:
        position, target = camera
        cameras = [{"initial": {"position": position, "target": target, "fov": 60}}]
    return {
        "version": 2,
        "tonemapping": "none",
        "highPrecisionRendering": False,
        "background": {"color": [0.08, 0.09, 0.1]},
        "postEffectSettings": off,
        "animTracks": [],
        "cameras": cameras,
        "annotations": [],
        "startMode": "default",
    }


def _page(title: str, content: str) -> str:
    page = resources.path("viewer", "index.html").read_text(encoding="utf-8")
    bootstrap = json.dumps({"contentUrl": f"./{content}", "settingsUrl": "./settings.json"})
    if _NO_BOOTSTRAP not in page:
        raise RuntimeError("the viewer's page has no place for its settings")
    plain = title.replace("&", "&amp;").replace("<", "&lt;")
    page = page.replace("<title>SuperSplat Viewer</title>", f"<title>{plain}</title>")
    return page.replace(_NO_BOOTSTRAP, f"{bootstrap}\n        </script>", 1)


def _policy(page: str) -> str:
    """Return what the browser may do with the page: what the viewer needs, and nothing else.

    The viewer sorts in a worker that it makes of its own text, and keeps pictures in memory.
    """
    shown: dict[str, list[str]] = {"script": [], "style": []}
    for tag, text in _INLINE.findall(page):
        shown[tag.split()[0]].append(_hash(text))
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' {' '.join(shown['script'])}",
            f"script-src-attr 'unsafe-hashes' {_hash(_HANDLER)}",
            f"style-src 'self' {' '.join(shown['style'])}",
            "img-src 'self' blob:",
            "connect-src 'self' blob:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def verify_request(self, request: Any, client_address: Any) -> bool:
        assert isinstance(request, socket)
        if loopback.is_of_another_user(client_address, request.getsockname()):
            _log.warning("another user of this computer asked for the splat in the browser")
            return False
        return True


def _handler(
    token: str, files: Mapping[str, Path], pages: Mapping[str, bytes], policy: str
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version, sys_version = "Spaceport", ""

        def do_GET(self) -> None:
            host = (self.headers.get("Host") or "").partition(":")[0]
            path = self.path.partition("?")[0]
            prefix = f"/{token}/"
            if host not in ("127.0.0.1", "localhost") or not path.startswith(prefix):
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            name = path.removeprefix(prefix) or "index.html"
            # Only names of the tables are served, so no path can lead out of them.
            if name in pages:
                self._head(name, len(pages[name]))
                self.wfile.write(pages[name])
            elif name in files:
                self._send(name, files[name])
            else:
                self.send_error(HTTPStatus.NOT_FOUND)

        def end_headers(self) -> None:
            for field, value in (
                ("Content-Security-Policy", policy),
                ("X-Content-Type-Options", "nosniff"),
                ("Referrer-Policy", "no-referrer"),
                ("Cross-Origin-Resource-Policy", "same-origin"),
                ("Cross-Origin-Opener-Policy", "same-origin"),
                ("Cache-Control", "no-store"),
            ):
                self.send_header(field, value)
            super().end_headers()

        def _send(self, name: str, path: Path) -> None:
            try:
                stream = inside.open_regular(path, follow=False)
            except (OSError, inside.OutsideError) as error:
                _log.warning("the viewer cannot have %s: %s", name, error)
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            try:
                with stream:
                    self._head(name, os.fstat(stream.fileno()).st_size)
                    shutil.copyfileobj(stream, self.wfile)
            except OSError as error:
                _log.info("the viewer did not get all of %s: %s", name, error)
                self.close_connection = True

        def _head(self, name: str, length: int) -> None:
            kind = _KINDS.get(PurePosixPath(name).suffix, "application/octet-stream")
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(length))
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            _log.debug(format, *args)

    return Handler
