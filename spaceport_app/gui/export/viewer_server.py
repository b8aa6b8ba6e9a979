"""The splat in the browser: a server on this computer alone, with the viewer that ships along."""

from __future__ import annotations

import json
import logging
import mimetypes
import secrets
import shutil
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from spaceport_app.gui import resources

_VIEWER = ("index.html", "index.css", "index.js")
_NO_BOOTSTRAP = "null\n        </script>"

_log = logging.getLogger(__name__)

Camera = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Where the camera stands and what it looks at, in the axes of the viewer."""


class ViewerServer:
    """Serves one splat at a secret address on the loopback interface until it is closed.

    Other users and web pages of this computer don't know the address, and requests under
    another host name are turned away.

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
    """

    def __init__(self, splats: Path, title: str, camera: Camera | None = None) -> None:
        token = secrets.token_urlsafe(12)
        files = {name: resources.path("viewer", name) for name in _VIEWER[1:]}
        if splats.is_dir():
            files |= {path.name: path for path in splats.iterdir() if path.is_file()}
            content = "meta.json"
        else:
            content = f"scene{splats.suffix}"
            files[content] = splats
        pages = {
            "index.html": _page(title, content).encode(),
            "settings.json": json.dumps(settings(camera)).encode(),
        }
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(token, files, pages))
        self._server.daemon_threads = True
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


def _handler(
    token: str, files: Mapping[str, Path], pages: Mapping[str, bytes]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            host = (self.headers.get("Host") or "").partition(":")[0]
            path = self.path.partition("?")[0]
            prefix = f"/{token}/"
            if host not in ("127.0.0.1", "localhost") or not path.startswith(prefix):
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            name = path.removeprefix(prefix) or "index.html"
            if name in pages:
                self._head(name, len(pages[name]))
                self.wfile.write(pages[name])
                return
            # Only names of the table are served, so no path can lead out of it.
            file = files.get(name)
            if file is None:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            try:
                with file.open("rb") as stream:
                    self._head(name, file.stat().st_size)
                    shutil.copyfileobj(stream, self.wfile)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            except OSError as error:
                _log.warning("the viewer cannot have %s: %s", name, error)
                self.close_connection = True

        def _head(self, name: str, length: int) -> None:
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            if name.endswith(".js"):
                kind = "text/javascript"
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(length))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            _log.debug(format, *args)

    return Handler
