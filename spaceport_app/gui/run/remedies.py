"""What the window can do about a failure: a sentence for people who use no terminal, and a button.

Failures carry a remedy in words already; where those name commands, or where the window can
do the thing itself, this table has better ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from spaceport_app.events import Failed
from spaceport_app.pipeline import presets
from spaceport_app.project.model import Settings

Deed: TypeAlias = Literal[
    "again",
    "import_again",
    "sfm_again",
    "look_again",
    "options",
    "lower",
    "cpu",
    "photos",
    "aws",
    "aws_jobs",
    "aws_prices",
]


@dataclass(frozen=True)
class Remedy:
    """What to do about a failure.

    Parameters
    ----------
    sentence : str
        What to do, for a person.
    deed : str
        What the button does.
    button : str
        What the button says.
    """

    sentence: str
    deed: Deed = "again"
    button: str = "Try again"


_OPTIONS = Remedy("", "options", "Open the options")
_PHOTOS = Remedy("", "photos", "Add photos")
_READ = Remedy("Read the photos again.", "import_again", "Read the photos again")
_PLACE = Remedy("Find the camera positions again.", "sfm_again", "Find the positions again")

_AWS = Remedy("", "aws", "AWS connection…")
_AWS_JOBS = Remedy("", "aws_jobs", "Jobs on AWS…")

_TABLE = {
    "photo_missing": Remedy(
        "Put it back and try again, or go on without it.", "import_again", "Go on without it"
    ),
    "photo_changed": _READ,
    "bad_photo_list": _READ,
    "no_photo_list": _READ,
    "bad_reconstruction": _PLACE,
    "view_unreadable": _PLACE,
    "no_photos": _PHOTOS,
    "too_few_photos": _PHOTOS,
    "no_overlap": _PHOTOS,
    "too_few_views": _PHOTOS,
    "all_blurred": replace(_PHOTOS, button="Add other photos"),
    "bad_option": _OPTIONS,
    "bad_settings": _OPTIONS,
    "training_diverged": _OPTIONS,
    "too_few_points": _OPTIONS,
    "unknown_photo": _OPTIONS,
    "ambiguous_photo": _OPTIONS,
    "nothing_to_train": _OPTIONS,
    "unknown_format": _OPTIONS,
    "too_many_gaussians": _OPTIONS,
    "no_cuda": Remedy("Train with the processor instead.", "cpu", "Use the processor"),
    "out_of_memory": Remedy("", "lower"),
    "no_memory": Remedy("", "lower"),
    "disk_too_small": Remedy(
        "Free some space, or move the project to another disk.", "look_again", "Check again"
    ),
    "disk_full": Remedy("Free some space and try again; finished work is kept."),
    "no_permission": Remedy("Check the permissions of the file or folder, then try again."),
    "project_locked": Remedy(
        "Wait until the other Spaceport is done, or stop it there.", "look_again", "Check again"
    ),
    "no_endpoint": replace(_AWS, sentence="Enter the address and API key of the service."),
    "no_key": replace(_AWS, sentence="Enter the API key of the service."),
    "wrong_key": replace(
        _AWS, sentence="Check the key with whoever runs the service, and enter it again."
    ),
    "wrong_endpoint": _AWS,
    "bad_endpoint": _AWS,
    "other_service": _AWS,
    "no_price": Remedy("Choose another machine, or add it to the prices.", "aws_prices", "Prices…"),
    "bad_prices": Remedy("Look at the prices and save them anew.", "aws_prices", "Prices…"),
    "bad_submission": replace(
        _AWS_JOBS, sentence="Remove that file. The results can be fetched from the list of jobs."
    ),
    "file_missing": replace(
        _AWS_JOBS, sentence="Put it back and go on, or delete the job and begin anew."
    ),
    "file_changed": replace(_AWS_JOBS, sentence="Delete the job and begin anew."),
    "stop_unconfirmed": replace(_AWS_JOBS, sentence="Stop it again in the list of jobs."),
    "no_job": Remedy("It was deleted or has expired; start again.", "again", "Start again"),
    "job_deleted": Remedy("Start again.", "again", "Start again"),
}


def find(failure: Failed, settings: Settings) -> Remedy:
    """Return the best remedy for a failure of a project with `settings`."""
    known = _TABLE.get(failure.code, Remedy(""))
    sentence = known.sentence or failure.remedy
    if known.deed == "lower":
        lower = lower_preset(settings.preset)
        if lower is None:
            return Remedy(sentence)
        return Remedy(sentence, "lower", f"Use the {lower} preset")
    return replace(known, sentence=sentence)


def lower_preset(name: str) -> str | None:
    """Return the preset that asks for less than `name`; None below the lowest."""
    if name not in presets.NAMES:
        return None
    if name == presets.TIMED:
        return presets.NAMES[0]
    place = presets.NAMES.index(name)
    return presets.NAMES[place - 1] if place > 0 else None
