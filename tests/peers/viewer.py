"""A splat in the PlayCanvas SuperSplat viewer, as a browser without a graphics card shows it.

Serves the viewer's own files and the splat on the loopback interface, opens them in headless
Chromium and receives the frame that the viewer drew.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

VIEWER = Path(__file__).parent / "node_modules" / "@playcanvas" / "supersplat-viewer" / "public"
CHROMIUM_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--use-gl=angle",
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-quic", "--no-first-run",
)  # fmt: skip

PAGE = """<!doctype html><html><head><meta charset="utf-8">
<link rel="stylesheet" href="./index.css">
<style>html, body {{ height: 100%; margin: 0; overflow: hidden }}</style></head><body>
<script type="module">
const send = (body) => fetch('/captured', {{ method: 'POST', body: JSON.stringify(body) }});
window.addEventListener('unhandledrejection', (e) => send({{ error: String(e.reason) }}));
window.addEventListener('error', (e) => send({{ error: String(e.message) }}));
try {{
    const {{ createViewer }} = await import('./index.js');
    const viewer = await createViewer({{
        container: document.body, settings: {settings}, contentUrl: {content},
        contents: fetch({content}), renderer: 'webgl', ui: false, noanim: true,
    }});
    const capture = async () => {{
        const size = {{ width: {width}, height: {height}, supersample: 1 }};
        const frame = await viewer.captureFrame(size);
        const splats = viewer.app.root.findComponents('gsplat');
        const count = splats.reduce((n, s) => n + (s.asset?.resource?.numSplats
            ?? s.resource?.numSplats ?? s.instance?.resource?.numSplats ?? 0), 0);
        await send({{ ...frame, count }});
    }};
    if (viewer.state.loaded) await capture();
    else viewer.events.once('loaded:changed', capture);
}} catch (e) {{ send({{ error: String(e.stack ?? e) }}); }}
</script></body></html>"""


@dataclass(frozen=True)
class Frame:
    """What the viewer drew, RGBA 8 bit (height, width, 4), and how many Gaussians it holds."""

    image: npt.NDArray[np.uint8]
    count: int


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *args: Any, got: dict[str, Any], done: threading.Event, **kw: Any) -> None:
        self.got = got
        self.done = done
        super().__init__(*args, **kw)

    def do_POST(self) -> None:
        self.got.update(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()
        self.done.set()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def available() -> str | None:
    """Return what is missing to run the viewer, or None."""
    if shutil.which("chromium") is None:
        return "Chromium is not installed"
    if not VIEWER.is_dir():
        return "the viewer is not installed in tests/peers (npm install)"
    return None


def capture(
    splat: Path,
    position: tuple[float, float, float],
    target: tuple[float, float, float],
    fov: float = 60.0,
    size: tuple[int, int] = (960, 540),
    timeout_s: float = 120.0,
) -> Frame:
    """Show `splat` (.sog or .ply file, or a bundle's folder) and return the frame.

    `position` and `target` are in the viewer's frame: the file's turned by 180 degrees about z.

    Raises
    ------
    RuntimeError
        If the viewer reports an error or draws nothing in time.
    """
    settings = {
        "version": 2, "tonemapping": "none", "highPrecisionRendering": False,
        "background": {"color": [1, 1, 1]}, "animTracks": [], "annotations": [],
        "postEffectSettings": {
            "sharpness": {"enabled": False, "amount": 0},
            "bloom": {"enabled": False, "intensity": 0.1, "blurLevel": 2},
            "grading": {"enabled": False, "brightness": 1, "contrast": 1, "saturation": 1,
                        "tint": [1, 1, 1]},
            "vignette": {"enabled": False, "intensity": 0.5, "inner": 0.3, "outer": 0.75,
                         "curvature": 1},
            "fringing": {"enabled": False, "intensity": 0.5},
        },
        "cameras": [{"initial": {"position": position, "target": target, "fov": fov}}],
        "startMode": "default",
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        for name in ("index.css", "index.js"):
            shutil.copy(VIEWER / name, site / name)
        if splat.is_dir():
            shutil.copytree(splat, site / "bundle")
            content = "./bundle/meta.json"
        else:
            content = f"./scene{splat.suffix}"
            shutil.copy(splat, site / content)
        page = PAGE.format(
            settings=json.dumps(settings), content=json.dumps(content),
            width=size[0], height=size[1],
        )  # fmt: skip
        (site / "index.html").write_text(page, encoding="utf-8")
        return _run(site, size, timeout_s)


def _run(site: Path, size: tuple[int, int], timeout_s: float) -> Frame:
    got: dict[str, Any] = {}
    done = threading.Event()
    handler = partial(_Handler, directory=str(site), got=got, done=done)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = subprocess.Popen(
            ["chromium", *CHROMIUM_FLAGS, f"--user-data-dir={profile}",
             f"--window-size={size[0]},{size[1]}", f"http://127.0.0.1:{server.server_port}/"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            if not done.wait(timeout_s):
                raise RuntimeError(f"the viewer drew nothing in {timeout_s:g} s")
        finally:
            browser.kill()
            browser.wait()
            server.shutdown()
            server.server_close()
    if "error" in got:
        raise RuntimeError(got["error"])
    pixels = np.frombuffer(base64.b64decode(got["data"]), np.uint8)
    return Frame(pixels.reshape(got["height"], got["width"], 4), int(got["count"]))
