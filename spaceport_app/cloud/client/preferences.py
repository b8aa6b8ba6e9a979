"""What a person wants of every job, kept beside the address of the service."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from spaceport_app import records
from spaceport_app.cloud.client import connection


@dataclass(frozen=True)
class Preferences:
    """What a person wants of every job.

    Parameters
    ----------
    upload_mbit : float
        Megabits a second of an upload at most; 0 for no limit.
    email : str
        Who is told of the end of a job; nobody if empty.
    """

    upload_mbit: Annotated[float, Meta(ge=0.0, le=1e9)] = 0.0
    email: str = ""

    @property
    def bytes_a_second(self) -> float:
        """The limit of an upload; 0 for none."""
        return self.upload_mbit * 1e6 / 8


def read(file: Path | None = None) -> Preferences:
    """Return what is saved; what cannot be understood counts as not said."""
    return records.fitting(connection.saved(file), Preferences)


def save(preferences: Preferences, file: Path | None = None) -> None:
    """Save what a person wants.

    Raises
    ------
    OSError
        If the settings cannot be written.
    """
    connection.change(asdict(preferences), file)
