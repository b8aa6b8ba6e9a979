from __future__ import annotations

import io
import os
import struct
import time
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spaceport_app import resources
from spaceport_app.photos import decode, effort, jpeg
from spaceport_app.photos.decode import UndecodableError
from spaceport_app.photos.model import Finding

from .conftest import texture
from .hostile import many_scans, tiff_of_strips


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def refused(data: bytes) -> Finding:
    with pytest.raises(UndecodableError) as caught:
        decode.decode(data)
    return caught.value.finding


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("size", "scans"), [((16000, 12000), 5000), ((4000, 3000), 1000), ((640, 480), 30_000)]
)
def test_a_jpeg_of_thousands_of_scans_is_refused_at_once(size: tuple[int, int], scans: int) -> None:
    data = many_scans(size, scans)
    began = time.process_time()
    finding = refused(data)
    assert finding.code == "too_slow" and "damaged" not in finding.message
    assert time.process_time() - began < 3.0


def test_a_small_picture_is_refused_at_once_as_well(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(many_scans((16000, 12000), 500))
    with pytest.raises(UndecodableError) as caught:
        decode.open_small(tmp_path / "a.jpg", 256)
    assert caught.value.finding.code == "too_slow"


def test_scans_behind_odd_bytes_and_between_tables_are_counted() -> None:
    data = many_scans((64, 64), 200)
    first = data.index(b"\xff\xda")
    hidden = b"\xff\xfe\x00\x06\xff\xd9\xff\xd9"  # A comment that looks like the end.
    odd = data[:first] + b"\xff\xff" + hidden + data[first:]
    assert jpeg.scans(odd) == jpeg.scans(data) == data.count(b"\xff\xda")


def test_markers_in_previews_and_comments_are_no_scans() -> None:
    picture = saved(texture(0, (640, 480)), "JPEG", progressive=True)
    comment = b"\xff\xda" * 5000
    data = picture[:2] + b"\xff\xe5" + struct.pack(">H", len(comment) + 2) + comment + picture[2:]
    assert jpeg.scans(data) == picture.count(b"\xff\xda") < 16
    assert decode.decode(data).image.size == (640, 480)
    # What follows the end of the picture is not decoded.
    assert decode.decode(picture + b"\xff\xda" * 5000).image.size == (640, 480)


@pytest.mark.timeout(60)
def test_a_tiff_cannot_hide_what_a_jpeg_may_not_do() -> None:
    scans = many_scans((4000, 3000), 2000)
    assert refused(tiff_of_strips((4000, 3000), scans, 1, 7)).code == "too_slow"
    # Few scans, but in each of many strips, all of which are the same bytes.
    strip = many_scans((8000, 16), 60)
    data = tiff_of_strips((8000, 8000), strip, 500, 7)
    assert refused(data).code == "too_slow"


def test_a_tiff_that_names_its_bytes_over_and_over_is_refused() -> None:
    strip = zlib.compress(bytes(1000 * 16)) + bytes(100_000)
    assert refused(tiff_of_strips((1000, 8000), strip, 500, 8)).code == "too_slow"


@pytest.mark.parametrize("compression", ["raw", "jpeg", "tiff_lzw", "tiff_adobe_deflate"])
def test_usual_tiffs_are_read(compression: str) -> None:
    data = saved(texture(0, (1200, 900)), "TIFF", compression=compression)
    assert decode.decode(data).image.size == (1200, 900)


def test_a_tile_larger_than_the_picture_counts() -> None:
    data = tiff_of_strips((640, 480), bytes(640 * 480), 1, 1)
    # The tags of strips become those of one tile.
    for strip, tile in ((273, 324), (278, 322), (279, 325), (277, 323)):
        data = data.replace(struct.pack("<H", strip), struct.pack("<H", tile))
    at = data.index(struct.pack("<HH", 323, 3))
    huge = struct.pack("<HHIIHHII", 322, 4, 1, 40_000, 323, 4, 1, 40_000)
    at_width = data.index(struct.pack("<HH", 322, 4))
    data = data[:at] + huge[12:] + data[at + 12 : at_width] + huge[:12] + data[at_width + 12 :]
    assert decode.Opened.of(data, 2000).pixels == 1_600_000_000
    assert refused(data).code == "too_large"


def test_a_decoder_that_takes_too_long_gets_no_more_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(texture(0, (1600, 1200)), "PNG")
    monkeypatch.setattr(effort, "_DECODING_S", -1.0)
    monkeypatch.setattr(effort, "_DECODING_S_A_MEGAPIXEL", 0.0)
    assert refused(data).code == "too_slow"


def test_a_photo_that_does_not_fit_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(Image.new("RGB", (4000, 3000)), "JPEG")
    monkeypatch.setattr(resources, "free_memory_bytes", lambda: 100_000_000)
    finding = refused(data)
    assert finding.code == "too_large"
    assert finding.message == (
        "The photo of 12 megapixels takes 144.0 MB of memory, and 100.0 MB are free."
    )
    monkeypatch.setattr(resources, "free_memory_bytes", lambda: 150_000_000)
    assert decode.decode(data).image.size == (4000, 3000)


def test_deep_grey_takes_little_beside_its_pixels() -> None:
    side = 5000
    row = b"\0" + struct.pack(">H", 4095) * side
    body = b"\x89PNG\r\n\x1a\n"
    for name, part in (
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 16, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(row * side, 1)),
        (b"IEND", b""),
    ):
        body += (
            struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
        )
    tracemalloc.start()
    try:
        image = decode.decode(body).image
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert image.getpixel((side - 1, side - 1)) == (255, 255, 255)
    assert peak < 4 * side * side


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
def test_bands_of_rows_make_one_picture(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from spaceport_app.photos import tones

    kind = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
    values = np.random.default_rng(1).integers(0, 4096, (77, 50)).astype(kind)
    whole = np.asarray(tones.to_rgb(Image.fromarray(values)))
    monkeypatch.setattr(tones, "_BAND_PIXELS", 50 * 10)
    banded = np.asarray(tones.to_rgb(Image.fromarray(values)))
    assert np.array_equal(whole, banded)
    if mode != "F":
        assert np.array_equal(whole[..., 0], values >> 4)
    monkeypatch.setattr(tones, "_MOST_SAMPLES", 300)
    assert np.abs(np.asarray(tones.to_rgb(Image.fromarray(values)), int) - whole).max() < 12


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.timeout(20)
def test_a_pipe_and_a_device_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    for name in ("pipe.jpg", "zero.jpg"):
        for read in (decode.open_rgb, decode.size_of, lambda path: decode.open_small(path, 64)):
            with pytest.raises(UndecodableError):
                read(tmp_path / name)


def test_a_file_that_grows_is_read_as_far_as_it_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"\xff\xd8\xff" + bytes(100))
    look = decode._kind

    def growing(data: bytes) -> str:
        with path.open("ab") as file:
            file.write(bytes(1000))
        return look(data)

    monkeypatch.setattr(decode, "_kind", growing)
    assert len(decode.read_bytes(path)) == 103
    assert path.stat().st_size == 1103


def test_what_is_no_photo_is_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "a.jpg").open("wb") as file:
        file.truncate(3 << 30)
    tracemalloc.start()
    try:
        with pytest.raises(UndecodableError, match="not a photo"):
            decode.read_bytes(tmp_path / "a.jpg")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_the_size_is_told_by_the_headers(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(saved(texture(0, (320, 240)), "JPEG"))
    assert decode.size_of(tmp_path / "a.jpg") == (320, 240)
    with pytest.raises(UndecodableError):
        decode.size_of(tmp_path / "gone.jpg")
