from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from spaceport_app.gui.photos import thumbnails
from spaceport_app.gui.photos.thumbnails import Thumbnails


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.png" for number in range(8)]
    for number, path in enumerate(paths):
        Image.new("RGB", (320, 200), (30 * number, 0, 0)).save(path)
    return paths


def test_a_picture_comes_once_and_stays(qtbot: QtBot, files: list[Path]) -> None:
    cache = Thumbnails()
    with qtbot.waitSignal(cache.ready) as told:
        assert cache.get(files[3]) is None
    assert told.args == [str(files[3])]
    picture = cache.get(files[3])
    assert picture is not None
    assert (picture.width(), picture.height()) == (256, 160)
    assert picture.pixelColor(5, 5).red() == 90
    cache.stop()


def test_the_cache_keeps_to_its_bound_and_drops_the_oldest(qtbot: QtBot, files: list[Path]) -> None:
    cache = Thumbnails(cache_bytes=3 * 320 * 200 * 3)
    for path in files:
        with qtbot.waitSignal(cache.ready):
            cache.get(path)
    assert cache.cached_bytes <= 3 * 320 * 200 * 3
    assert [cache.get(path) is not None for path in files[-3:]] == [True, True, True]
    assert cache.get(files[0]) is None
    cache.stop()


def test_the_last_asked_comes_first(
    qtbot: QtBot, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Thumbnails()
    # Held back until all are asked for.
    monkeypatch.setattr(cache, "_workers", thumbnails._THREADS)
    for path in files:
        cache.get(path)
    assert [cache.take() for _ in files] == files[::-1]


def test_a_file_without_picture_is_known_as_such(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"\xff\xd8\xff nothing")
    cache = Thumbnails()
    with qtbot.waitSignal(cache.ready):
        cache.get(path)
    assert cache.get(path) is None
    assert cache.broken(path)
    cache.stop()
