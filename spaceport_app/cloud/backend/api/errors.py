"""What the API answers instead of a result: a status, a code and a sentence for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

_BUSY = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "SlowDown",
        "ServiceUnavailable",
        "503",
    }
)
_ABSENT = frozenset({"404", "NoSuchKey", "NotFound", "NoSuchUpload"})
_FORBIDDEN = frozenset({"403", "AccessDenied", "Forbidden", "AccessDeniedException"})


class ApiError(Exception):
    """An answer that is no success.

    Parameters
    ----------
    status : int
        Of HTTP.
    code : str
        Stable word that a client can act on.
    message : str
        One sentence for a person.
    more : mapping
        Further fields of the answer.
    """

    def __init__(
        self, status: int, code: str, message: str, more: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.more = dict(more or {})


def invalid(message: str, code: str = "invalid") -> ApiError:
    """Return the answer to a request that makes no sense."""
    return ApiError(400, code, message)


def unknown_job() -> ApiError:
    """Return the answer for a job that is not there, or is another's: nobody can tell which."""
    return ApiError(404, "unknown_job", "There is no such job.")


def conflict(code: str, message: str, more: Mapping[str, Any] | None = None) -> ApiError:
    """Return the answer to a request that the job's state does not allow."""
    return ApiError(409, code, message, more)


def service_code(error: ClientError) -> str:
    """Return the code by which an AWS service names a failure."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_absent(error: ClientError) -> bool:
    """Whether an AWS service says that the thing is not there."""
    return service_code(error) in _ABSENT


def is_forbidden(error: ClientError) -> bool:
    """Whether an AWS service says that we may not."""
    return service_code(error) in _FORBIDDEN


def of_service(error: BotoCoreError | ClientError) -> ApiError:
    """Return the answer when AWS itself fails us; its words stay in the log."""
    if isinstance(error, ClientError) and service_code(error) not in _BUSY:
        return ApiError(500, "internal", "The service has failed. Its log says why.")
    return ApiError(503, "busy", "AWS is busy. Try again in a few seconds.")
