"""The service's API over HTTP: requests that are tried again, answers with types."""

from __future__ import annotations

import email.utils
import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx

from spaceport_app import __version__
from spaceport_app.cloud import wire
from spaceport_app.cloud.client import answers, failures
from spaceport_app.cloud.client.answers import (
    Arrived,
    Artifacts,
    Created,
    Health,
    Listed,
    Look,
    Signed,
)
from spaceport_app.cloud.client.backoff import Patience
from spaceport_app.cloud.client.connection import Connection
from spaceport_app.cloud.job import CloudJob
from spaceport_app.cloud.layout import STEPS

_T = TypeVar("_T")
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_SLICE_S = 0.1
_LEFT_S = 1.0
"""How long a request under way may still be answered when a stop comes."""
_TIMEOUT = httpx.Timeout(60.0, connect=15.0)

_log = logging.getLogger(__name__)


class Api:
    """One service with one key; may be used by several threads.

    Parameters
    ----------
    connection : Connection
        Address and key.
    halted : Event, optional
        When it is set, waiting ends with `Halted`.
    patience : Patience
        How often a request is tried.
    """

    def __init__(
        self,
        connection: Connection,
        halted: threading.Event | None = None,
        patience: Patience | None = None,
    ) -> None:
        quiet()
        self.endpoint = connection.endpoint
        self.halted = halted or threading.Event()
        self.patience = patience or Patience()
        self._skew_s: float | None = None
        self._client = httpx.Client(
            headers={
                "x-api-key": connection.key.reveal(),
                "user-agent": f"spaceport/{__version__}",
                "accept": "application/json",
            },
            timeout=_TIMEOUT,
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def host(self) -> str:
        """Name of the service's computer."""
        return urlsplit(self.endpoint).hostname or self.endpoint

    @property
    def skew_s(self) -> float:
        """Seconds that the clock here is ahead of the service's, by its last answer."""
        return self._skew_s or 0.0

    def now(self) -> float:
        """Return the time by the service's clock, seconds since 1970."""
        return time.time() - self.skew_s

    def health(self) -> Health:
        """Ask who is there.

        Raises
        ------
        CloudError
            ``wrong_key``, ``wrong_endpoint``, ``no_network``, ``bad_certificate``.
        """
        found = self._ask("GET", "/health", _health)
        if found.service != "spaceport":
            raise failures.wrong_endpoint(self.endpoint)
        return found

    def create(self, job: CloudJob, token: str = "") -> Created:
        """Make a job, or find the one that this token has made."""
        body = {**job.as_json(), "token": token} if token else job.as_json()
        return self._ask("POST", "/jobs", _created, body)

    def take(self, job: str, other: str) -> int:
        """Have a new job take what another has of its files; return how many those were."""
        taken = 0
        after: int | None = 0
        while after is not None:
            asked = {"job": other, "after": after}
            try:
                number, after = self._ask("POST", f"{_of(job)}/take", _taken, asked, job=job)
            except failures.RefusedError as error:
                if error.code != "too_many_copies":
                    raise
                # What is missing is uploaded then.
                return taken
            taken += number
        return taken

    def sign(self, job: str, parts: Sequence[tuple[int, int, str]]) -> tuple[Signed, ...]:
        """Have addresses signed for parts: numbers of file and part, base64 of the SHA-256."""
        wanted = [{"file": file, "part": part, "sha256": sha} for file, part, sha in parts]
        return self._ask("POST", f"{_of(job)}/parts", _signed, {"parts": wanted}, job=job)

    def arrived(self, job: str) -> tuple[Arrived, ...]:
        """Return all parts that have arrived."""
        pages = self._pages(f"{_of(job)}/parts", _arrived, job)
        return tuple(part for page in pages for part in page)

    def start(self, job: str) -> None:
        """Start the computing; a second call does nothing.

        Raises
        ------
        IncompleteError
            With the numbers of the files that are not there whole.
        """
        self._ask("POST", f"{_of(job)}/start", _anything, {}, job=job)

    def look(self, job: str, after: int = 0) -> Look:
        """Return how a job stands, with its events after the number `after`."""
        return self._ask("GET", f"{_of(job)}?after={after}", answers.look, job=job)

    def stop(self, job: str) -> str:
        """Stop a job and return its state: ``stopped`` only if nothing computes any more."""
        return self._ask("POST", f"{_of(job)}/stop", _state, {}, job=job)

    def artifacts(self, job: str) -> Artifacts:
        """Return the results that are there."""
        pages = list(self._pages(f"{_of(job)}/artifacts", answers.artifacts, job))
        files = tuple(file for page in pages for file in page.files)
        return Artifacts(files, {name: r for page in pages for name, r in page.stages.items()})

    def jobs(self) -> tuple[Listed, ...]:
        """Return the jobs of this key, the newest first."""
        return tuple(job for page in self._pages("/jobs", _jobs) for job in page)

    def delete(self, job: str) -> None:
        """Stop a job and delete all that it has in the cloud."""
        self._ask("DELETE", _of(job), _anything, job=job)

    def _pages(self, path: str, read: Callable[[Any], _T], job: str = "") -> Iterator[_T]:
        """Yield the pages of a list, which say themselves how to ask for the next."""
        token: str | None = ""
        while token is not None:
            query = f"?after={quote(token, safe='', errors='replace')}" if token else ""
            raw = self._ask("GET", path + query, _mapping, job=job)
            yield self._read(raw, read, path)
            token = str(raw["next"]) if raw.get("next") else None

    def _ask(
        self,
        method: str,
        path: str,
        read: Callable[[Any], _T],
        body: Mapping[str, Any] | None = None,
        job: str = "",
    ) -> _T:
        answer = self._answer(method, path, body)
        if not answer.is_success:
            raise self._refusal(answer, job)
        try:
            raw = wire.read(answer.content)
        except ValueError as error:
            # A page of a hotel or a proxy answers 200 to everything.
            raise failures.wrong_endpoint(self.endpoint) from error
        return self._read(raw, read, f"{method} {path.partition('?')[0]}")

    def _read(self, raw: Any, read: Callable[[Any], _T], what: str) -> _T:
        try:
            return read(raw)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise failures.not_understood(what) from error

    def _answer(self, method: str, path: str, body: Mapping[str, Any] | None) -> httpx.Response:
        failed = 0
        while True:
            if self.halted.is_set():
                raise failures.Halted
            failed += 1
            pause = 0.0
            try:
                answer = self._request(method, path, body)
                self._note_clock(answer)
                passing = answer.status_code in _AGAIN and not _is_limit(answer)
                if not passing or failed >= self.patience.tries:
                    return answer
                why, pause = str(answer.status_code), retry_after(answer)
            except httpx.TransportError as error:
                why = reason(error)
                if is_certificate(error):
                    raise failures.untrusted(self.host, why) from error
                if failed >= self.patience.tries:
                    raise failures.unreachable(self.host, why) from error
            except (httpx.InvalidURL, httpx.DecodingError) as error:
                raise failures.wrong_endpoint(self.endpoint) from error
            _log.info("%s %s failed (%s), try %d", method, path.partition("?")[0], why, failed)
            self.patience.wait(failed, self.halted, pause)

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None) -> httpx.Response:
        """Send a request, and leave it to itself where no answer comes and a stop does.

        Nothing else ends the wait for a silent server but the time limit, which is long.
        """
        answer: Future[httpx.Response] = Future()

        def send() -> None:
            try:
                answer.set_result(self._client.request(method, self.endpoint + path, json=body))
            except BaseException as error:
                answer.set_exception(error)

        threading.Thread(target=send, name="request to AWS", daemon=True).start()
        while not wait((answer,), _SLICE_S).done:
            if self.halted.is_set() and not wait((answer,), _LEFT_S).done:
                raise failures.Halted
        return answer.result()

    def _note_clock(self, answer: httpx.Response) -> None:
        try:
            there = email.utils.parsedate_to_datetime(answer.headers["date"]).timestamp()
        except (KeyError, ValueError, TypeError):
            return
        self._skew_s = time.time() - there

    def _refusal(self, answer: httpx.Response, job: str) -> failures.CloudError:
        status = answer.status_code
        said = _said(answer)
        sentence, code = str(said.get("error") or ""), str(said.get("code") or "")
        remedy = str(said.get("remedy") or "")
        if _is_limit(answer):
            return failures.limited(code, sentence, remedy)
        if status in _AGAIN:
            return failures.busy(sentence or f"it answers {status}")
        if code == "incomplete":
            return self._read(said, _incomplete, "incomplete")
        if sentence and job and status == 404:
            return failures.no_job(job)
        if sentence:
            return failures.refused(code or "refused", sentence, remedy)
        # These two come from API Gateway itself.
        if status in (401, 403) and "authentication token" in str(said.get("message", "")).lower():
            return failures.wrong_endpoint(self.endpoint)
        if status in (401, 403):
            return failures.wrong_key()
        return failures.wrong_endpoint(self.endpoint)


def quiet() -> None:
    """Keep signed addresses and the header with the key out of every log.

    httpx logs whole addresses, and httpcore headers; either is as good as the key.
    """
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _said(answer: httpx.Response) -> Mapping[str, Any]:
    """Return what an answer says of why it is no success; nothing if it is not of the service."""
    try:
        said = wire.read(answer.content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _is_limit(answer: httpx.Response) -> bool:
    """Whether the service says that a limit of the key is reached: to ask again soon is no use."""
    if answer.status_code != 429:
        return False
    said = _said(answer)
    return bool(said.get("error")) and said.get("code", "busy") not in ("", "busy")


def retry_after(answer: httpx.Response) -> float:
    """Return the seconds that a server asks to wait, 0 if it does not."""
    try:
        return max(0.0, float(answer.headers.get("retry-after", "0")))
    except ValueError:
        return 0.0


def is_certificate(error: BaseException) -> bool:
    """Whether a connection failed for a certificate."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def reason(error: BaseException) -> str:
    """Return in a few words why a connection failed, without an address."""
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    if isinstance(error, httpx.ConnectError):
        return str(error) or "no connection"
    return "the connection broke"


def _of(job: str) -> str:
    return f"/jobs/{quote(job, safe='')}"


def _health(raw: Any) -> Health:
    told = raw.get("machines") or {}
    machines = {step: str(told[step]) for step in STEPS if told.get(step)}
    return Health(str(raw["service"]), str(raw.get("version", "")), machines)


def _created(raw: Any) -> Created:
    return Created(wire.text(raw["job"]), wire.whole(raw["partBytes"], 1))


def _incomplete(raw: Any) -> failures.IncompleteError:
    return failures.IncompleteError(tuple(wire.whole(n) for n in raw.get("missing", ())))


def _signed(raw: Any) -> tuple[Signed, ...]:
    return tuple(answers.signed(item) for item in raw["parts"])


def _arrived(raw: Any) -> tuple[Arrived, ...]:
    return tuple(answers.arrived(item) for item in raw["parts"])


def _taken(raw: Any) -> tuple[int, int | None]:
    after = raw["next"]
    return len(raw["taken"]), None if after is None else wire.whole(after)


def _state(raw: Any) -> str:
    return str(raw["state"])


def _jobs(raw: Any) -> tuple[Listed, ...]:
    return tuple(answers.listed(item) for item in raw["jobs"])


def _mapping(raw: Any) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise TypeError("no object")
    return raw


def _anything(raw: Any) -> None:
    return None
