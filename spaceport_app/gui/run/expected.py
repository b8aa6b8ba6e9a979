"""An estimate in the words of a person, no more exact than it can be."""

from __future__ import annotations

from spaceport_app.gui.run.survey import Survey
from spaceport_app.pipeline.forecast import Forecast
from spaceport_app.quantities import duration

# The words of the command line name its flags.
_NOTES = {
    "no_cuda": "This project was set up for an NVIDIA card, and none can be used here.",
}


_HAS_JOB = "AWS has this project's job; Follow shows how far it is and fetches the results."
_SENT_IN_PART = "Part of this project has arrived on AWS; the rest is still to be sent."


def summed_up(found: Survey, *, aws: bool, looking: bool, complete: bool) -> str:
    """Return what a start would take, or why there is nothing to take.

    Parameters
    ----------
    aws : bool
        AWS is to do the work.
    looking : bool
        A newer look at the project is under way.
    complete : bool
        As far as one knows, everything is done.
    """
    if aws and found.job is not None:
        return _HAS_JOB if found.job.started else _SENT_IN_PART
    if found.there is not None and not found.complete:
        return found.there.words()
    if found.expected is not None:
        return words(found.expected)
    if looking:
        return "" if complete else "Estimating…"
    return "Everything is done." if found.complete else ""


def start_words(found: Survey, usual: str, *, aws: bool) -> str:
    """Return what the start button says; `usual` for work on this computer."""
    if not aws:
        return usual
    if found.job is not None:
        return "Follow" if found.job.started else "Go on sending"
    return usual if usual == "Try again" else "Start on AWS"


def words(forecast: Forecast) -> str:
    """Return time, memory and disk that a run will take."""
    return (
        f"About {_time(forecast.seconds)}, {_bytes(forecast.memory_bytes)} of memory, "
        f"{_bytes(forecast.disk_bytes)} of disk"
    )


def notes(forecast: Forecast) -> str:
    """Return what a person should know before the start, a line each."""
    return "\n".join(_NOTES.get(notice.code, notice.message) for notice in forecast.notices)


def lacks_gpu(forecast: Forecast | None) -> bool:
    """Whether the project wants an NVIDIA card that is not here."""
    return forecast is not None and any(one.code == "no_cuda" for one in forecast.notices)


def _time(seconds: float) -> str:
    # An estimate right to a factor of two has no seconds in its hours.
    if seconds < 55:
        return duration(max(10.0, round(seconds / 10) * 10))
    if seconds < 5400:
        return f"{max(1.0, seconds / 60):.0f} min"
    return f"{seconds / 3600:.1f} h"


def _bytes(number: float) -> str:
    # Two digits at most: more would claim what nobody knows.
    if number < 1e6:
        return "1 MB"
    if number >= 0.995e9:
        return f"{number / 1e9:.1f} GB"
    place = 10.0 ** (len(f"{number / 1e6:.0f}") - 2)
    return f"{round(number / 1e6 / place) * place:.0f} MB"
