"""From the body of ``POST /jobs`` to a job whose every field has been checked."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from spaceport_app.cloud import wire
from spaceport_app.cloud.backend.api import names
from spaceport_app.cloud.backend.api.configuration import Configuration
from spaceport_app.cloud.backend.api.errors import ApiError, invalid
from spaceport_app.cloud.job import (
    MOST_BYTES,
    MOST_FILES,
    MOST_PARTS_A_FILE,
    PART_BYTES,
    CloudFile,
    CloudJob,
)
from spaceport_app.cloud.layout import STEPS, Step, following

_FIELDS = frozenset(
    {"name", "files", "settings", "first", "last", "email", "token", "instances", "spot"}
)
_SETTINGS = frozenset({"preset", "device", "options", "excluded"})
_MOST_SETTINGS_BYTES = 1 << 20
_MOST_NAME = 200
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")

_PROJECT_FOLDERS = frozenset({"photos", "sfm", "splats", "bundle"})
_PROJECT_FILES = frozenset({"project.json", "edits.json"})


def read(raw: Mapping[str, Any], configuration: Configuration) -> CloudJob:
    """Return the job that a body asks for, on machines that the deployment allows.

    Raises
    ------
    ApiError
        400 with the first thing that is wrong, or 413 ``too_large``.
    """
    unknown = sorted(raw.keys() - _FIELDS)
    if unknown:
        raise invalid(f"A job has no field called {unknown[0][:80]!a}.")
    first, last = steps(raw.get("first", STEPS[0]), raw.get("last", STEPS[-1]))
    files = _files(raw.get("files"))
    if first != STEPS[0]:
        for file in files:
            _check_of_project(file.name)
    return CloudJob(
        _name(raw.get("name")),
        files,
        _settings(raw.get("settings", {})),
        first,
        last,
        email(raw.get("email", "")),
        _instances(raw.get("instances", {}), configuration),
        _spot(raw.get("spot"), configuration),
    )


def token(raw: Mapping[str, Any]) -> str:
    """Return the token of a body, which is empty if it has none.

    Raises
    ------
    ApiError
        400 ``invalid``.
    """
    found = raw.get("token", "")
    if not isinstance(found, str) or (found and not _TOKEN.fullmatch(found)):
        raise invalid("The token is not 16 to 64 letters, digits, hyphens and underscores.")
    return found


def step(word: object) -> Step:
    """Return the step of that name.

    Raises
    ------
    ApiError
        400 ``unknown_step``.
    """
    for known in STEPS:
        if word == known:
            return known
    raise invalid(f"A step is one of {', '.join(STEPS)}.", "unknown_step")


def steps(first: object, last: object) -> tuple[Step, Step]:
    """Return both ends of what is to be done.

    Raises
    ------
    ApiError
        400 ``unknown_step``, or ``invalid`` for steps in the wrong order.
    """
    start, end = step(first), step(last)
    try:
        following(start, end)
    except ValueError as error:
        raise invalid(f"The step {end} comes before {start}.") from error
    return start, end


def email(raw: object) -> str:
    """Return a mail address, or an empty text.

    Raises
    ------
    ApiError
        400 ``invalid``.
    """
    if raw is None or raw == "":
        return ""
    if not isinstance(raw, str) or len(raw) > 254 or not _EMAIL.fullmatch(raw):
        raise invalid("The email is no mail address.")
    return raw


def _instances(raw: object, configuration: Configuration) -> dict[Step, str]:
    if not isinstance(raw, Mapping):
        raise invalid("The instances must be an object of a type for each step.")
    chosen = {step(name): type for name, type in raw.items()}
    for name, type in chosen.items():
        allowed = configuration.may_use(name)
        if not isinstance(type, str) or type not in allowed:
            raise invalid(
                f"This service does not allow {str(type)[:80]} for {name}, but "
                f"{', '.join(sorted(allowed))}.",
                "instance_not_allowed",
            )
    return chosen


def _spot(raw: object, configuration: Configuration) -> bool | None:
    if raw is not None and not isinstance(raw, bool):
        raise invalid("The spot must be true or false.")
    if raw in (None, configuration.spot) or configuration.spot_choice:
        return raw
    does = "only" if configuration.spot else "never"
    raise invalid(f"This service {does} trains on spare capacity.", "spot_not_allowed")


def _name(raw: object) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise invalid("The job has no name.")
    if len(raw) > _MOST_NAME:
        raise invalid(f"The name of the job has over {_MOST_NAME} characters.")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in raw):
        raise invalid("The name of the job has control characters.")
    return raw


def _files(raw: object) -> tuple[CloudFile, ...]:
    if not isinstance(raw, list) or not raw:
        raise invalid("The job has no files.")
    if len(raw) > MOST_FILES:
        raise ApiError(413, "too_large", f"A job has at most {MOST_FILES} files.")
    files = tuple(_file(number, entry) for number, entry in enumerate(raw))
    if sum(file.size for file in files) > MOST_BYTES:
        raise ApiError(413, "too_large", f"A job has at most {MOST_BYTES >> 30} GiB.")
    try:
        names.check_all(file.name for file in files)
    except ValueError as error:
        raise invalid(str(error), "bad_name") from error
    return files


def _file(number: int, raw: object) -> CloudFile:
    if not isinstance(raw, Mapping) or raw.keys() != {"name", "bytes", "sha256"}:
        raise invalid(f"File {number} must have name, bytes and sha256, no more.")
    name, size, digest = raw["name"], raw["bytes"], raw["sha256"]
    if not isinstance(name, str):
        raise invalid(f"The name of file {number} is no text.", "bad_name")
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise invalid(f"The bytes of file {number} are no whole number.")
    if size > MOST_PARTS_A_FILE * PART_BYTES:
        most = MOST_PARTS_A_FILE * PART_BYTES >> 30
        raise ApiError(413, "too_large", f"File {number} has over {most} GiB.")
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise invalid(f"The sha256 of file {number} is not 64 characters of 0-9 and a-f.")
    return CloudFile(name, size, digest)


def _check_of_project(name: str) -> None:
    folder, slash, _ = name.partition("/")
    if name not in _PROJECT_FILES and not (slash and folder in _PROJECT_FOLDERS):
        raise invalid(f"{name!a} is no file of a project that a later step reads.", "bad_name")


def _settings(raw: object) -> dict[str, Any]:
    if not isinstance(raw, dict) or raw.keys() - _SETTINGS:
        raise invalid(f"The settings must be an object of {', '.join(sorted(_SETTINGS))}.")
    for field in ("preset", "device"):
        if not isinstance(raw.get(field, ""), str):
            raise invalid(f"The {field} in the settings is no text.")
    options = raw.get("options", {})
    if not isinstance(options, dict) or not all(isinstance(v, dict) for v in options.values()):
        raise invalid("The options in the settings must be an object of objects.")
    excluded = raw.get("excluded", [])
    if not isinstance(excluded, list) or not all(isinstance(name, str) for name in excluded):
        raise invalid("The excluded in the settings must be a list of names.")
    try:
        wire.check_unicode(raw)
    except ValueError as error:
        raise invalid("The settings hold a text that is no valid Unicode.") from error
    if len(json.dumps(raw)) > _MOST_SETTINGS_BYTES:
        raise ApiError(413, "too_large", f"The settings have over {_MOST_SETTINGS_BYTES} bytes.")
    return raw
