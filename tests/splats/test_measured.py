import json
from pathlib import Path

import pytest

from spaceport_app.errors import StageError
from spaceport_app.splats.evaluation import Look
from spaceport_app.splats.measured import Measured, read
from spaceport_app.splats.vignette import Vignette

WHOLE = {
    "image_size_px": 640,
    "psnr_db": 27.5,
    "background": [1, 0.5, 0],
    "antialiased": True,
    "vignette": [-0.2, 0.1, 0],
    "views": [{"name": "a.jpg"}],
}


def test_all_that_training_wrote_is_read(tmp_path: Path) -> None:
    (tmp_path / "quality.json").write_text(json.dumps(WHOLE))
    look = Look((1.0, 0.5, 0.0), True, Vignette((-0.2, 0.1, 0.0)))
    assert read(tmp_path) == Measured(640, look, 27.5, ("a.jpg",))


@pytest.mark.parametrize("words", [None, "{}"])
def test_what_is_absent_has_its_default(tmp_path: Path, words: str | None) -> None:
    if words is not None:
        (tmp_path / "quality.json").write_text(words)
    assert read(tmp_path) == Measured()


@pytest.mark.parametrize(
    "words",
    ["", "{", "[]", '{"background": "black"}', '{"vignette": [1]}', '{"views": [{}]}'],
)
def test_what_is_damaged_is_no_default(tmp_path: Path, words: str) -> None:
    (tmp_path / "quality.json").write_text(words)
    with pytest.raises(StageError) as caught:
        read(tmp_path)
    assert caught.value.code == "bad_quality"
