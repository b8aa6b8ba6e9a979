from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from PIL import Image

from spaceport_app.photos import duplicates
from spaceport_app.photos.duplicates import Candidate, Copy, find_copies, fingerprint

from .conftest import texture


def candidate(
    image: Image.Image,
    quality: int = 92,
    taken_at: str | None = None,
    place: tuple[float, float] | None = None,
) -> Candidate:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    decoded = Image.open(data).convert("RGB")
    return Candidate(
        hashlib.sha256(data.getvalue()).hexdigest(),
        *decoded.size,
        len(data.getvalue()),
        taken_at,
        place,
        fingerprint(decoded),
    )


@pytest.fixture(scope="module")
def scene() -> Image.Image:
    return texture(14, (1600, 1200))


@pytest.mark.parametrize(("quality", "scale"), [(30, 1.0), (95, 0.5), (70, 0.25), (15, 0.2)])
def test_a_reencoded_or_resized_copy_is_found(
    scene: Image.Image, quality: int, scale: float
) -> None:
    size = round(1600 * scale), round(1200 * scale)
    copy = scene.resize(size, Image.Resampling.LANCZOS)
    photos = [candidate(copy, quality), candidate(scene)]
    assert find_copies(photos) == [Copy(0, 1, False)]


def test_exact_copies_keep_the_first(scene: Image.Image) -> None:
    one, other = candidate(scene), candidate(texture(12))
    assert find_copies([one, other, one, one]) == [Copy(2, 0, True), Copy(3, 0, True)]


def test_a_chain_of_copies_has_one_original(scene: Image.Image) -> None:
    small, half = candidate(scene.resize((400, 300))), candidate(scene.resize((800, 600)))
    large = candidate(scene)
    copies = find_copies([small, half, small, large])
    assert {copy.index: copy.of for copy in copies} == {0: 3, 1: 3, 2: 3}


@pytest.mark.parametrize("overlap", [0.6, 0.8, 0.98, 0.995])
def test_overlapping_photos_are_no_copies(overlap: float) -> None:
    ground = texture(13, (3400, 1200))
    shift = round(1600 * (1 - overlap))
    photos = [candidate(ground.crop((i * shift, 0, i * shift + 1600, 1200))) for i in range(3)]
    assert find_copies(photos) == []


def test_photos_of_another_time_or_place_are_no_copies(scene: Image.Image) -> None:
    def copies(**other: object) -> list[Copy]:
        first = candidate(scene, 92, "2024-05-01T10:00:00", (47.0, 8.0))
        return find_copies([first, candidate(scene, 60, **other)])  # type: ignore[arg-type]

    assert copies(taken_at="2024-05-01T10:00:02") == []
    assert copies(place=(47.0001, 8.0)) == []
    assert len(copies(taken_at="2024-05-01T10:00:00", place=(47.0, 8.0))) == 1
    # Copies often lose their metadata; the original that still knows its place is kept.
    assert copies() == [Copy(1, 0, False)]


def test_fog_is_no_copy_of_fog() -> None:
    random = np.random.default_rng(0)
    across, down = np.linspace(-1, 1, 800)[None, :], np.linspace(-1, 1, 600)[:, None]
    vignette = 6 * np.exp(-(across**2 + down**2))[..., None]
    fog = [
        Image.fromarray((200 + vignette + random.standard_normal((600, 800, 3))).astype(np.uint8))
        for _ in range(2)
    ]
    assert find_copies([candidate(image) for image in fog]) == []


def test_black_frames_are_no_copies() -> None:
    black = [Image.new("RGB", size) for size in ((800, 600), (400, 300))]
    with np.errstate(all="raise"):
        assert find_copies([candidate(image) for image in black]) == []


def test_large_sets_are_compared_in_blocks(
    scene: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "_BLOCK", 2)
    others = [candidate(texture(seed)) for seed in range(3)]
    photos = [*others, candidate(scene), others[0], candidate(scene, 40)]
    assert find_copies(photos) == [Copy(4, 0, True), Copy(5, 3, False)]


def test_other_pictures_are_far_apart() -> None:
    hashes = [fingerprint(texture(seed)).hash for seed in range(12)]
    distances = [(a ^ b).bit_count() for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(distances) > 12
    assert 24 < np.mean(distances) < 38
