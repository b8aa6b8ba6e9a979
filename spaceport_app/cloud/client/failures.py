"""What can go wrong between this computer and AWS, in words for a person."""

from __future__ import annotations

from spaceport_app.errors import StageError

CLOCK_TOLERANCE_S = 300.0
"""Difference of clocks that signatures of AWS bear."""


class CloudError(StageError):
    """Something between this computer and the service in the cloud."""


class RefusedError(CloudError):
    """The service has understood a request and does not do what it asks for."""


class IncompleteError(CloudError):
    """The service misses some of a job's files: their numbers are `missing`."""

    def __init__(self, missing: tuple[int, ...]) -> None:
        super().__init__(
            "incomplete",
            f"{len(missing)} files have not arrived whole.",
            "Submit again: only what is missing is sent.",
        )
        self.missing = missing

    def __reduce__(self) -> tuple[type[IncompleteError], tuple[tuple[int, ...]]]:  # type: ignore[override]
        return type(self), (self.missing,)


class Halted(Exception):  # noqa: N818 - it is no error
    """Whoever waits is to wait no longer: a stop was asked for."""


def no_endpoint() -> CloudError:
    """Nobody has said where the service is."""
    return CloudError(
        "no_endpoint",
        "Spaceport does not know which AWS service to use.",
        "Connect first: spaceport cloud connect ADDRESS.",
    )


def no_key() -> CloudError:
    """There is no API key."""
    return CloudError(
        "no_key",
        "There is no API key for the AWS service.",
        "Connect first: spaceport cloud connect ADDRESS, or set SPACEPORT_API_KEY.",
    )


def wrong_key() -> CloudError:
    """The service does not know the API key."""
    return CloudError(
        "wrong_key",
        "The AWS service does not accept this API key.",
        "Check the key with whoever runs the service, and connect again.",
    )


def wrong_endpoint(endpoint: str) -> CloudError:
    """Something answers, but it is not Spaceport's service."""
    return CloudError(
        "wrong_endpoint",
        f"{endpoint} is not the address of a Spaceport service.",
        "Use the address that the deployment showed, with its stage at the end.",
    )


def bad_endpoint(endpoint: str) -> CloudError:
    """An address to which no key may be sent."""
    return CloudError(
        "bad_endpoint",
        f"{endpoint} is no secure address.",
        "Give an address that begins with https://.",
    )


def unreachable(host: str, why: str) -> CloudError:
    """No connection could be made."""
    return CloudError(
        "no_network",
        f"{host} cannot be reached ({why}).",
        "Check the network and the address; what has arrived stays there.",
    )


def untrusted(host: str, why: str) -> CloudError:
    """The certificate of the service is not accepted."""
    return CloudError(
        "bad_certificate",
        f"The certificate of {host} is not accepted ({why}).",
        "Check this computer's date and time, and the network you are in.",
    )


def clock_skew(seconds: float) -> CloudError:
    """The clock here is too wrong for signatures; `seconds` ahead, or behind if negative."""
    return CloudError(
        "clock_skew",
        f"This computer's clock is {_span(abs(seconds))} {'ahead' if seconds > 0 else 'behind'}.",
        "Set date and time right, best by the network, and try again.",
    )


def busy(why: str) -> CloudError:
    """The service went on refusing for as long as we asked."""
    return CloudError(
        "service_busy",
        f"The AWS service does not work at the moment ({why}).",
        "Try again in some minutes: it goes on from where it was.",
    )


def refused_by_storage(why: str) -> CloudError:
    """S3 does not take what the service has signed, and would not take it later either."""
    return CloudError(
        "storage_refused",
        f"The storage of the AWS service refuses the transfer ({why}).",
        "Tell whoever runs the service; what has arrived stays there.",
    )


def no_job(job: str) -> CloudError:
    """The job is unknown to the service, or belongs to another key."""
    return CloudError(
        "no_job",
        f"There is no job {job} on AWS under this API key.",
        "It was deleted or has expired; submit the project again.",
    )


def refused(code: str, sentence: str, remedy: str = "") -> RefusedError:
    """The service says what is wrong with a request."""
    return RefusedError(code, sentence, remedy or "Mend that and try again.")


def limited(code: str, sentence: str, remedy: str = "") -> RefusedError:
    """A limit of the API key is reached, which waiting some seconds does not change."""
    usual = "Try again tomorrow, or ask whoever runs the service for more."
    return RefusedError(code, sentence, remedy or usual)


def not_understood(what: str) -> CloudError:
    """An answer makes no sense."""
    return CloudError(
        "bad_answer",
        f"The AWS service answered what Spaceport does not understand ({what}).",
        "Bring Spaceport and the service to the same version.",
    )


def _span(seconds: float) -> str:
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    hours = seconds / 3600
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"
