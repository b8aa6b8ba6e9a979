from __future__ import annotations

import pytest

from spaceport_app.photos import xmp

from .conftest import xmp_packet

DJI = "http://www.dji.com/drone-dji/1.0/"


@pytest.mark.parametrize("form", ["attributes", "elements"])
def test_attributes_and_elements_read_alike(form: str) -> None:
    values = {"AbsoluteAltitude": "+198.31", "GimbalYawDegree": "-12.5"}
    properties = xmp.parse(xmp_packet(DJI, "drone-dji", values, form))
    assert properties == {f"drone-dji:{name}": value for name, value in values.items()}


def test_the_namespace_counts_and_not_its_prefix() -> None:
    packet = xmp_packet("http://pix4d.com/camera/1.0", "Cam1", {"Yaw": "3"}, "attributes")
    assert xmp.parse(packet) == {"Camera:Yaw": "3"}


def test_lists_give_all_their_items() -> None:
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:Camera="http://pix4d.com/camera/1.0"><Camera:CentralWavelength>'
        b"<rdf:Seq><rdf:li>475</rdf:li><rdf:li>560</rdf:li></rdf:Seq></Camera:CentralWavelength>"
        b"</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    assert xmp.parse(packet) == {"Camera:CentralWavelength": "475, 560"}
    assert xmp.number(xmp.parse(packet), "Camera:CentralWavelength") == 475.0


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"no xml at all",
        b"<x:xmpmeta",
        b"<a><b></a>",
        b'<!DOCTYPE a [<!ENTITY x "xxxxxxxx"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    ],
)
def test_damaged_and_hostile_packets_are_empty(packet: bytes) -> None:
    assert xmp.parse(packet) == {}


def test_padding_and_zeros_do_no_harm() -> None:
    packet = xmp_packet(DJI, "d", {"RtkFlag": "50"}, "elements")
    assert xmp.parse(b"\0\0" + packet + b"\0" * 40) == {"drone-dji:RtkFlag": "50"}


def test_numbers() -> None:
    values = {"a": "+1.5", "b": "2885/1000", "c": "nan", "d": "1/0", "e": "north"}
    assert xmp.number(values, "a") == 1.5
    assert xmp.number(values, "b") == 2.885
    assert xmp.number(values, "c", "d", "e", "f") is None
    assert xmp.number(values, "c", "a") == 1.5
