from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational as R

from .doors import Spaceport

PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" '
    b'drone-dji:SelfData="A&B" drone-dji:GpsLatitude="+47.123456789" '
    b'drone-dji:GpsLongitude="+11.987654321" drone-dji:AbsoluteAltitude="+700.25" '
    b'drone-dji:RelativeAltitude="+40.5" drone-dji:GimbalYawDegree="-12.5" '
    b'drone-dji:GimbalPitchDegree="-75.0"/></rdf:RDF></x:xmpmeta>'
)


def test_where_a_photo_was_taken_and_who_says_so(spaceport: Spaceport, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[271] = "DJI"
    gps = exif.get_ifd(0x8825)
    # Whole seconds: 47 7 24, 11 59 15.
    gps.update({1: "N", 2: (R(47, 1), R(7, 1), R(24, 1)), 5: b"\3", 6: R(7, 1)})
    gps.update({3: "E", 4: (R(11, 1), R(59, 1), R(15, 1))})
    Image.new("RGB", (64, 48), "grey").save(tmp_path / "a.jpg", exif=exif, xmp=PACKET)
    found = spaceport("inspect", "a.jpg", "--json").json
    assert found["position"]["latitude"] == 47.123456789
    assert found["position"]["longitude"] == 11.987654321
    assert found["position"]["altitude"] == 700.25
    assert found["position"]["relative_altitude"] == found["relative_altitude"] == 40.5
    assert found["position"]["source"] == "XMP (drone-dji)"
    assert found["position"]["step_m"] == pytest.approx(1.1e-4, rel=0.02)
    assert [(p["source"], round(p["step_m"])) for p in found["other_positions"]] == [("EXIF", 31)]
    assert [(a["source"], a["metres"], a["reference"]) for a in found["altitudes"]] == [
        ("drone-dji:AbsoluteAltitude", 700.25, None),
        ("EXIF", -7.0, "sea level"),
    ]
    assert found["orientation"] == {"yaw": -12.5, "pitch": -75.0, "roll": 0.0}
    assert found["findings"] == []
    text = spaceport("inspect", "a.jpg").out
    assert "40.5 m above take-off, from XMP (drone-dji)" in text


def test_a_photo_without_a_place_keeps_its_height(spaceport: Spaceport, tmp_path: Path) -> None:
    packet = PACKET.replace(b"GpsLatitude", b"Gpslat1tude")
    Image.new("RGB", (64, 48), "grey").save(tmp_path / "a.jpg", xmp=packet)
    found = spaceport("inspect", "a.jpg", "--json").json
    assert found["position"] is None and found["relative_altitude"] == 40.5
    assert [finding["code"] for finding in found["findings"]] == ["no_gps"]
    assert "no GPS, 40.5 m above take-off" in spaceport("inspect", "a.jpg").out
