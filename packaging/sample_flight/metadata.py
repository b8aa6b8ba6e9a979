"""JPEG files with the EXIF and XMP that a drone writes, and the truth as JSON."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from sample_flight import flight
from sample_flight.flight import Shot

MAKE, MODEL = "Spaceport", "Sample Drone"
FOCAL_MM = 6.66
"""On a sensor 9.6 mm wide this is `flight.FOCAL_PX` of 1200 pixels."""

_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825


def write_photo(path: Path, picture: Image.Image, shot: Shot, quality: int) -> None:
    """Write a JPEG with the metadata of `shot`."""
    picture.save(
        path, quality=quality, subsampling=2, optimize=True, exif=_exif(shot), xmp=_xmp(shot)
    )


def _exif(shot: Shot) -> Image.Exif:
    exif = Image.Exif()
    moment = shot.taken_at.strftime("%Y:%m:%d %H:%M:%S")
    exif[0x010F], exif[0x0110] = MAKE, MODEL
    exif[0x0112] = 1
    exif[0x0131], exif[0x0132] = "make_sample_flight", moment
    details = exif.get_ifd(_EXIF_IFD)
    fraction = f"{shot.taken_at.microsecond // 1000:03d}"
    details.update(
        {
            0x829A: IFDRational(1, 1000),
            0x829D: IFDRational(28, 10),
            0x8827: 100,
            0x9000: b"0232",
            0x9003: moment,
            0x9004: moment,
            0x9291: fraction,
            0x9292: fraction,
            0x920A: IFDRational(round(FOCAL_MM * 100), 100),
            0xA002: flight.WIDTH,
            0xA003: flight.HEIGHT,
            0xA405: 24,
        }
    )
    gps = exif.get_ifd(_GPS_IFD)
    gps.update(
        {
            0: b"\x02\x03\x00\x00",
            1: "N" if shot.latitude >= 0 else "S",
            2: _degrees(shot.latitude),
            3: "E" if shot.longitude >= 0 else "W",
            4: _degrees(shot.longitude),
            5: b"\x00" if shot.altitude >= 0 else b"\x01",
            6: IFDRational(round(abs(shot.altitude) * 1000), 1000),
        }
    )
    return exif


def _degrees(angle: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    # A hundred-thousandth of a second of arc is 0.3 mm on the ground.
    seconds = Fraction(round(abs(angle) * 3600 * 100000), 100000)
    whole, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    return IFDRational(whole, 1), IFDRational(minutes, 1), IFDRational(int(rest * 100000), 100000)


def _xmp(shot: Shot) -> bytes:
    yaw = (shot.yaw + 180) % 360 - 180
    values = {
        "AbsoluteAltitude": f"{shot.altitude:+.3f}",
        "RelativeAltitude": f"{shot.above_start:+.3f}",
        "GpsLatitude": f"{shot.latitude:+.8f}",
        "GpsLongitude": f"{shot.longitude:+.8f}",
        "GimbalRollDegree": f"{shot.roll:+.1f}",
        "GimbalYawDegree": f"{yaw:+.1f}",
        "GimbalPitchDegree": f"{shot.pitch:+.1f}",
        "FlightRollDegree": f"{1.5 * math.sin(shot.centre[0]):+.1f}",
        "FlightYawDegree": f"{yaw:+.1f}",
        "FlightPitchDegree": f"{-2 + math.sin(shot.centre[1]):+.1f}",
        "CalibratedFocalLength": f"{flight.FOCAL_PX:.6f}",
        "CalibratedOpticalCenterX": f"{flight.WIDTH / 2:.6f}",
        "CalibratedOpticalCenterY": f"{flight.HEIGHT / 2:.6f}",
    }
    attributes = "\n".join(f'   drone-dji:{name}="{value}"' for name, value in values.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '  <rdf:Description rdf:about="Spaceport sample flight"\n'
        '   xmlns:tiff="http://ns.adobe.com/tiff/1.0/"\n'
        '   xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"\n'
        f'   tiff:Make="{MAKE}" tiff:Model="{MODEL}"\n{attributes}/>\n'
        " </rdf:RDF>\n</x:xmpmeta>\n"
        '<?xpacket end="w"?>'
    ).encode()


def write_truth(path: Path, shots: tuple[Shot, ...], landmarks: list[dict[str, object]]) -> None:
    """Write origin, intrinsics, poses and some visible points of the ground as JSON."""
    latitude, longitude, height = flight.ORIGIN
    truth = {
        "about": "True poses of the sample flight; see packaging/make_sample_flight.py.",
        "frame": "metres east, north, up of the origin; view matrices take the world to the"
        " camera (x right, y down, z forward); pixel (0, 0) is the corner of the photo",
        "origin": {"latitude": latitude, "longitude": longitude, "height": height},
        "intrinsics": {
            "width": flight.WIDTH,
            "height": flight.HEIGHT,
            "fx": flight.FOCAL_PX,
            "fy": flight.FOCAL_PX,
            "cx": flight.WIDTH / 2,
            "cy": flight.HEIGHT / 2,
        },
        "gps_sigma_m": list(flight.GPS_SIGMA_M),
        "landmarks": landmarks,
        "photos": {
            shot.name: {
                "centre": [round(float(v), 6) for v in shot.centre],
                "yaw": round(shot.yaw, 6),
                "pitch": round(shot.pitch, 6),
                "roll": round(shot.roll, 6),
                "view_matrix": [
                    [round(float(v), 9) for v in row] for row in flight.view_matrix(shot)
                ],
            }
            for shot in shots
        },
    }
    path.write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
