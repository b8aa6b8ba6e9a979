"""What a person can set about structure from motion."""

from __future__ import annotations

from dataclasses import dataclass

from spaceport_app.options import option


@dataclass(frozen=True)
class SfmOptions:
    """Options of the sfm stage; the defaults are those of the standard preset."""

    feature_image_size: int = option(
        1600,
        "Photo size for features",
        "Larger side to which photos are reduced before features are looked for.",
        unit="px",
        minimum=200,
        maximum=10000,
    )
    max_features: int = option(
        8192,
        "Most features in a photo",
        "More features survive poor texture but cost time and memory.",
        minimum=256,
        maximum=65536,
    )
    first_octave: int = option(
        0,
        "First octave of the features",
        "-1 doubles the photo first: more and finer features at about four times the cost.",
        minimum=-1,
        maximum=2,
    )
    neighbours: int = option(
        12,
        "Neighbours to match",
        "How many nearby photos each photo is matched with where GPS or order is used.",
        minimum=2,
        maximum=200,
    )
    pairing: str = option(
        "auto",
        "Choice of pairs",
        "Auto takes GPS neighbours, all pairs of small sets, or photo order with loop guesses.",
        choices=("auto", "neighbours", "exhaustive", "sequential"),
    )
    mapper: str = option(
        "auto",
        "Mapper",
        "Auto places all photos at once and, where that fails, one after the other.",
        choices=("auto", "global", "incremental"),
    )
    camera_model: str = option(
        "auto",
        "Lens model",
        "Auto takes OPENCV for cameras with many photos and SIMPLE_RADIAL for the others.",
        choices=("auto", "SIMPLE_RADIAL", "RADIAL", "OPENCV"),
    )
    view_size: int = option(
        1600,
        "Size of training views",
        "Larger side of the undistorted pictures; 0 keeps the full size.",
        unit="px",
        minimum=0,
        maximum=20000,
    )
    threads: int = option(
        0,
        "Threads",
        "0 takes all cores that the free memory allows.",
        minimum=0,
        maximum=512,
    )
    random_seed: int = option(
        1,
        "Random seed",
        "The same seed gives the same result on the same machine, as far as threads allow.",
        minimum=0,
        maximum=2147483647,
    )
