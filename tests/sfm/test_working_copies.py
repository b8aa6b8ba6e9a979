from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from spaceport_app.sfm import working_copies

from . import photosets


def nothing(done, total):
    pass


def test_stems_are_plain_unique_and_stable():
    names = [
        "Köln 1/DJI_0001.JPG",
        "Köln 2/DJI_0001.JPG",
        "日本.jpg",
        "a b.png",
        "A_B.tif",
        "a b.jpg",
    ]
    stems = working_copies.ascii_stems(names)
    assert stems[:2] == ["Koln_1_DJI_0001", "Koln_2_DJI_0001"]
    assert all(stem.isascii() and " " not in stem and "/" not in stem for stem in stems)
    assert len({stem.lower() for stem in stems}) == len(names)
    assert stems == working_copies.ascii_stems(names)


def test_every_kind_of_photo_becomes_a_plain_jpeg(tmp_path):
    pixels = photosets.texture(300, 1)
    folder = tmp_path / "Fotos für Köln"
    kinds = {"a.jpg": {}, "b.png": {}, "c.tif": {}}
    for name, settings in kinds.items():
        photosets.save(folder / name, pixels, **settings)
    Image.fromarray(pixels).convert("CMYK").save(folder / "d.jpg")
    Image.fromarray(pixels[..., 0]).save(folder / "e.png")
    photos = [photosets.photo(path) for path in sorted(folder.iterdir())]
    copies = working_copies.plan(photos, 200, 150)
    assert working_copies.make(copies, tmp_path / "copies", 2, nothing) == {}
    for copy in copies:
        with Image.open(tmp_path / "copies" / copy.name) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (200, 200))


def test_a_copy_keeps_its_pixels(tmp_path):
    pixels = photosets.texture(256, 2)
    path = photosets.save(tmp_path / "a.png", pixels)
    (copy,) = working_copies.plan([photosets.photo(path)], 1600, 1600)
    working_copies.make([copy], tmp_path / "copies", 1, nothing)
    with Image.open(tmp_path / "copies" / copy.name) as image:
        error = np.asarray(image, float) - pixels
    # Coloured noise is the worst that JPEG can meet.
    assert 10 * np.log10(255**2 / (error**2).mean()) > 38


def test_sizes_and_cameras_are_groups_of_their_own(tmp_path):
    wide = photosets.save(tmp_path / "wide.png", photosets.texture(64, 1)[:32])
    square = photosets.save(tmp_path / "square.png", photosets.texture(64, 1))
    other = photosets.save(tmp_path / "other.png", photosets.texture(64, 1))
    photos = [photosets.photo(wide), photosets.photo(square), photosets.photo(other, camera="two")]
    assert len({copy.group for copy in working_copies.plan(photos, 64, 64)}) == 3


def test_good_copies_are_kept_and_torn_ones_made_again(tmp_path):
    paths = [photosets.save(tmp_path / f"{i}.png", photosets.texture(128, i)) for i in range(3)]
    copies = working_copies.plan([photosets.photo(path) for path in paths], 128, 128)
    folder = tmp_path / "copies"
    working_copies.make(copies, folder, 1, nothing)
    torn, kept = folder / copies[0].name, folder / copies[1].name
    whole = torn.read_bytes()
    torn.write_bytes(whole[: len(whole) // 2])
    before = kept.stat().st_mtime_ns
    working_copies.make(copies, folder, 1, nothing)
    assert torn.read_bytes() == whole
    assert kept.stat().st_mtime_ns == before


def test_photos_that_vanished_changed_or_broke_are_named(tmp_path):
    paths = [photosets.save(tmp_path / f"{i}.jpg", photosets.texture(128, i)) for i in range(4)]
    photos = [photosets.photo(path) for path in paths]
    paths[0].unlink()
    paths[1].write_bytes(paths[1].read_bytes()[:3000])
    photosets.save(paths[2], photosets.texture(100, 5))
    copies = working_copies.plan(photos, 128, 128)
    seen = []
    failed = working_copies.make(copies, tmp_path / "c", 2, lambda *counts: seen.append(counts))
    assert set(failed) == {"0.jpg", "1.jpg", "2.jpg"}
    assert all(reason.endswith(".") for reason in failed.values())
    assert seen == [(n, 4) for n in range(5)]


@pytest.mark.parametrize("leftover", ["folder", "link", "pipe", "bomb", "file for a folder"])
def test_whatever_lies_in_the_place_of_a_copy_is_made_again(tmp_path, leftover):
    path = photosets.save(tmp_path / "a.png", photosets.texture(64, 1))
    (copy,) = working_copies.plan([photosets.photo(path)], 50, 50)
    place = tmp_path / "copies" / copy.name
    own = tmp_path / "own.jpg"
    photosets.save(own, photosets.texture(50, 2))
    before = own.read_bytes()
    place.parent.mkdir(parents=True)
    if leftover == "folder":
        (place / "inner").mkdir(parents=True)
    elif leftover == "link":
        place.symlink_to(own)
    elif leftover == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("pipes are files on Unix only")
        os.mkfifo(place)
    elif leftover == "bomb":
        data = bytearray(before)
        at = data.find(b"\xff\xc0")
        data[at + 5 : at + 9] = b"\xff\xff\xff\xff"
        place.write_bytes(data)
    else:
        place.parent.rmdir()
        place.parent.write_text("x")
    assert working_copies.make([copy], tmp_path / "copies", 1, nothing) == {}
    with Image.open(place) as image:
        assert image.size == (copy.width, copy.height)
    assert not place.is_symlink()
    assert own.read_bytes() == before


def test_a_flipped_bit_in_a_copy_is_noticed_and_the_copy_made_anew(tmp_path):
    path = photosets.save(tmp_path / "a.png", photosets.texture(128, 3))
    (copy,) = working_copies.plan([photosets.photo(path)], 100, 100)
    working_copies.make([copy], tmp_path / "copies", 1, nothing)
    made = tmp_path / "copies" / copy.name
    whole = made.read_bytes()
    before = made.stat().st_mtime_ns
    working_copies.make([copy], tmp_path / "copies", 1, nothing)
    assert made.stat().st_mtime_ns == before
    for place in (3, 30, 60, len(whole) // 3, len(whole) // 2, len(whole) - 5):
        changed = bytearray(whole)
        changed[place] ^= 0x10
        made.write_bytes(changed)
        working_copies.make([copy], tmp_path / "copies", 1, nothing)
        assert made.read_bytes() == whole
