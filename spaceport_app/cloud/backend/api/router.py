"""The routes of the API: which function answers which method and path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from spaceport_app import __version__
from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import (
    artifacts,
    creation,
    deletion,
    listing,
    mailing,
    parts,
    records,
    seed,
    start,
    status,
    stop,
    submission,
    takeover,
)
from spaceport_app.cloud.backend.api.errors import ApiError, conflict, unknown_job
from spaceport_app.cloud.backend.api.records import Record
from spaceport_app.cloud.backend.api.request import Request
from spaceport_app.cloud.backend.api.services import Services
from spaceport_app.cloud.job import PART_BYTES

Answer: TypeAlias = tuple[int, dict[str, Any]]
Handler: TypeAlias = Callable[[Services, Request, str], Answer]


@dataclass(frozen=True)
class Route:
    """One kind of call.

    Parameters
    ----------
    method, pattern : str
        ``GET`` and ``/jobs/{id}``.
    handler : callable
        Takes services, request and the id of the path; returns status and body.
    words_only : bool
        Errors are ``{"error"}`` alone, as callers of the original know them.
    """

    method: str
    pattern: str
    handler: Handler
    words_only: bool = False

    def match(self, path: str) -> re.Match[str] | None:
        """Return the match of a path, whose group ``id`` is the job's."""
        pattern = re.escape(self.pattern).replace(r"\{id\}", "(?P<id>[^/]+)")
        return re.fullmatch(pattern, path)


def find(request: Request) -> tuple[Route, str]:
    """Return the route of a request and the id in its path.

    Raises
    ------
    ApiError
        404 ``unknown_route`` or 405 ``wrong_method``.
    """
    path = request.path.rstrip("/") or "/"
    others = []
    for route in ROUTES:
        match = route.match(path)
        if match is not None and route.method == request.method:
            return route, match.groupdict().get("id", "")
        if match is not None:
            others.append(route.method)
    if others:
        raise ApiError(405, "wrong_method", f"This address takes {', '.join(others)}.")
    raise ApiError(404, "unknown_route", "There is nothing at this address.")


def _create(services: Services, request: Request, _: str) -> Answer:
    raw = request.json()
    job = submission.read(raw, services.configuration)
    mailing.check(services.configuration.mail_to, request.owner, job.email)
    token = submission.token(raw)
    record = creation.create(services, request.owner, job, token)
    return 201, {"job": record.id, "partBytes": PART_BYTES}


def _list(services: Services, request: Request, _: str) -> Answer:
    return 200, listing.jobs(services, request.owner, _after(request))


def _status(services: Services, request: Request, id: str) -> Answer:
    return 200, status.status(services, _record(services, request, id), _after(request))


def _delete(services: Services, request: Request, id: str) -> Answer:
    state = deletion.delete(services, _record(services, request, id))
    return 200 if state == "deleted" else 202, {"job": id, "state": state}


def _sign(services: Services, request: Request, id: str) -> Answer:
    raw = request.json()
    record = _record(services, request, id)
    if status.look(services, record).state != "uploading":
        raise conflict("not_uploading", "The job takes no more files.")
    return 200, parts.sign(services, record, raw)


def _arrived(services: Services, request: Request, id: str) -> Answer:
    return 200, parts.arrived(services, _record(services, request, id), _after(request))


def _take(services: Services, request: Request, id: str) -> Answer:
    raw = request.json()
    record = _record(services, request, id)
    if status.look(services, record).state != "uploading":
        raise conflict("not_uploading", "The job takes no more files.")
    return 200, takeover.take(services, record, raw)


def _start(services: Services, request: Request, id: str) -> Answer:
    request.optional_json()
    return 200, start.start(services, _record(services, request, id))


def _stop(services: Services, request: Request, id: str) -> Answer:
    request.optional_json()
    done = stop.stop(services, _record(services, request, id))
    return 202 if done.state == "stopping" else 200, {"job": id, "state": done.state}


def _artifacts(services: Services, request: Request, id: str) -> Answer:
    return 200, artifacts.artifacts(services, _record(services, request, id), _after(request))


def _health(services: Services, request: Request, _: str) -> Answer:
    usual = dict(services.configuration.instances)
    return 200, {"service": "spaceport", "version": __version__, "machines": usual}


def _start_job(services: Services, request: Request, _: str) -> Answer:
    return 200, seed.start_job(services, request.owner, request.json())


def _stop_job(services: Services, request: Request, _: str) -> Answer:
    return 200, seed.stop_job(services, request.owner, request.json())


def _record(services: Services, request: Request, id: str) -> Record:
    if not layout.is_job_id(id):
        raise unknown_job()
    return records.load(services, id, request.owner)


def _after(request: Request) -> str:
    return request.query.get("after", "")


ROUTES: tuple[Route, ...] = (
    Route("GET", "/health", _health),
    Route("POST", "/jobs", _create),
    Route("GET", "/jobs", _list),
    Route("GET", "/jobs/{id}", _status),
    Route("DELETE", "/jobs/{id}", _delete),
    Route("POST", "/jobs/{id}/parts", _sign),
    Route("GET", "/jobs/{id}/parts", _arrived),
    Route("POST", "/jobs/{id}/take", _take),
    Route("POST", "/jobs/{id}/start", _start),
    Route("POST", "/jobs/{id}/stop", _stop),
    Route("GET", "/jobs/{id}/artifacts", _artifacts),
    Route("POST", "/start-job", _start_job, words_only=True),
    Route("POST", "/stop-job", _stop_job, words_only=True),
)


def answer(services: Services, request: Request, route: Route, id: str) -> Answer:
    """Answer a request by its route.

    Raises
    ------
    ApiError
        What the route's function raises; 403 ``forbidden`` without an API key.
    """
    if not request.owner:
        raise ApiError(403, "forbidden", "This needs an API key.")
    return route.handler(services, request, id)


def body_of(error: ApiError, route: Route | None) -> Mapping[str, Any]:
    """Return what is answered instead of a result."""
    if route is not None and route.words_only:
        return {"error": " ".join(filter(None, (error.message, error.more.get("remedy"))))}
    return {"error": error.message, "code": error.code, **error.more}
