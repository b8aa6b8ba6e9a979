"""What a person can set about reading photos."""

from __future__ import annotations

from dataclasses import dataclass

from spaceport_app.options import option


@dataclass(frozen=True)
class ImportOptions:
    """Options of the import stage."""

    leave_out_duplicates: bool = option(
        True,
        "Leave out duplicates",
        "Use each photo once when the same photo, or a resized copy of it, was added twice.",
    )
    leave_out_blurred: bool = option(
        False,
        "Leave out blurred photos",
        "Do not use photos that are far less sharp than the others of the same camera.",
    )
    blur_threshold: float = option(
        0.12,
        "Blur threshold",
        "A photo counts as blurred below this share of its camera's median fine detail.",
        minimum=0.0,
        maximum=1.0,
    )
    maximum_zip_gb: float = option(
        50.0,
        "Largest unpacked zip",
        "A zip whose photos unpack to more than this is refused.",
        unit="GB",
        minimum=0.001,
        maximum=1000.0,
    )
    maximum_megapixels: float = option(
        300.0,
        "Largest photo",
        "A photo with more pixels than this is left out, so that one file cannot fill the memory.",
        unit="MP",
        minimum=1.0,
        maximum=1000.0,
    )
