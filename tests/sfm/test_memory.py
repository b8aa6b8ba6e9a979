from __future__ import annotations

import pytest

from spaceport_app.errors import StageError
from spaceport_app.sfm import memory

PIXELS_1600 = 1600 * 1200


@pytest.mark.parametrize(
    ("pixels", "octave", "threads", "measured_gb"),
    [
        (PIXELS_1600, -1, 1, 0.68),
        (PIXELS_1600, -1, 2, 1.24),
        (PIXELS_1600, -1, 4, 2.33),
        (PIXELS_1600, 0, 2, 0.41),
        (4000 * 3000, -1, 1, 3.6),
    ],
)
def test_estimates_lie_a_little_above_what_was_measured(pixels, octave, threads, measured_gb):
    estimate = memory.extraction_bytes(pixels, octave, threads) / 1e9
    assert measured_gb < estimate < 1.35 * measured_gb + 0.15


def test_threads_fall_with_the_free_memory():
    assert memory.extraction_threads(PIXELS_1600, -1, 8, 64_000_000_000) == 8
    assert memory.extraction_threads(PIXELS_1600, -1, 8, 3_000_000_000) == 3
    assert memory.extraction_threads(PIXELS_1600, -1, 8, 1_100_000_000) == 1


def test_pictures_take_fewer_threads_where_memory_is_short():
    assert memory.picture_threads(12_000_000, 16, 64_000_000_000) == 16
    assert memory.picture_threads(12_000_000, 16, 1_000_000_000) == 2
    assert memory.picture_threads(100_000_000, 16, 1_000_000_000) == 1


def test_too_little_memory_says_what_to_do():
    with pytest.raises(StageError) as caught:
        memory.extraction_threads(4000 * 3000, -1, 2, 1_000_000_000)
    assert caught.value.code == "no_memory"
    assert "smaller" in caught.value.remedy
