"""Files to S3 in parts: several at once, each checked by its SHA-256, none sent twice.

What has arrived is asked of the service at the start, so a kill costs the parts in flight only.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from spaceport_app.cloud.client import api as http
from spaceport_app.cloud.client import failures, storage
from spaceport_app.cloud.client.answers import Arrived, Signed
from spaceport_app.cloud.client.api import Api
from spaceport_app.cloud.client.backoff import AnyOf
from spaceport_app.cloud.client.crew import Crew
from spaceport_app.cloud.client.failures import CloudError, Halted, IncompleteError
from spaceport_app.cloud.client.pace import Pace
from spaceport_app.cloud.client.submission import Submission, Upload
from spaceport_app.cloud.job import MOST_PARTS_A_REQUEST
from spaceport_app.events import Progress, Report
from spaceport_app.quantities import count, size

PARALLEL = 4
_BLOCK = 64 << 10
_BATCH_BYTES = 32 << 20
_SOON_S = 20.0
_ROUNDS = 3

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Part:
    """Part `number` (from 1) of file `file`: `length` bytes from `start` on."""

    file: int
    number: int
    start: int
    length: int


class _RefusedError(Exception):
    """S3 does not take an address or a part; where it `may_pass`, a newly signed one may do."""

    def __init__(self, why: str, may_pass: bool) -> None:
        super().__init__(why)
        self.may_pass = may_pass


class Uploader:
    """Sends the files of one job.

    Parameters
    ----------
    api : Api
        Its `halted` event ends the upload.
    submission : Submission
        With the id of the job.
    folder : Path
        The project folder.
    bytes_a_second : float
        Bandwidth at most; 0 for no limit.
    """

    def __init__(
        self, api: Api, submission: Submission, folder: Path, bytes_a_second: float = 0.0
    ) -> None:
        self._api = api
        self._job = submission.job
        self._uploads = submission.uploads
        self._part_bytes = submission.part_bytes
        self._folder = folder
        self._pace = Pace(bytes_a_second)
        self._lock = threading.Lock()
        self._waiting: deque[_Part] = deque()
        self._sent = 0
        self._crew = Crew(api.halted)
        self.asked_start = False
        """Whether the service was asked to start the computing, heard or not."""

    def run(self, report: Report) -> None:
        """Send what is missing, and have the service start; may be called again at any time.

        Raises
        ------
        StageError
            If it cannot be done: no network, a file that changed, a clock that is wrong.
        Halted
            If a stop came.
        """
        forced: frozenset[int] = frozenset()
        for last in (False,) * (_ROUNDS - 1) + (True,):
            self._send(report, forced)
            try:
                self.asked_start = True
                self._api.start(self._job)
                return
            except IncompleteError as error:
                _log.warning("the service misses %d files", len(error.missing))
                if last:
                    raise
                forced = frozenset(error.missing)

    def _send(self, report: Report, forced: frozenset[int]) -> None:
        total = sum(upload.file.size for upload in self._uploads)
        missing = self._missing(forced)
        self._waiting = deque(missing)
        self._sent = total - sum(part.length for part in missing)
        if not missing:
            report(_progress(self._uploads, total, total))
            return
        with storage.client(PARALLEL) as client:
            self._crew.run(
                "upload",
                min(PARALLEL, len(missing)),
                lambda: self._send_next(client),
                lambda: report(_progress(self._uploads, self._sent, total)),
            )
        report(_progress(self._uploads, total, total))

    def _missing(self, forced: frozenset[int]) -> list[_Part]:
        """Return the parts that are not there, or are there with other bytes."""
        there = {(a.file, a.part): a for a in self._api.arrived(self._job)}
        missing = []
        for number, upload in enumerate(self._uploads):
            for part in self._parts(number, upload):
                found = None if number in forced else there.get((number, part.number))
                if found is None or not self._is(found, part):
                    missing.append(part)
        return missing

    def _is(self, found: Arrived, part: _Part) -> bool:
        if found.size != part.length:
            return False
        return not found.sha256 or found.sha256 == _digest(self._read(part))

    def _parts(self, number: int, upload: Upload) -> Iterator[_Part]:
        for index in range(max(1, -(-upload.file.size // self._part_bytes))):
            start = index * self._part_bytes
            yield _Part(number, index + 1, start, min(self._part_bytes, upload.file.size - start))

    def _send_next(self, client: httpx.Client) -> bool:
        batch = self._batch()
        if batch:
            self._send_batch(client, batch)
        return bool(batch)

    def _batch(self) -> list[_Part]:
        """Take parts to be signed in one request: many small ones, few large ones."""
        with self._lock:
            batch: list[_Part] = []
            room = _BATCH_BYTES
            fair = max(1, len(self._waiting) // PARALLEL)
            most = min(MOST_PARTS_A_REQUEST, fair, 16)
            while self._waiting and len(batch) < most and (not batch or room > 0):
                batch.append(self._waiting.popleft())
                room -= batch[-1].length
            return batch

    def _send_batch(self, client: httpx.Client, batch: list[_Part]) -> None:
        digests = [_digest(self._read(part)) for part in batch]
        signed = self._sign(batch, digests)
        for part, digest in zip(batch, digests, strict=True):
            self._send_part(client, part, digest, signed.get((part.file, part.number)))

    def _sign(self, parts: list[_Part], digests: list[str]) -> dict[tuple[int, int], Signed]:
        asked = [(p.file, p.number, d) for p, d in zip(parts, digests, strict=True)]
        return {(s.file, s.part): s for s in self._api.sign(self._job, asked)}

    def _send_part(
        self, client: httpx.Client, part: _Part, digest: str, address: Signed | None
    ) -> None:
        failed = refused = 0
        while True:
            if address is None or address.expires - self._api.now() < _SOON_S:
                address = self._sign([part], [digest]).get((part.file, part.number))
                if address is None:
                    raise failures.not_understood("no address for a part")
            counted = 0

            def count_sent(number: int) -> None:
                nonlocal counted
                counted += number
                with self._lock:
                    self._sent += number

            try:
                self._put(client, part, digest, address, count_sent)
                return
            except _RefusedError as error:
                # An address that has expired: the next one is new. A damaged part: once more.
                refused += 1
                if not error.may_pass or refused >= storage.ADDRESSES:
                    raise failures.refused_by_storage(str(error)) from error
                address = None
                wait = 0.0
            except httpx.TransportError as error:
                failed += 1
                why = http.reason(error)
                host = httpx.URL(address.url).host
                if http.is_certificate(error):
                    raise failures.untrusted(host, why) from error
                if failed >= self._api.patience.tries:
                    raise failures.unreachable(host, why) from error
                wait = 0.0
            except _BusyError as error:
                failed += 1
                if failed >= self._api.patience.tries:
                    raise failures.busy(str(error)) from error
                wait = error.wait_s
            with self._lock:
                self._sent -= counted
            _log.info("part %d of file %d failed, sent again", part.number, part.file)
            self._api.patience.wait(
                failed + refused, AnyOf(self._api.halted, self._crew.over), wait
            )

    def _put(
        self,
        client: httpx.Client,
        part: _Part,
        digest: str,
        address: Signed,
        count_sent: Callable[[int], None],
    ) -> None:
        data = self._read(part)
        if _digest(data) != digest:
            raise self._changed(part)

        def blocks() -> Iterator[bytes]:
            for start in range(0, len(data), _BLOCK):
                block = data[start : start + _BLOCK]
                if self._crew.over.is_set() or self._api.halted.wait(self._pace.wait_s(len(block))):
                    raise Halted
                yield block
                count_sent(len(block))

        headers = {**address.headers, "content-length": str(len(data))}
        answer = client.put(address.url, content=blocks(), headers=headers)
        if answer.is_success:
            return
        code = storage.code(answer.text)
        _log.info("S3 answered %d %s", answer.status_code, code)
        if code == "RequestTimeTooSkewed":
            raise failures.clock_skew(self._api.skew_s)
        if answer.status_code in storage.AGAIN or code in ("SlowDown", "RequestTimeout"):
            raise _BusyError(code or str(answer.status_code), http.retry_after(answer))
        passing = storage.may_pass(answer.status_code, code)
        raise _RefusedError(code or str(answer.status_code), passing)

    def _read(self, part: _Part) -> bytes:
        upload = self._uploads[part.file]
        path = self._folder / upload.path
        try:
            with path.open("rb") as file:
                file.seek(part.start)
                data = file.read(part.length)
                whole = file.seek(0, 2)
        except FileNotFoundError as error:
            raise CloudError(
                "file_missing",
                f"{upload.file.name} is not there any more ({path}).",
                "Put it back and submit again, or delete the job and begin anew.",
            ) from error
        if len(data) != part.length or whole != upload.file.size:
            raise self._changed(part)
        return data

    def _changed(self, part: _Part) -> CloudError:
        name = self._uploads[part.file].file.name
        return CloudError(
            "file_changed",
            f"{name} changed after the job was made.",
            "Delete the job (spaceport cloud delete) and submit again.",
        )


class _BusyError(Exception):
    """S3 asks to wait."""

    def __init__(self, why: str, wait_s: float) -> None:
        super().__init__(why)
        self.wait_s = wait_s


def _digest(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode("ascii")


def _progress(uploads: tuple[Upload, ...], sent: int, total: int) -> Progress:
    whole = max(1, total)
    step = f"Sending {count(len(uploads))} files ({size(total)}) to AWS"
    return Progress(step, min(sent, whole), whole, min(1.0, max(0.0, sent / whole)), "bytes")
