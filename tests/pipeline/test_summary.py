from __future__ import annotations

from typing import Any

from spaceport_app.pipeline import summary
from spaceport_app.quantities import count, duration, size


def report(**stages: dict[str, Any]) -> dict[str, Any]:
    return {
        "files": ["/p/export/p.sog"],
        "stages": {
            name: {
                "label": name.capitalize(),
                "seconds": 10.0,
                "peak_memory_bytes": 5e8,
                "resumed": name == "train",
                "report": figures,
            }
            for name, figures in stages.items()
        },
    }


COMPRESSED = {
    "bytes": 1_500_000,
    "ratio": 5.39,
    "position_rms_m": 0.0016,
    "rotation_rms_degrees": 0.357,
    "opacity_rms": 0.0011,
    "held_out_psnr_db": 25.1,
    "held_out_ssim": 0.73,
}


def test_the_report_holds_every_figure_asked_for() -> None:
    text = "\n".join(
        summary.lines(
            report(
                **{
                    "import": {
                        "photos": 20,
                        "used": 19,
                        "left_out": [{"name": "a.jpg", "code": "blurred", "message": "Blurred."}],
                    },
                    "sfm": {
                        "registered": 18,
                        "left_out": {"b.jpg": "No overlap."},
                        "horizontal_rmse_m": 0.391,
                        "vertical_rmse_m": 0.176,
                        "points": 3066,
                        "reprojection_error_px": 0.441,
                    },
                    "train": {
                        "gaussians": 59635,
                        "psnr_db": 25.384,
                        "ssim": 0.7306,
                        "held_out": ["c.jpg", "d.jpg"],
                    },
                    "compress": COMPRESSED,
                }
            )
        )
    )
    for words in (
        "18 of 20 used",
        "a.jpg: Blurred.",
        "b.jpg: No overlap.",
        "0.39 m horizontal, 0.18 m vertical",
        "3,066",
        "59,635",
        "PSNR 25.38 dB, SSIM 0.731 over 2 photos never trained with",
        "1.5 MB, 5.4 times smaller",
        "positions 1.6 mm, rotations 0.36°, opacities 0.0011",
        "PSNR 25.10 dB",
        "/p/export/p.sog",
        "500.0 MB",
        "went on after a stop",
        "40 s",
    ):
        assert words in text


def test_without_gps_no_metres_are_claimed() -> None:
    text = "\n".join(
        summary.lines(
            report(
                sfm={"horizontal_rmse_m": None, "reason": "No photo has GPS.", "points": 5},
                train={"gaussians": 5, "psnr_db": None, "ssim": None, "held_out": []},
                compress=COMPRESSED,
            )
        )
    )
    assert "none: No photo has GPS." in text
    assert "0.0016 units" in text
    assert " mm" not in text
    assert "the quality was not measured" in text


def test_many_photos_left_out_are_counted() -> None:
    left = [{"name": f"{n}.jpg", "code": "x", "message": "Dark."} for n in range(30)]
    rows = summary.lines(report(**{"import": {"photos": 40, "used": 10, "left_out": left}}))
    assert sum("Dark." in row for row in rows) == 8
    assert any("and 22 more" in row for row in rows)


def test_units() -> None:
    assert [duration(s) for s in (0.4, 59.4, 59.6, 125, 3599.6, 3725)] == [
        "0 s",
        "59 s",
        "1:00 min",
        "2:05 min",
        "1:00:00 h",
        "1:02:05 h",
    ]
    assert [size(n) for n in (0, 999, 1000, 1_518_231, 2.5e9, 3e12)] == [
        "0 bytes",
        "999 bytes",
        "1.0 kB",
        "1.5 MB",
        "2.5 GB",
        "3000.0 GB",
    ]
    assert count(1234567.0) == "1,234,567"
