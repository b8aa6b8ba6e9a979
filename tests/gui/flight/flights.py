"""Flights made up for tests: photos over a village, and what was reconstructed of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from gui.photos.builders import photo
from spaceport_app.gui.flight.scene import rotation
from spaceport_app.photos.frame import LocalFrame
from spaceport_app.photos.model import Orientation, Origin, PhotoSet, Position
from spaceport_app.sfm.model import Cloud, Georeference, Reconstruction, View

ORIGIN = Origin(47.8, 11.2, 700.0)
TAKE_OFF = -35.0
"""z of the place of take-off."""

PLACES = np.array([[x, y, 5.0] for y in (-20.0, 0.0, 20.0) for x in (-30.0, -10.0, 10.0, 30.0)])


def photo_set(folder: Path | None = None, gps: bool = True) -> PhotoSet:
    """Twelve photos that look straight down, 40 m above take-off; files where there is a folder."""
    geodetic = LocalFrame(ORIGIN).to_geodetic(PLACES)
    listed = []
    for number, (latitude, longitude, height) in enumerate(geodetic):
        name = f"P{number:02d}.png"
        if folder is not None:
            Image.new("RGB", (64, 48), (200, 40, 40)).save(folder / name)
        place = Position(latitude, longitude, height, PLACES[number, 2] - TAKE_OFF)
        made = photo(
            name,
            sharpness=float(number),
            # The first is the last in time.
            taken_at=f"2026-05-01T10:{number or 30:02d}:00",
            position=place if gps else None,
            path=(folder or Path("/photos")) / name,
        )
        listed.append(replace(made, orientation=Orientation(0.0, -90.0, 0.0)))
    return PhotoSet(tuple(listed), (), ORIGIN if gps else None)


def reconstruction(photos: PhotoSet, left_out: tuple[str, ...] = (), gps: bool = True):
    """Views a metre east of what GPS says, and points on the ground."""
    views = []
    for number, item in enumerate(photos.photos):
        if item.name in left_out:
            continue
        matrix = np.eye(4)
        matrix[:3, :3] = rotation(0.0, -90.0, 0.0).T
        matrix[:3, 3] = -matrix[:3, :3] @ (PLACES[number] + [1.0, 0.0, 0.0])
        views.append(View(item.name, item.path, 640, 480, 500.0, 500.0, 320.0, 240.0, matrix))
    points = np.random.default_rng(1).uniform([-40, -30, -36], [40, 30, -34], (500, 3))
    cloud = Cloud(
        points, np.full((500, 3), 200, np.uint8), np.ones(500, np.float32), np.full(500, 3)
    )
    place = (ORIGIN.latitude, ORIGIN.longitude, ORIGIN.height) if gps else None
    residuals = {view.name: (3.0, 4.0, float("nan")) for view in views} if gps else {}
    georeference = Georeference(place, None, None, "gps", "", 5.0, None, residuals)
    reasons = {name: "It doesn't overlap enough." for name in left_out}
    return Reconstruction(tuple(views), cloud, georeference, reasons)
