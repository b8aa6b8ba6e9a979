"""How much the service does for one API key: jobs a day, jobs at once, copies for a job.

Every place is an object that is written only where there is none: of two calls at the same time one
gets it, and the other goes on to the next or is refused. Nothing is read, counted and written back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import compute, execution, records, uploads
from spaceport_app.cloud.backend.api.errors import ApiError
from spaceport_app.cloud.backend.api.records import Record, iso
from spaceport_app.cloud.backend.api.services import Services

BEGINS_WITHIN = timedelta(minutes=2)
"""A job that has a place begins within the 29 s that a call may take, or never."""

SPARE_COPIES = 20
"""Calls that copy for a job, beyond what its files take."""

_TRIES = 10


def count_job(services: Services, owner: str, id: str) -> None:
    """Give a new job one of the places of its day, in UTC, which a deletion does not free.

    A job that has one of them takes no second, should the call that makes it be made again.

    Raises
    ------
    ApiError
        429 ``too_many_today``.
    """
    most, now = services.configuration.jobs_a_day, services.now()
    if most is None:
        return
    places = layout.day(owner, f"{now:%Y-%m-%d}")
    if _has_place(services, places, id) or _take_place(services, places, most, id):
        return
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    minutes = -(-int((midnight - now).total_seconds()) // 60)
    raise _too_many(
        "too_many_today",
        f"{_jobs(most)} have been made with this API key today, the most that this service takes.",
        f"Try again in {minutes // 60} h {minutes % 60} min, or ask whoever runs the service for "
        "more.",
    )


def count_copying(services: Services, record: Record) -> None:
    """Count a call that copies files for a job; more than it can take are refused.

    Raises
    ------
    ApiError
        429 ``too_many_copies``.
    """
    files = record.job.files
    needed = len(files) // 250 + (sum(file.size for file in files) >> 30)
    most = SPARE_COPIES + 2 * needed
    if not _take_place(services, layout.copies(record.id), most, record.id):
        raise _too_many(
            "too_many_copies",
            "This job has copied as often as it may from others.",
            "Upload the files that are missing.",
        )


def let_run(services: Services, owner: str, id: str) -> None:
    """Give a job one of the places of those that run at once; it may have one already.

    A place is that of the job that last took it, until that has ended and its machines are dead.
    Whoever comes next then takes the next turn of it.

    Raises
    ------
    ApiError
        429 ``too_many_running``, or 503 where too many calls meet.
    """
    most = services.configuration.running_jobs
    if most is None:
        return
    for _ in range(_TRIES):
        turns = _turns(services, owner)
        held = {
            place: records.get_json(services, layout.turn(owner, place, turn))
            for place, turn in turns.items()
            if place < most
        }
        if any(found is not None and found.get("job") == id for found in held.values()):
            return
        free = next((place for place in range(most) if place not in held), None)
        if free is None:
            free = next((place for place in held if _is_over(services, owner, held[place])), None)
        if free is None:
            raise _too_many(
                "too_many_running",
                f"{_jobs(most)} of this API key {'runs' if most == 1 else 'run'} already, the most "
                "that this service runs at once.",
                "Start again when one has ended, or stop one; what has arrived stays there.",
            )
        turn = layout.turn(owner, free, turns.get(free, 0) + 1)
        if records.put_new(services, turn, {"job": id, "at": iso(services.now())}):
            return
    raise ApiError(503, "busy", "Several calls met. Try again in a few seconds.")


def _turns(services: Services, owner: str) -> dict[int, int]:
    """Return the last turn of every place that was ever taken."""
    prefix = layout.running(owner)
    found: dict[int, int] = {}
    for key, _ in records.listed(services, prefix):
        place, _, turn = key[len(prefix) :].partition("/")
        if place.isdecimal() and turn.isdecimal():
            found[int(place)] = max(found.get(int(place), 0), int(turn))
    return dict(sorted(found.items()))


def _is_over(services: Services, owner: str, holder: Mapping[str, Any] | None) -> bool:
    """Whether a place is free again."""
    if holder is None:
        return True
    id = str(holder["job"])
    run = execution.describe(services, id)
    if run is None:
        return services.now() - datetime.fromisoformat(holder["at"]) > BEGINS_WITHIN
    if run["status"] == "RUNNING":
        return False
    try:
        record = records.load(services, id, owner)
    except ApiError:
        # Nothing is deleted before its machines are dead.
        return True
    return compute.all_dead(compute.describe_all(services, record))


def _has_place(services: Services, prefix: str, id: str) -> bool:
    keys = [key for key, _ in records.listed(services, prefix)]
    held = uploads.side_by_side(lambda n: records.get_json(services, keys[n]), range(len(keys)))
    return any(found is not None and found.get("job") == id for found in held)


def _take_place(services: Services, prefix: str, most: int, id: str) -> bool:
    """Take one of the first `most` places below a prefix; whether there was one."""
    taken = sum(1 for _ in records.listed(services, prefix))
    value = {"job": id, "at": iso(services.now())}
    return any(
        records.put_new(services, f"{prefix}{number:06d}", value) for number in range(taken, most)
    )


def _too_many(code: str, message: str, remedy: str) -> ApiError:
    return ApiError(429, code, message, {"remedy": remedy})


def _jobs(number: int) -> str:
    return "1 job" if number == 1 else f"{number} jobs"
