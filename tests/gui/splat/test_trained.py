from __future__ import annotations

from pathlib import Path

import pytest

from spaceport_app.gui.splat.trained import Trained, read


def test_look_of_the_training_is_read(tmp_path: Path) -> None:
    seen = '"antialiased": true, "background": [1, 0.5, 0], "vignette": [-0.2, 0, 0]'
    words = '{"image_size_px": 640, ' + seen + "}"
    (tmp_path / "quality.json").write_text(words)
    assert read(tmp_path / "splats.ply") == Trained(640, True, (1.0, 0.5, 0.0), (-0.2, 0.0, 0.0))


@pytest.mark.parametrize("words", [None, "", "[]", '{"background": "black"}', "{}"])
def test_damaged_or_missing_file_means_defaults(tmp_path: Path, words: str | None) -> None:
    if words is not None:
        (tmp_path / "quality.json").write_text(words)
    assert read(tmp_path / "splats.ply") == Trained()
