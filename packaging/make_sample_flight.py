"""Make the sample flight: photos of a procedural hamlet with drone metadata, and the truth.

Run as ``python packaging/make_sample_flight.py resources/sample_flight``; the same seed gives
the same place and flight. Pixels may differ in the last bit from one OpenGL to another.
``--horizon`` makes another flight instead, whose photos show hills and sky.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sample_flight import flight, horizon, houses, layout, metadata, terrain
from sample_flight.render import Stage

SEED = 20


def main() -> None:
    """Render the photos and write them with their metadata and ground truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quality", type=int, default=80, help="JPEG quality, 1 to 95")
    parser.add_argument("--only", type=int, nargs="*", help="numbers of the photos to render")
    parser.add_argument("--horizon", action="store_true", help="photos half of sky instead")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    place = terrain.make(SEED)
    shots = flight.plan(place, SEED, horizon.poses(SEED) if arguments.horizon else ())
    behind = horizon.Horizon() if arguments.horizon else None
    chosen = tuple(s for k, s in enumerate(shots, 1) if not arguments.only or k in arguments.only)
    with Stage(place, SEED) as stage:
        for shot, picture in zip(chosen, stage.photos(chosen, behind), strict=True):
            path = arguments.folder / shot.name
            metadata.write_photo(path, picture, shot, arguments.quality)
            print(f"{path.name}  {path.stat().st_size / 1000:.0f} kB")
    metadata.write_truth(arguments.folder / "ground_truth.json", shots, _landmarks(place))


def _landmarks(place: terrain.Terrain) -> list[dict[str, object]]:
    """Return the true places of some corners of houses, which photos show sharply."""
    marks: list[dict[str, object]] = []
    for number, house in enumerate(layout.HOUSES[:4], start=1):
        for end, point in zip("ab", houses.ridge_ends(house, place), strict=True):
            marks.append({"name": f"house {number} ridge {end}", "point": point})
    return marks


if __name__ == "__main__":
    main()
