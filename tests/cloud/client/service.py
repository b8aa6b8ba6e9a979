"""A small real HTTP server that keeps the contract of the cloud's API and of S3's part of it.

It computes nothing: results are files that a test hands it. Faults are injected by the tests.
"""

from __future__ import annotations

import base64
import email.utils
import hashlib
import json
import logging
import secrets
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gui.finished import REPORTS

from spaceport_app.cloud.layout import STEPS, Step, following

KEY = "key-that-must-not-be-seen-0123456789"


@dataclass
class Job:
    request: dict[str, Any]
    parts: dict[tuple[int, int], bytes] = field(default_factory=dict)
    state: str = "uploading"
    step: str | None = None
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    reason: dict[str, str] | None = None
    starts: int = 0

    @property
    def files(self) -> list[dict[str, Any]]:
        files: list[dict[str, Any]] = self.request["files"]
        return files

    def whole(self, number: int) -> bytes:
        return b"".join(data for (file, _), data in sorted(self.parts.items()) if file == number)


class Service:
    """The server and all it knows; `fault` is asked before every request is answered."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.tokens: dict[str, str] = {}
        self.part_bytes = 64 << 10
        self.page = 50
        self.expires_s = 900.0
        self.clock_ahead_s = 0.0
        self.fault: Callable[[str, str], str | None] = lambda method, path: None
        self.work: Callable[[str, Job], None] = lambda name, job: None
        self.results: dict[Step, dict[str, bytes]] = {}
        self.records: dict[str, Any] = {}
        self.seen: dict[str, bytes] = {}
        self.machines: dict[str, str] = {}
        self.put_s = 0.0
        self.stop_s = 0.0
        self.received: Counter[tuple[str, int, int]] = Counter()
        self.begun: Counter[tuple[str, int, int]] = Counter()
        self.sent_bytes: Counter[str] = Counter()
        self.requests: list[tuple[str, str]] = []
        self.refused = 0
        self.lock = threading.Lock()
        self.url = ""

    @contextmanager
    def serving(self) -> Iterator[Service]:
        outer = self

        class Handler(_Handler):
            service = outer

        server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_address[1]}/prod"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def now(self) -> float:
        return time.time() + self.clock_ahead_s

    def finish(self, name: str, job: Job) -> None:
        """Have a job's steps done, with one line of progress each."""
        for step in following(job.request["first"], job.request["last"]):
            stage = {"sfm": "sfm", "3dgs": "train", "compression": "compress"}[step]
            self.tell(job, stage, {"event": "progress", "step": f"Working on {step}", "done": 1,
                                   "total": 2, "fraction": 0.5})  # fmt: skip
            job.step = step
            job.steps[step] = {"state": "finished", "instance": "ml.c6i.2xlarge"}
        job.state = "finished"

    def tell(self, job: Job, stage: str, event: dict[str, Any]) -> None:
        number = 1 + sum(item["stage"] == stage for item in job.events)
        item = {"number": number, "stage": stage, "at": "", "event": event}
        if name := event.get("path"):
            expires = self.now() + self.expires_s
            item["url"] = f"{self.url.removesuffix('/prod')}/s3/seen/{name}?expires={expires}"
        job.events.append(item)

    def uploaded(self, job: Job) -> bool:
        return all(
            hashlib.sha256(job.whole(number)).hexdigest() == file["sha256"]
            for number, file in enumerate(job.files)
        )


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Clients are killed here; what they leave is no word of the command under test.
        logging.getLogger(__name__).info("a request of %s broke off", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    service: Service
    protocol_version = "HTTP/1.1"
    # Or a body waits 40 ms for the other side to acknowledge the headers before it.
    disable_nagle_algorithm = True
    timeout = 30

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def date_time_string(self, timestamp: float | None = None) -> str:
        return email.utils.formatdate(self.service.now(), usegmt=True)

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_PUT(self) -> None:
        self._serve("PUT")

    def do_DELETE(self) -> None:
        self._serve("DELETE")

    def _serve(self, method: str) -> None:
        parts = urlsplit(self.path)
        service = self.service
        with service.lock:
            service.requests.append((method, parts.path))
        fault = service.fault(method, parts.path)
        try:
            if fault == "reset":
                self._reset()
            elif fault is not None and fault.startswith("{"):
                # A refusal with words of its own.
                self._body()
                said = json.loads(fault)
                self._json(said.pop("status"), said)
            elif fault is not None and fault.isdigit():
                self._body()
                self._json(int(fault), {"error": "Not now.", "code": "busy"})
            elif parts.path.startswith("/s3/"):
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                self._store(method, parts.path, query, fault or "")
            else:
                self._api(method, parts.path, parse_qs(parts.query))
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _api(self, method: str, path: str, query: dict[str, list[str]]) -> None:
        body = self._body()
        if self.headers.get("x-api-key") != KEY:
            self.service.refused += 1
            return self._json(403, {"message": "Forbidden"})
        words = path.strip("/").split("/")
        if words[0] != "prod":
            return self._json(403, {"message": "Missing Authentication Token"})
        asked = json.loads(body) if body else {}
        rest = words[1:]
        if rest == ["health"]:
            machines = self.service.machines
            return self._json(
                200, {"service": "spaceport", "version": "test", "machines": machines}
            )
        if rest == ["jobs"] and method == "POST":
            token = asked.pop("token", "")
            if token in self.service.tokens:
                name = self.service.tokens[token]
                return self._json(201, {"job": name, "partBytes": self.service.part_bytes})
            name = "".join(secrets.choice("0123456789abcdefghjkmnpqrstvwxyz") for _ in range(26))
            self.service.jobs[name] = Job(asked)
            if token:
                self.service.tokens[token] = name
            if self.service.fault(method, path + "/answer") == "reset":
                return self._reset()
            return self._json(201, {"job": name, "partBytes": self.service.part_bytes})
        if rest == ["jobs"]:
            listed = [
                {"job": name, "name": job.request["name"], "state": job.state, "created": ""}
                for name, job in reversed(self.service.jobs.items())
            ]
            start = int(query.get("after", ["0"])[0])
            more = str(start + 2) if start + 2 < len(listed) else None
            return self._json(200, {"jobs": listed[start : start + 2], "next": more})
        job = self.service.jobs.get(rest[1]) if len(rest) > 1 else None
        if job is None:
            return self._json(404, {"error": "There is no such job.", "code": "no_job"})
        after = query.get("after", ["0"])[0]
        action = (method, *rest[2:])
        answers: dict[tuple[str, ...], Callable[[], None]] = {
            ("POST", "parts"): lambda: self._sign(rest[1], job, asked),
            ("GET", "parts"): lambda: self._arrived(job, int(after)),
            ("POST", "take"): lambda: self._take(job, asked),
            ("POST", "start"): lambda: self._start(rest[1], job),
            ("GET",): lambda: self._look(rest[1], job, int(after)),
            ("POST", "stop"): lambda: self._stop(rest[1], job),
            ("GET", "artifacts"): lambda: self._artifacts(rest[1], job, int(after)),
            ("DELETE",): lambda: self._delete(rest[1], job),
        }
        answers[action]()

    def _sign(self, name: str, job: Job, asked: dict[str, Any]) -> None:
        expires = self.service.now() + self.service.expires_s
        host = self.headers["host"]
        signed = [
            {
                "file": part["file"],
                "part": part["part"],
                "url": f"http://{host}/s3/{name}/{part['file']}/{part['part']}"
                f"?expires={expires}&sha={base64.urlsafe_b64encode(part['sha256'].encode()).decode()}",
                "headers": {"x-amz-checksum-sha256": part["sha256"]},
                "expires": datetime.fromtimestamp(expires, UTC).isoformat(),
            }
            for part in asked["parts"]
        ]
        assert len(signed) <= 100
        self._json(200, {"parts": signed})

    def _arrived(self, job: Job, after: int) -> None:
        there = sorted(job.parts.items())[after : after + self.service.page]
        more = after + self.service.page < len(job.parts)
        listed = [
            {"file": file, "part": part, "bytes": len(data), "sha256": _digest(data)}
            for (file, part), data in there
        ]
        following_page = str(after + self.service.page) if more else None
        self._json(200, {"parts": listed, "next": following_page})

    def _take(self, job: Job, asked: dict[str, Any]) -> None:
        other = self.service.jobs.get(asked["job"])
        if other is None:
            return self._json(404, {"error": "There is no such job.", "code": "unknown_job"})
        there = {
            hashlib.sha256(data).hexdigest(): data
            for data in (
                *(other.whole(number) for number in range(len(other.files))),
                *(data for files in self.service.results.values() for data in files.values()),
            )
        }
        size = self.service.part_bytes
        taken = []
        for number, file in enumerate(job.files):
            if file["sha256"] in there:
                data = there[file["sha256"]]
                for part in range(max(1, -(-len(data) // size))):
                    job.parts[number, part + 1] = data[part * size : (part + 1) * size]
                taken.append(number)
        self._json(200, {"taken": taken, "next": None})

    def _start(self, name: str, job: Job) -> None:
        missing = [
            number
            for number, file in enumerate(job.files)
            if hashlib.sha256(job.whole(number)).hexdigest() != file["sha256"]
        ]
        if missing:
            said = {"error": "Files are missing.", "code": "incomplete", "missing": missing}
            return self._json(409, said)
        job.starts += 1
        if job.state == "uploading":
            job.state, job.step = "running", job.request["first"]
            threading.Thread(target=self.service.work, args=(name, job), daemon=True).start()
        self._json(200, {"job": name, "execution": f"arn:{name}"})

    def _look(self, name: str, job: Job, after: int) -> None:
        events = [event for event in job.events if event["number"] > after]
        steps = following(job.request["first"], job.request["last"])
        self._json(
            200,
            {
                "job": name,
                "name": job.request["name"],
                "state": job.state,
                "settings": job.request.get("settings", {}),
                "step": job.step,
                "steps": {step: {"state": "waiting"} for step in steps} | job.steps,
                "events": events,
                "reason": job.reason,
                "costUsd": {"spent": 0.12, "by": "test"},
                "created": "2026-11-23T10:00:00+00:00",
                "expires": "2026-12-23T10:00:00+00:00",
            },
        )

    def _stop(self, name: str, job: Job) -> None:
        if job.state in ("running", "stopping"):
            job.state = "stopping"

            def end() -> None:
                job.state = "stopped"

            timer = threading.Timer(self.service.stop_s, end)
            timer.daemon = True
            timer.start()
            return self._json(202, {"state": "stopping"})
        self._json(200, {"job": name, "state": job.state})

    def _artifacts(self, name: str, job: Job, start: int) -> None:
        expires = self.service.now() + self.service.expires_s
        host = self.headers["host"]
        files = [
            {
                "path": path,
                "bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "step": step,
                "url": f"http://{host}/s3/{name}/{step}/{number}?expires={expires}",
            }
            for step in STEPS
            if job.steps.get(step, {}).get("state") == "finished"
            for number, (path, data) in enumerate(self.service.results.get(step, {}).items())
        ]
        stages = self.service.records
        page = files[start : start + 4]
        more = str(start + 4) if start + 4 < len(files) else None
        self._json(200, {"files": page, "stages": stages, "expires": "", "next": more})

    def _delete(self, name: str, job: Job) -> None:
        del self.service.jobs[name]
        self.service.tokens = {k: v for k, v in self.service.tokens.items() if v != name}
        self._json(200, {"job": name, "state": "deleted"})

    def _store(self, method: str, path: str, query: dict[str, str], fault: str) -> None:
        service = self.service
        assert "x-api-key" not in self.headers, "the key must not go to S3"
        if service.now() > float(query["expires"]) or fault == "expired":
            self._body()
            return self._xml(403, "AccessDenied", "Request has expired")
        if fault == "wrong":
            self._body()
            return self._xml(400, "InvalidRequest", "No such thing.")
        if fault == "skewed":
            self._body()
            return self._xml(403, "RequestTimeTooSkewed", "The difference is too large.")
        if path.startswith("/s3/seen/"):
            return self._give(service.seen[path.removeprefix("/s3/seen/")], path, fault)
        _, _, name, where, number = path.split("/")
        if method == "GET":
            return self._give(list(service.results[where].values())[int(number)], path, fault)  # type: ignore[index]
        mark = (name, int(where), int(number))
        with service.lock:
            service.begun[mark] += 1
        if service.put_s:
            time.sleep(service.put_s)
        if fault == "cut":
            self.rfile.read(int(self.headers["content-length"]) // 2)
            return self._reset()
        data = self._body()
        digest = _digest(data)
        signed = base64.urlsafe_b64decode(query["sha"]).decode()
        if self.headers.get("x-amz-checksum-sha256") != signed:
            return self._xml(403, "SignatureDoesNotMatch", "Another header was signed.")
        if digest != signed or fault == "damaged":
            return self._xml(400, "BadDigest", "The checksum does not match.")
        with service.lock:
            service.received[mark] += 1
            service.jobs[name].parts[int(where), int(number)] = data
        self._answer(200, b"", "text/plain")

    def _give(self, data: bytes, path: str, fault: str) -> None:
        low, high = self.headers["range"].removeprefix("bytes=").split("-")
        part = data[int(low) : int(high) + 1]
        if fault == "flipped":
            part = bytes(255 - byte for byte in part)
        self.send_response(206)
        self.send_header("content-range", f"bytes {low}-{high}/{len(data)}")
        self.send_header("content-length", str(len(part)))
        self.end_headers()
        if fault == "cut":
            part = part[: len(part) // 2]
        with self.service.lock:
            self.service.sent_bytes[path] += len(part)
        for start in range(0, len(part), 16 << 10):
            self.wfile.write(part[start : start + (16 << 10)])
            if fault == "slow" or self.service.put_s:
                time.sleep(self.service.put_s or 0.002)
        if fault == "cut":
            self.wfile.flush()
            self._reset()

    def _body(self) -> bytes:
        length = int(self.headers.get("content-length") or 0)
        data = self.rfile.read(length)
        if len(data) < length:
            raise ConnectionError("the client is gone")
        return data

    def _reset(self) -> None:
        """End the connection with a reset, as a failing network does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _json(self, status: int, value: Any) -> None:
        self._answer(status, json.dumps(value).encode(), "application/json")

    def _xml(self, status: int, code: str, message: str) -> None:
        text = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        self._answer(status, text.encode(), "application/xml")

    def _answer(self, status: int, data: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def finish(self) -> None:
        with suppress(OSError, ValueError):
            super().finish()


def _digest(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def made_elsewhere(names: dict[str, dict[str, bytes]]) -> dict[str, Any]:
    """Return stage records as manifests hold them, for files by stage."""
    return {
        stage: {
            "folder": "",
            "published": {
                "fingerprint": "f" * 64 + ".0",
                "state": "finished",
                "started": "2026-11-23T10:00:00+00:00",
                "finished": "2026-11-23T10:01:00+00:00",
                "seconds": 61.5,
                "peak_memory_bytes": 123_000_000,
                "output": "there",
                "report": REPORTS[stage],
                "files": {name: len(data) for name, data in files.items()},
            },
            "latest": None,
        }
        for stage, files in names.items()
    }


def read_tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
