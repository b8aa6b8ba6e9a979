"""Bundles of a few kB that name millions of Gaussians."""

from __future__ import annotations

import io
import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from spaceport_app import resources
from spaceport_app.errors import StageError
from spaceport_app.sogs import file
from spaceport_app.sogs.archive import write_archive
from spaceport_app.sogs.bundle import harmonics

NAMES = ("means_l", "means_u", "scales", "quats", "sh0", "shN_labels")
THOUSAND = 1000 * 1000


def flat(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGBA", (width, height), (7, 7, 7, 252)).save(buffer, "WEBP", lossless=True)
    return buffer.getvalue()


def palette() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (960, 32)).save(buffer, "WEBP", lossless=True)
    return buffer.getvalue()


def version_2(count: int, side: tuple[int, int], *, bands: int = 0) -> dict[str, bytes]:
    levels = np.linspace(-3, 0, 256).tolist()
    meta: dict[str, Any] = {
        "version": 2,
        "count": count,
        "means": {"mins": [-1] * 3, "maxs": [1] * 3, "files": ["means_l.webp", "means_u.webp"]},
        "scales": {"codebook": levels, "files": ["scales.webp"]},
        "quats": {"files": ["quats.webp"]},
        "sh0": {"codebook": levels, "files": ["sh0.webp"]},
    }
    if bands:
        names = ["shN_centroids.webp", "shN_labels.webp"]
        meta["shN"] = {"count": 2000, "bands": bands, "codebook": levels, "files": names}
    picture = flat(*side)
    files = {f"{name}.webp": picture for name in NAMES}
    return {"meta.json": json.dumps(meta).encode(), "shN_centroids.webp": palette(), **files}


def version_1(count: int, side: tuple[int, int]) -> dict[str, bytes]:
    def part(channels: int, *names: str) -> dict[str, Any]:
        limits = {"mins": [-1] * channels, "maxs": [1] * channels}
        return {"shape": [count, channels], **limits, "files": [f"{name}.webp" for name in names]}

    meta = {
        "means": part(3, "means_l", "means_u"),
        "scales": part(3, "scales"),
        "quats": part(4, "quats"),
        "sh0": part(4, "sh0"),
    }
    return {**version_2(count, side), "meta.json": json.dumps(meta).encode()}


@pytest.mark.parametrize("version", [version_1, version_2])
def test_what_does_not_fit_is_refused_before_a_picture_is_read(
    version: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = version(25 * THOUSAND, (4, 4))
    read = []

    def load(name: str) -> bytes:
        read.append(name)
        return bytes(files[name])

    monkeypatch.setattr(resources, "free_memory_bytes", lambda: 1_500_000_000)
    with pytest.raises(StageError) as caught:
        file.decode(load)
    assert caught.value.code == "not_enough_memory"
    assert caught.value.message == (
        "The bundle of 25,000,000 Gaussians takes 1.9 GB of memory, and 1.5 GB are free."
    )
    assert read == ["meta.json"]


@pytest.mark.parametrize("version", [version_1, version_2])
def test_a_file_of_few_bytes_holds_no_25_million_gaussians(
    tmp_path: Path, version: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "free_memory_bytes", lambda: 1 << 40)
    write_archive(tmp_path / "a.sog", version(25 * THOUSAND, (5000, 5000)))
    assert (tmp_path / "a.sog").stat().st_size < 20_000
    began = time.process_time()
    with pytest.raises(StageError) as caught:
        file.read(tmp_path / "a.sog")
    assert caught.value.code == "bad_bundle"
    assert "25,000,000" in caught.value.message
    assert time.process_time() - began < 1.0


def test_a_picture_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    files = version_2(40_000, (1000, 1000))
    monkeypatch.setattr(resources, "free_memory_bytes", lambda: 18_000_000)
    with pytest.raises(StageError) as caught:
        file.decode(lambda name: files[name])
    assert caught.value.code == "not_enough_memory"


@pytest.mark.parametrize("bands", [0, 3])
def test_decoding_takes_little_beside_the_scene(bands: int) -> None:
    files = version_2(THOUSAND, (1000, 1000), bands=bands)
    tracemalloc.start()
    try:
        splats = file.decode(lambda name: files[name])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(splats) == THOUSAND
    scene = 44 + 12 * (1 if bands == 0 else 16)
    # What is asked for before the start, and 20 bytes a texel of one picture.
    assert peak < (scene + 20 + 20) * THOUSAND


def test_palette_entries_are_laid_out_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    from spaceport_app.sogs import bundle

    random = np.random.default_rng(0)
    entries = random.random((5, 8, 3), np.float32)
    labels = random.integers(0, 5, 100).astype(np.uint16)
    dc = random.random((100, 3), np.float32)
    monkeypatch.setattr(bundle, "_BLOCK", 7)
    found = harmonics(dc, (entries, labels))
    assert np.array_equal(found[:, 0], dc) and np.array_equal(found[:, 1:], entries[labels])
