"""A package index of the test's own: small real wheels, and a server that fails as networks do."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import ssl
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from spaceport_app.engine_setup.recipes import this_system
from spaceport_app.installed_engine import python_tag

PAYLOAD = "spaceport_test_payload"


def wheel(
    name: str = PAYLOAD, version: str = "1.0", files: dict[str, bytes] | None = None
) -> bytes:
    """A wheel that installers accept: metadata, tags, and a record of every file."""
    info = f"{name}-{version}.dist-info"
    held = {f"{name}/__init__.py": f"VERSION = {version!r}\n".encode()} if files is None else files
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    held = {
        **held,
        f"{info}/METADATA": about.encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        b"Tag: py3-none-any\n",
    }
    record = "".join(f"{path},{_digest(data)},{len(data)}\n" for path, data in held.items())
    held[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for path, data in held.items():
            file.writestr(zipfile.ZipInfo(path), data)
    return out.getvalue()


def _digest(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    return f"sha256={digest}"


def large(name: str, kilobytes: int, version: str = "1.0") -> bytes:
    """A wheel of about so many kB that no compression makes smaller."""
    noise = hashlib.shake_256(name.encode()).digest(kilobytes * 1000)
    code = f"VERSION = {version!r}\n".encode()
    return wheel(name, version, {f"{name}/__init__.py": code, f"{name}/kernels.so": noise})


@dataclass
class Server:
    """Gives files out; `before_block` may break the answer, `status` refuses it."""

    files: dict[str, bytes] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and range of every request."""
    logins: list[str] = field(default_factory=list)
    """What requests said to this server as their proxy."""
    before_block: Callable[[str, int], bool] = lambda path, sent: True
    """Called with path and bytes sent before each block; False drops the connection."""
    ranges: bool = True
    address: str = ""
    certificate: Path | None = None
    """With it (and its key in the same file) the server speaks https."""
    moved: dict[str, str] = field(default_factory=dict)
    """To which address requests for a file are sent on."""

    def __enter__(self) -> Server:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.answer(self)

            def do_CONNECT(self) -> None:
                server.asked.append((self.path, "CONNECT"))
                self.send_response_only(server.status.get("CONNECT", 403), "No")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        scheme = "http"
        if self.certificate is not None:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.address = f"{scheme}://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        name = request.path.rpartition("/")[2]
        wanted = request.headers.get("range", "")
        self.asked.append((name, wanted))
        self.logins.append(request.headers.get("proxy-authorization", ""))
        if name in self.moved:
            request.send_response(302)
            request.send_header("location", self.moved[name])
            request.send_header("content-length", "0")
            request.end_headers()
            return
        status = self.status.get(name, 200 if name in self.files else 404)
        if status != 200:
            request.send_response(status)
            request.send_header("content-length", "0")
            request.end_headers()
            return
        data, start = self.files[name], 0
        match = re.fullmatch(r"bytes=(\d+)-", wanted)
        if match and self.ranges:
            start = int(match[1])
            request.send_response(206)
            request.send_header("content-range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            request.send_response(200)
        request.send_header("content-length", str(len(data) - start))
        request.end_headers()
        try:
            for place in range(start, len(data), 10_000):
                if not self.before_block(name, place):
                    request.close_connection = True
                    return
                request.wfile.write(data[place : place + 10_000])
        except OSError:
            request.close_connection = True


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed, with its key, in one file."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def recipe(
    server: Server,
    wheels: dict[str, bytes],
    *,
    name: str = "test-engine",
    imports: tuple[str, ...] | None = None,
    **changed: Any,
) -> dict[str, Any]:
    """A recipe of these wheels by package name, and the wheels on the server."""
    files = []
    for package, data in wheels.items():
        version = changed.get("version", "1.0")
        file = f"{package}-{version}-py3-none-any.whl"
        server.files[file] = data
        files.append(
            {
                "name": package,
                "version": version,
                "url": f"{server.address}/packages/{file}",
                "bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
            }
        )
    made = {
        "name": name,
        "system": this_system(),
        "python": python_tag(),
        "device": "cpu",
        "versions": {"payload": changed.pop("version", "1.0")},
        "least_driver": "0",
        "least_capability": "0",
        "installed_bytes": 0,
        "imports": list(wheels if imports is None else imports),
        "files": files,
    }
    return made | changed


def table(folder: Path, *recipes: dict[str, Any]) -> Path:
    """A table of recipes as a file."""
    path = folder / "recipes.json"
    path.write_text(json.dumps({"schema": 1, "recipes": list(recipes)}), encoding="utf-8")
    return path
