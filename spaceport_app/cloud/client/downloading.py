"""Results from S3: in ranges to a partial file, checked by SHA-256, then renamed."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

import httpx

from spaceport_app import resources
from spaceport_app.cloud.client import api as http
from spaceport_app.cloud.client import failures, storage
from spaceport_app.cloud.client.answers import Artifact
from spaceport_app.cloud.client.api import Api
from spaceport_app.cloud.client.backoff import AnyOf
from spaceport_app.cloud.client.crew import Crew
from spaceport_app.cloud.client.failures import CloudError, Halted
from spaceport_app.cloud.layout import Step
from spaceport_app.events import Progress, Report
from spaceport_app.inside import is_device
from spaceport_app.project.errors import ProjectError
from spaceport_app.quantities import count, size

FOLDERS = ("photos", "sfm", "splats", "bundle", "export", "logs")
"""Where in a project results may lie."""

_PARALLEL = 4
_ENDING = ".partial"

_log = logging.getLogger(__name__)


def inside(path: str) -> bool:
    """Whether a result's path stays below the folders of a project on any system."""
    parts = path.split("/")
    # Windows drops a dot or a space at the end, and opens a device where it is named.
    plain = all(
        part and part == part.strip() and not part.endswith(".") and not is_device(part)
        for part in parts
    )
    odd = any(letter in path for letter in '\\:*?"<>|\0') or any(ord(c) < 32 for c in path)
    return plain and not odd and len(parts) > 1 and parts[0] in FOLDERS


class Downloader:
    """Fetches the results of one step into a folder; what is there already is kept.

    Parameters
    ----------
    api : Api
        Its `halted` event ends the download.
    job : str
        Id of the job.
    folder : Path
        Where the files go, by their paths in the project.
    """

    def __init__(self, api: Api, job: str, folder: Path) -> None:
        self._api = api
        self._job = job
        self._folder = folder
        self._lock = threading.Lock()
        self._urls: dict[tuple[Step, str], str] = {}
        self._waiting: deque[Artifact] = deque()
        self._done = 0
        self._crew = Crew(api.halted)

    def run(self, files: Sequence[Artifact], report: Report) -> None:
        """Fetch `files`, all or an error.

        Raises
        ------
        StageError
            No network, damage on the way, a name that climbs, or a disk that is too small.
        OSError
            If the folder cannot be written.
        Halted
            If a stop came.
        """
        self._check(files)
        total = sum(file.size for file in files)
        missing = [file for file in files if not self._there(file)]
        self._check_room(missing)
        self._urls = {(file.step, file.path): file.url for file in files}
        self._waiting = deque(missing)
        self._done = total - sum(file.size for file in missing)
        words = f"Fetching {count(len(files))} files ({size(total)}) from AWS"

        def tell() -> None:
            whole = max(1, total)
            done = min(whole, max(0, self._done))
            report(Progress(words, done, whole, done / whole, "bytes"))

        with storage.client(_PARALLEL) as client:
            number = min(_PARALLEL, len(missing))
            self._crew.run("download", number, lambda: self._fetch_next(client), tell)
        self._done = total
        tell()

    def _check(self, files: Sequence[Artifact]) -> None:
        names = [file.path for file in files]
        bad = next((name for name in names if not inside(name)), None)
        if bad is not None or len({name.casefold() for name in names}) != len(names):
            raise CloudError(
                "bad_result",
                f"The result holds a file that has no place in a project ({bad or 'twice'}).",
                "Do not use this service: its results are not from Spaceport.",
            )

    def _check_room(self, missing: Sequence[Artifact]) -> None:
        needed = sum(file.size for file in missing)
        free = resources.free_disk_bytes(self._folder)
        if needed > free:
            raise ProjectError(
                "disk_too_small",
                f"The results take {size(needed)}, and {size(free)} are free at {self._folder}.",
                "Free some space and follow the job again; it keeps its results.",
            )

    def _target(self, file: Artifact) -> Path:
        return self._folder.joinpath(*PurePosixPath(file.path).parts)

    def _there(self, file: Artifact) -> bool:
        # Files get their names when they have been checked.
        path = self._target(file)
        return path.is_file() and path.stat().st_size == file.size

    def _fetch_next(self, client: httpx.Client) -> bool:
        with self._lock:
            if not self._waiting:
                return False
            file = self._waiting.popleft()
        self._fetch(client, file)
        return True

    def _fetch(self, client: httpx.Client, file: Artifact) -> None:
        target = self._target(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + _ENDING)
        failed = refused = damaged = counted = 0

        def count_up_to(number: int) -> None:
            nonlocal counted
            with self._lock:
                self._done += number - counted
            counted = number

        while True:
            wait = 0.0
            before = counted
            try:
                self._get(client, file, partial, count_up_to)
                if _sha256(partial) == file.sha256.lower():
                    with partial.open("r+b") as written:
                        os.fsync(written.fileno())
                    partial.replace(target)
                    return
                partial.unlink()
                count_up_to(0)
                damaged += 1
                if damaged >= 3:
                    raise CloudError(
                        "download_damaged",
                        f"{file.path} arrives damaged.",
                        "Follow the job again; if it stays, the network changes what it carries.",
                    )
            except httpx.TransportError as error:
                # A slow link that breaks often still gets there, as long as something arrives.
                failed = failed + 1 if counted == before else 1
                host = httpx.URL(file.url).host
                if http.is_certificate(error):
                    raise failures.untrusted(host, http.reason(error)) from error
                if failed >= self._api.patience.tries:
                    raise failures.unreachable(host, http.reason(error)) from error
            except _RefusedError as error:
                wait = error.wait_s
                if error.again:
                    failed += 1
                    if failed >= self._api.patience.tries:
                        raise failures.busy(str(error)) from error
                else:
                    refused += 1
                    if not error.may_pass or refused >= storage.ADDRESSES:
                        raise failures.refused_by_storage(str(error)) from error
                    self._renew()
            _log.info("%s is asked for again", file.path)
            ends = AnyOf(self._api.halted, self._crew.over)
            self._api.patience.wait(max(1, failed + refused + damaged), ends, wait)

    def _get(
        self,
        client: httpx.Client,
        file: Artifact,
        partial: Path,
        count_up_to: Callable[[int], None],
    ) -> None:
        have = partial.stat().st_size if partial.exists() else 0
        if have > file.size:
            partial.unlink()
            have = 0
        if have == file.size and (have or partial.exists()):
            count_up_to(have)
            return
        if file.size == 0:
            partial.touch()
            return
        with self._lock:
            url = self._urls[file.step, file.path]
        headers = {"range": f"bytes={have}-{file.size - 1}", "accept-encoding": "identity"}
        with client.stream("GET", url, headers=headers) as answer:
            if answer.status_code not in (200, 206):
                answer.read()
                code = storage.code(answer.text)
                _log.info("S3 answered %d %s", answer.status_code, code)
                if code == "RequestTimeTooSkewed":
                    raise failures.clock_skew(self._api.skew_s)
                if answer.status_code == 416:
                    partial.unlink(missing_ok=True)
                status = answer.status_code
                passing = status == 416 or storage.may_pass(status, code)
                again = status in storage.AGAIN
                raise _RefusedError(code or str(status), again, passing, http.retry_after(answer))
            wanted = f"bytes {have}-"
            if answer.status_code == 200 or not answer.headers.get("content-range", "").startswith(
                wanted
            ):
                have = 0
            with partial.open("r+b" if partial.exists() else "wb") as written:
                written.truncate(have)
                written.seek(have)
                # As it comes: what waits for a larger block would be lost with the connection.
                for block in answer.iter_bytes():
                    if self._crew.over.is_set() or self._api.halted.is_set():
                        raise Halted
                    have += len(block)
                    if have > file.size:
                        break
                    written.write(block)
                    count_up_to(have)
        if have < file.size:
            raise httpx.RemoteProtocolError("the answer is short")

    def _renew(self) -> None:
        """Have all addresses signed anew."""
        fresh = self._api.artifacts(self._job)
        with self._lock:
            self._urls |= {(file.step, file.path): file.url for file in fresh.files}


class _RefusedError(Exception):
    """S3 did not give a file: `again` if waiting helps, `may_pass` if a new address may."""

    def __init__(self, why: str, again: bool, may_pass: bool, wait_s: float) -> None:
        super().__init__(why)
        self.again = again
        self.may_pass = may_pass
        self.wait_s = wait_s


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
