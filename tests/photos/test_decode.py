from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spaceport_app.photos import decode
from spaceport_app.photos.decode import UndecodableError

from .conftest import MakePhoto, texture


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def code_of(data: bytes, megapixels: float = 300.0) -> str:
    with pytest.raises(UndecodableError) as caught:
        decode.decode(data, megapixels)
    assert caught.value.finding.message.endswith(".")
    return caught.value.finding.code


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_the_three_kinds(kind: str) -> None:
    image = texture(0, (320, 240))
    decoded = decode.decode(saved(image, kind))
    assert (decoded.format, decoded.plain, decoded.image.mode) == (kind, True, "RGB")
    assert decoded.image.size == (320, 240)
    if kind != "JPEG":
        assert np.array_equal(np.asarray(decoded.image), np.asarray(image))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_truncated_photos_are_refused(kind: str, share: float) -> None:
    data = saved(texture(0, (640, 480)), kind)
    assert code_of(data[: int(len(data) * share)]) == "unreadable"


def test_a_jpeg_with_lost_blocks_is_refused() -> None:
    data = saved(texture(0), "JPEG", quality=92)
    middle = len(data) // 2
    assert code_of(data[:middle] + bytes(20000) + data[middle + 20000 :]) == "unreadable"


def test_what_is_no_photo_is_refused() -> None:
    assert code_of(b"") == "unreadable"
    assert code_of("Grüße aus dem Flug\n".encode() * 50) == "unreadable"
    assert code_of(b"\xff\xd8\xff\xe0") == "unreadable"
    assert code_of(saved(texture(0, (64, 64)), "GIF")) == "unreadable"


def test_a_bit_error_in_a_png_is_found() -> None:
    data = bytearray(saved(texture(0, (320, 240)), "PNG"))
    data[len(data) // 2] ^= 0xFF
    assert code_of(bytes(data)) == "unreadable"


def test_a_photo_over_the_limit_is_refused_before_it_is_decoded() -> None:
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n"
    for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")):
        bomb += struct.pack(">I", len(body)) + name + body
        bomb += struct.pack(">I", zlib.crc32(name + body))
    assert code_of(bomb) == "too_large"
    assert code_of(saved(texture(0, (640, 480)), "JPEG"), megapixels=0.3) == "too_large"


def test_large_photos_pass_pillows_own_limit_and_leave_it_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert decode.decode(saved(texture(0, (320, 240)), "JPEG")).image.size == (320, 240)
    assert Image.MAX_IMAGE_PIXELS == 1000


def test_grey_palette_cmyk_and_transparency_become_rgb() -> None:
    image = texture(0, (160, 120))
    truth = np.asarray(image, np.float64)
    grey = decode.decode(saved(image.convert("L"), "PNG"))
    assert grey.plain and grey.image.mode == "RGB"
    assert np.array_equal(np.asarray(grey.image)[..., 0], np.asarray(image.convert("L")))
    for data in (
        saved(image.convert("CMYK"), "JPEG", quality=97),
        saved(image.quantize(256), "PNG"),
        saved(image.convert("RGBA"), "PNG"),
    ):
        decoded = decode.decode(data)
        assert decoded.image.mode == "RGB" and not decoded.plain
        assert np.abs(np.asarray(decoded.image) - truth).mean() < 6


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["TIFF", "PNG"])
def test_deep_grey_is_brought_to_eight_bits_by_its_depth(bits: int, kind: str) -> None:
    values = np.linspace(0, (1 << bits) - 1, 64 * 48).reshape(48, 64).astype(np.uint16)
    decoded = decode.decode(saved(Image.fromarray(values), kind))
    assert not decoded.plain
    assert np.array_equal(np.asarray(decoded.image)[..., 1], values >> (bits - 8))


def test_float_pictures_are_stretched_and_gaps_survive() -> None:
    values = np.linspace(-20.0, 60.0, 64 * 48, dtype=np.float32).reshape(48, 64)
    values[0, 0] = np.nan
    shown = np.asarray(decode.decode(saved(Image.fromarray(values), "TIFF")).image)
    assert shown[0, 1].max() <= 2 and shown[-1, -1].min() >= 253


def test_a_photo_with_a_second_picture_behind_it_is_a_jpeg(tmp_path: Path) -> None:
    main, preview = texture(0, (640, 480)), texture(1, (160, 120))
    main.save(tmp_path / "dji.jpg", "MPO", save_all=True, append_images=[preview])
    assert Image.open(tmp_path / "dji.jpg").format == "MPO"
    decoded = decode.decode((tmp_path / "dji.jpg").read_bytes())
    assert (decoded.format, decoded.image.size) == ("JPEG", (640, 480))
    data = (tmp_path / "dji.jpg").read_bytes()
    assert code_of(data[: len(data) // 2]) == "unreadable"


def test_heic(monkeypatch: pytest.MonkeyPatch) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    image = texture(0, (320, 240))
    data = io.BytesIO()
    pillow_heif.from_pillow(image).save(data, quality=95)
    decoded = decode.decode(data.getvalue())
    assert (decoded.format, decoded.plain, decoded.image.size) == ("HEIF", False, (320, 240))
    assert np.abs(np.asarray(decoded.image, float) - np.asarray(image, float)).mean() < 4
    assert code_of(data.getvalue()[:-2000]) == "unreadable"
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    assert not decode.heic_supported()
    assert code_of(data.getvalue()) == "heic_unsupported"


def test_open_rgb_ignores_the_exif_orientation(tmp_path: Path, make_photo: MakePhoto) -> None:
    path = make_photo(tmp_path / "Über Kopf.jpg", size=(320, 240))
    exif = Image.Exif()
    exif[274] = 6
    texture(0, (320, 240)).save(path, exif=exif)
    assert np.asarray(decode.open_rgb(path)).shape == (240, 320, 3)


def test_reading_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(UndecodableError) as caught:
        decode.read_bytes(tmp_path / "gone.jpg")
    assert caught.value.finding.code == "vanished"
    with pytest.raises(UndecodableError) as caught:
        decode.read_bytes(tmp_path)
    assert caught.value.finding.code in ("unreadable", "no_permission")
