from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from spaceport_app.errors import StageError
from spaceport_app.sogs import textures


@pytest.mark.parametrize(
    ("count", "size"),
    [(1, (4, 4)), (16, (4, 4)), (17, (8, 4)), (33, (8, 8)), (100_000, (320, 316))],
)
def test_size(count: int, size: tuple[int, int]) -> None:
    assert textures.texture_size(count) == size
    assert size[0] * size[1] >= count


def test_size_has_an_end() -> None:
    with pytest.raises(StageError) as caught:
        textures.texture_size(16_384**2)
    assert caught.value.code == "too_many_gaussians"


@pytest.mark.parametrize("channels", [3, 4])
def test_every_byte_comes_back(channels: int) -> None:
    texels = np.random.default_rng(0).integers(0, 256, (1000, channels)).astype(np.uint8)
    texels[::3, -1] = 0
    data = textures.encode_webp(textures.fill_texture(texels), 4)
    np.testing.assert_array_equal(textures.decode_webp(data, "a.webp", 1000, channels), texels)
    image = Image.open(io.BytesIO(data))
    assert "icc_profile" not in image.info
    assert image.size == (32, 32)


@pytest.mark.parametrize("k", [3, 8, 15])
@pytest.mark.parametrize("count", [1, 63, 64, 65, 200])
def test_palette_layout(k: int, count: int) -> None:
    entries = np.random.default_rng(k).integers(0, 256, (count, k, 3)).astype(np.uint8)
    texture = textures.fill_palette(entries)
    assert texture.shape[1] == 64 * k
    for entry in (0, count // 2, count - 1):
        row, column = divmod(entry, 64)
        np.testing.assert_array_equal(texture[row, column * k : (column + 1) * k], entries[entry])
    data = textures.encode_webp(texture, 0)
    np.testing.assert_array_equal(textures.decode_palette(data, "c.webp", count), entries)


def webp(width: int, height: int) -> bytes:
    return textures.encode_webp(np.zeros((height, width, 3), np.uint8), 0)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no complete WebP"),
        (b"RIFF0000WEBPVP8L", "no complete WebP"),
        (webp(64, 64)[:-9], "no complete WebP"),
        (webp(4, 4), "16 texels, 100 are needed"),
        (webp(1200, 1200), "1200 x 1200"),
    ],
)
def test_bad_textures_are_named(data: bytes, words: str) -> None:
    with pytest.raises(StageError, match=words) as caught:
        textures.decode_webp(data, "quats.webp", 100, 4)
    assert caught.value.code == "bad_bundle"
    assert "quats.webp" in caught.value.message


def test_other_pictures_are_refused() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16)).save(buffer, "PNG")
    with pytest.raises(StageError, match="no complete WebP"):
        textures.decode_webp(buffer.getvalue(), "a.webp", 100, 3)


def test_palette_of_wrong_width_or_too_few_entries() -> None:
    for width in (64, 200, 576):
        with pytest.raises(StageError, match=f"{width} texels wide, not 192, 512 or 960"):
            textures.decode_palette(webp(width, 8), "c.webp", 10)
    with pytest.raises(StageError, match="64 palette entries, 65 are needed"):
        textures.decode_palette(webp(512, 1), "c.webp", 65)
