"""What a person wants of every job, kept beside the address of the service."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path

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

    upload_mbit: float = 0.0
    email: str = ""

    @property
    def bytes_a_second(self) -> float:
        """The limit of an upload; 0 for none."""
        return self.upload_mbit * 1e6 / 8


def read(file: Path | None = None) -> Preferences:
    """Return what is saved; what cannot be understood counts as not said."""
    found = connection.saved(file)
    mbit, email = found.get("upload_mbit"), found.get("email")
    usual = isinstance(mbit, int | float) and math.isfinite(mbit) and mbit >= 0
    return Preferences(
        float(mbit) if usual and mbit is not None else 0.0, email if isinstance(email, str) else ""
    )


def save(preferences: Preferences, file: Path | None = None) -> None:
    """Save what a person wants.

    Raises
    ------
    OSError
        If the settings cannot be written.
    """
    connection.change(asdict(preferences), file)
