from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import closing

import pycolmap
import pytest

from spaceport_app.sfm import database, working_copies

from . import photosets


@pytest.fixture
def copies(tmp_path):
    photos = []
    for i in range(5):
        path = photosets.save(
            tmp_path / f"{i}.png", photosets.texture(200, i)[: 150 + 50 * (i > 3)]
        )
        photos.append(photosets.photo(path, focal_px=None if i > 3 else 300.0))
    return working_copies.plan(photos, 100, 100)


def test_cameras_and_images_are_ours(tmp_path, copies):
    path = tmp_path / "database.db"
    database.prepare(path, copies, "auto")
    with closing(pycolmap.Database.open(path)) as store:
        images = {image.image_id: image for image in store.read_all_images()}
        assert [images[i].name for i in range(1, 6)] == [copy.name for copy in copies]
        assert {images[i].camera_id for i in range(1, 5)} == {copies[0].group}
        known, unknown = store.read_camera(copies[0].group), store.read_camera(copies[4].group)
        assert (known.width, known.height) == (100, 75)
        assert known.focal_length == pytest.approx(150.0)  # halved like the photo
        assert known.has_prior_focal_length
        assert not unknown.has_prior_focal_length
        assert store.num_frames() == 5


def test_a_fitting_database_is_kept_and_any_other_made_anew(tmp_path, copies):
    path = tmp_path / "database.db"
    database.prepare(path, copies, "auto")
    with closing(pycolmap.Database.open(path)) as store:
        store.write_keypoints(1, [[1.0, 2.0]])
    database.prepare(path, copies, "auto")
    with closing(pycolmap.Database.open(path)) as store:
        assert store.num_keypoints_for_image(1) == 1
    database.prepare(path, copies[:4], "auto")
    with closing(pycolmap.Database.open(path)) as store:
        assert store.num_images() == 4
        assert store.num_keypoints_for_image(1) == 0


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 100, None])
def test_a_damaged_database_is_made_anew(tmp_path, copies, damage):
    path = tmp_path / "database.db"
    database.prepare(path, copies, "auto")
    path.write_bytes(path.read_bytes()[:5000] if damage is None else damage)
    database.prepare(path, copies, "auto")
    with closing(pycolmap.Database.open(path)) as store:
        assert store.num_images() == 5


def test_many_photos_carry_the_fuller_lens_model(copies):
    assert database.prior_camera(1, copies[:4] * 8, "auto").model_name == "OPENCV"
    assert database.prior_camera(1, copies[:4], "auto").model_name == "SIMPLE_RADIAL"
    assert database.prior_camera(1, copies[:4], "RADIAL").model_name == "RADIAL"


def test_watching_counts_what_another_connection_writes(tmp_path, copies):
    path = tmp_path / "database.db"
    database.prepare(path, copies, "auto")
    seen, threads = [], set()

    def changed(count):
        seen.append(count)
        threads.add(threading.current_thread().name)

    def exists(store, image_id):
        return bool(store.exists_keypoints(image_id))

    with (
        closing(pycolmap.Database.open(path)) as writer,
        database.watching(path, exists, range(1, 6), changed),
    ):
        for image_id in (2, 1, 3):
            writer.write_keypoints(image_id, [[1.0, 2.0]])
            limit = time.monotonic() + 10
            while len(seen) < {2: 1, 1: 2, 3: 3}[image_id] and time.monotonic() < limit:
                time.sleep(0.02)
        writer.write_keypoints(4, [[1.0, 2.0]])
    assert seen == [1, 2, 3, 4]
    assert "watch" in threads


@pytest.mark.parametrize("leftover", ["folder", "link", "pipe", "odd names"])
def test_whatever_lies_in_its_place_is_made_anew(tmp_path, copies, leftover):
    path, own = tmp_path / "database.db", tmp_path / "own.txt"
    own.write_text("mine")
    if leftover == "odd names":
        database.prepare(path, copies, "auto")
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("update images set name = x'00ff' where image_id = 1")
            connection.commit()
    elif leftover == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("pipes are files on Unix only")
        os.mkfifo(path)
    elif leftover == "folder":
        (path / "inner").mkdir(parents=True)
        (tmp_path / "building-database.db").mkdir()
    else:
        path.symlink_to(own)
    database.prepare(path, copies, "auto")
    with closing(pycolmap.Database.open(path)) as store:
        assert store.num_images() == 5
    assert own.read_text() == "mine"
