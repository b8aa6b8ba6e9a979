from __future__ import annotations

from spaceport_app.photos.cameras import camera_key, odd_sizes
from spaceport_app.photos.metadata import Metadata

DJI = Metadata(make="DJI", model="FC300S", focal_mm=3.61)


def test_key_in_words() -> None:
    assert camera_key(DJI, 4000, 3000) == "DJI FC300S 3.6 mm 4000x3000"
    canon = Metadata(make="Canon", model="Canon EOS R5", lens="RF 24 mm", serial="12")
    assert camera_key(canon, 30, 20) == "Canon EOS R5 RF 24 mm #12 30x20"
    assert camera_key(Metadata(), 30, 20) == "Unknown camera 30x20"


def test_what_makes_another_camera() -> None:
    others = [
        (Metadata(make="DJI", model="FC330", focal_mm=3.61), 4000, 3000),
        (Metadata(make="DJI", model="FC300S", focal_mm=3.61, serial="7"), 4000, 3000),
        (Metadata(make="DJI", model="FC300S", focal_mm=3.61, zoom=2.0), 4000, 3000),
        (Metadata(make="DJI", model="FC300S", focal_mm=7.0), 4000, 3000),
        (DJI, 3000, 4000),
        (DJI, 4000, 2250),
    ]
    keys = {camera_key(*other) for other in others} | {camera_key(DJI, 4000, 3000)}
    assert len(keys) == len(others) + 1


def test_lens_noise_makes_no_other_camera() -> None:
    noisy = Metadata(make="DJI", model="FC300S", focal_mm=3.6)
    assert camera_key(noisy, 4, 3) == camera_key(DJI, 4, 3)


def test_a_single_photo_of_another_size_is_odd() -> None:
    keys, sizes = ["a"] * 4 + ["b"], [(40, 30)] * 4 + [(20, 10)]
    found = odd_sizes(keys, sizes)
    assert found[:4] == [()] * 4
    assert [finding.code for finding in found[4]] == ["odd_size"]
    assert "20x10" in found[4][0].message and "40x30" in found[4][0].message


def test_two_of_another_size_are_a_second_camera() -> None:
    assert odd_sizes(["a"] * 4 + ["b"] * 2, [(40, 30)] * 4 + [(20, 10)] * 2) == [()] * 6
    assert odd_sizes(["a", "b"], [(4, 3), (2, 1)]) == [(), ()]
    assert odd_sizes([], []) == []
