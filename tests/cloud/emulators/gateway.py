"""API Gateway's REST proxy over real HTTP: keys are checked, events made, answers passed on."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

Function = Callable[[Mapping[str, Any]], Mapping[str, Any]]

FORBIDDEN = b'{"message":"Forbidden"}'


@contextmanager
def served(function: Function, keys: Mapping[str, str]) -> Iterator[str]:
    """Serve a Lambda function behind API keys, and yield its address.

    Parameters
    ----------
    function : callable
        Takes the event, returns the answer.
    keys : mapping
        Value of each API key to its id, which is what the function is told.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Or a body waits 40 ms for the other side to acknowledge the headers before it.
        disable_nagle_algorithm = True

        def _any(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            key = keys.get(self.headers.get("x-api-key", ""))
            if key is None:
                self._send(403, {"Content-Type": "application/json"}, FORBIDDEN)
                return
            answer = function(event_of(self.command, self.path, dict(self.headers), content, key))
            self._send(answer["statusCode"], answer["headers"], answer["body"].encode())

        def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    # The server calls them by these names.
    for method in ("GET", "POST", "PUT", "DELETE"):
        setattr(Handler, f"do_{method}", Handler._any)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def event_of(
    method: str, target: str, headers: Mapping[str, str], content: bytes, key: str
) -> dict[str, Any]:
    """Return the event that a REST API with a ``{proxy+}`` resource makes of a request."""
    parts = urlsplit(target)
    path = unquote(parts.path)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": dict(headers),
        "queryStringParameters": query or None,
        "pathParameters": {"proxy": path.lstrip("/")} if path != "/" else None,
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "stage": "v1",
            "identity": {"apiKeyId": key, "sourceIp": "192.0.2.7"},
        },
        # Bytes that are no text come as such only if the API declares binary types; ours doesn't.
        "body": content.decode(errors="replace") if content else None,
        "isBase64Encoded": False,
    }
