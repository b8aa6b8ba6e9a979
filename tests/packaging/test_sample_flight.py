"""The sample flight agrees with itself: pixels, metadata and the truth beside them."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pyproj import Transformer

Floats = npt.NDArray[np.float64]
DRONE = "{http://www.dji.com/drone-dji/1.0/}"


@pytest.fixture(scope="module")
def truth(sample_flight: Path) -> dict[str, Any]:
    text = (sample_flight / "ground_truth.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


@pytest.fixture(scope="module")
def to_local(truth: dict[str, Any]) -> Transformer:
    """Geographic to local coordinates, by another way than the one the flight was made with."""
    origin = truth["origin"]
    return Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
        "+step +proj=cart +ellps=WGS84 +step +proj=topocentric +ellps=WGS84 "
        f"+lat_0={origin['latitude']} +lon_0={origin['longitude']} +h_0={origin['height']}"
    )


def photos(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.JPG"))


def gps(path: Path) -> tuple[float, float, float]:
    """Longitude, latitude, altitude from the EXIF block."""
    with Image.open(path) as image:
        block = image.getexif().get_ifd(0x8825)
    sixtieths = np.array([1, 1 / 60, 1 / 3600])
    latitude = float(np.array(block[2], dtype=float) @ sixtieths) * (-1 if block[1] == "S" else 1)
    longitude = float(np.array(block[4], dtype=float) @ sixtieths) * (-1 if block[3] == "W" else 1)
    return longitude, latitude, float(block[6]) * (-1 if block[5] == b"\x01" else 1)


def drone(path: Path) -> dict[str, float]:
    """The drone's own XMP values."""
    from defusedxml import ElementTree

    with Image.open(path) as image:
        packet = image.info["xmp"]
    tree = ElementTree.fromstring(packet)
    values = next(e for e in tree.iter() if f"{DRONE}GimbalPitchDegree" in e.attrib).attrib
    return {k.removeprefix(DRONE): float(v) for k, v in values.items() if k.startswith(DRONE)}


def test_there_are_30_photos_of_at_most_8_mb(sample_flight: Path, truth: dict[str, Any]) -> None:
    found = photos(sample_flight)
    assert [p.name for p in found] == sorted(truth["photos"])
    assert len(found) == 30
    assert sum(p.stat().st_size for p in found) <= 8_000_000
    for path in found:
        with Image.open(path) as image:
            image.load()
            assert image.size == (truth["intrinsics"]["width"], truth["intrinsics"]["height"])


def test_gps_agrees_with_the_truth_within_its_noise(
    sample_flight: Path, truth: dict[str, Any], to_local: Transformer
) -> None:
    errors = np.array(
        [
            np.array(to_local.transform(*gps(p))) - truth["photos"][p.name]["centre"]
            for p in photos(sample_flight)
        ]
    )
    sigma = np.array(truth["gps_sigma_m"])
    assert (np.abs(errors) < 4 * sigma).all()
    # 30 samples: their spread lies within 40 % of the stated one, and their mean near nothing.
    assert errors.std(axis=0) == pytest.approx(sigma, rel=0.4)
    assert (np.abs(errors.mean(axis=0)) < 4 * sigma / np.sqrt(30)).all()


def test_drone_values_agree_with_the_truth(sample_flight: Path, truth: dict[str, Any]) -> None:
    for path in photos(sample_flight):
        said, true = drone(path), truth["photos"][path.name]
        assert said["GimbalPitchDegree"] == pytest.approx(true["pitch"], abs=0.051)
        assert said["GimbalRollDegree"] == pytest.approx(true["roll"], abs=0.051)
        turn = (said["GimbalYawDegree"] - true["yaw"] + 180) % 360 - 180
        assert abs(turn) <= 0.051
        longitude, latitude, altitude = gps(path)
        assert said["AbsoluteAltitude"] == pytest.approx(altitude, abs=0.002)
        assert said["GpsLatitude"] == pytest.approx(latitude, abs=2e-8)
        assert said["GpsLongitude"] == pytest.approx(longitude, abs=2e-8)
        assert said["CalibratedFocalLength"] == truth["intrinsics"]["fx"]


def test_numbers_carry_a_leading_sign_as_drones_write_them(sample_flight: Path) -> None:
    with Image.open(photos(sample_flight)[0]) as image:
        packet = bytes(image.info["xmp"])
    assert b'drone-dji:RelativeAltitude="+' in packet


def test_focal_length_agrees_in_every_notation(sample_flight: Path, truth: dict[str, Any]) -> None:
    for path in photos(sample_flight):
        with Image.open(path) as image:
            details = image.getexif().get_ifd(0x8769)
        diagonal_px = np.hypot(*[truth["intrinsics"][k] for k in ("width", "height")])
        film = details[0xA405] / np.hypot(36, 24) * diagonal_px
        assert film == pytest.approx(truth["intrinsics"]["fx"], rel=0.001)
        sensor_width_mm = 9.6
        pixels = float(details[0x920A]) / sensor_width_mm * truth["intrinsics"]["width"]
        assert pixels == pytest.approx(truth["intrinsics"]["fx"], rel=0.002)


def test_photos_follow_each_other_in_two_to_three_seconds(sample_flight: Path) -> None:
    moments = []
    for path in photos(sample_flight):
        with Image.open(path) as image:
            details = image.getexif().get_ifd(0x8769)
        text = f"{details[0x9003]}.{details[0x9291]}"
        moments.append(datetime.strptime(text, "%Y:%m:%d %H:%M:%S.%f"))
    gaps = [(b - a).total_seconds() for a, b in pairwise(moments)]
    assert min(gaps) >= 2
    assert max(gaps) <= 3.1


def test_view_matrices_are_the_stated_centres_and_angles(truth: dict[str, Any]) -> None:
    for photo in truth["photos"].values():
        view = np.array(photo["view_matrix"])
        rotation = view[:3, :3]
        assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-8)
        assert np.linalg.det(rotation) == pytest.approx(1)
        assert -rotation.T @ view[:3, 3] == pytest.approx(photo["centre"], abs=1e-5)
        forward, right = rotation[2], rotation[0]
        assert np.degrees(np.arcsin(-forward[2])) == pytest.approx(
            min(-photo["pitch"], 180 + photo["pitch"]), abs=1e-3
        )
        # Clockwise from north: the right side of a northward camera points east.
        yaw = np.degrees(np.arctan2(-right[1], right[0])) % 360
        assert abs((yaw - photo["yaw"] + 180) % 360 - 180) < 0.5


def test_flight_has_an_orbit_and_a_grid_with_overlap(truth: dict[str, Any]) -> None:
    poses = list(truth["photos"].values())
    orbit = [p for p in poses if p["pitch"] > -60]
    grid = [p for p in poses if p["pitch"] <= -60]
    assert (len(orbit), len(grid)) == (14, 16)
    assert all(35 <= p["centre"][2] <= 50 for p in poses)
    intrinsics = truth["intrinsics"]
    for a, b in pairwise(grid):
        if abs(a["pitch"] - b["pitch"]) > 2:
            continue
        footprint = a["centre"][2] * intrinsics["width"] / intrinsics["fx"]
        step = np.linalg.norm(np.subtract(a["centre"], b["centre"])[:2])
        assert 1 - step / footprint >= 0.70


def project(truth: dict[str, Any], name: str, point: Floats) -> Floats:
    """Pixel of a world point, (0, 0) at the corner of the photo."""
    view = np.array(truth["photos"][name]["view_matrix"])
    x, y, z = view[:3, :3] @ point + view[:3, 3]
    k = truth["intrinsics"]
    return np.array([k["fx"] * x / z + k["cx"], k["fy"] * y / z + k["cy"]])


def shift(first: Floats, second: Floats, reach: int) -> tuple[float, float]:
    """Where a small patch fits best in a larger one, in pixels from the middle; and how well."""
    size = len(first)
    a = (first - first.mean()) / first.std()
    best, where = -1.0, (0, 0)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            b = second[reach + dy :, reach + dx :][:size, :size]
            likeness = float((a * (b - b.mean())).mean() / (b.std() + 1e-9))
            if likeness > best:
                best, where = likeness, (dx, dy)
    return float(np.hypot(*where)), best


def test_known_points_show_where_the_truth_projects_them(
    sample_flight: Path, truth: dict[str, Any]
) -> None:
    """Roof ridges look the same around their projections in photos taken side by side."""
    names = sorted(n for n, p in truth["photos"].items() if p["pitch"] < -85)
    pictures = {
        n: np.asarray(Image.open(sample_flight / n).convert("L"), dtype=np.float64) for n in names
    }
    half, reach = 9, 6
    misses = []
    for a, b in pairwise(names):
        if np.linalg.norm(np.subtract(*[truth["photos"][n]["centre"] for n in (a, b)])) > 20:
            continue
        for first, second in zip(truth["landmarks"][::2], truth["landmarks"][1::2], strict=True):
            ends = np.array([first["point"], second["point"]])
            for t in (0.1, 0.3, 0.5, 0.7, 0.9):
                point = ends[0] * (1 - t) + ends[1] * t
                (ua, va), (ub, vb) = (
                    np.round(project(truth, n, point)).astype(int) for n in (a, b)
                )
                edge = half + reach + 2
                inside = all(edge < u < 1200 - edge for u in (ua, ub))
                if not inside or not all(edge < v < 900 - edge for v in (va, vb)):
                    continue
                patch = pictures[a][va - half : va + half + 1, ua - half : ua + half + 1]
                wide = half + reach
                other = pictures[b][vb - wide : vb + wide + 1, ub - wide : ub + wide + 1]
                distance, likeness = shift(patch, other, reach)
                if likeness > 0.6:
                    misses.append(distance)
    assert len(misses) >= 10
    assert float(np.median(misses)) <= 1.0
