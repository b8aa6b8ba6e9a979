from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import engine_scenes
import pytest

from spaceport_app.errors import StageError
from spaceport_app.gui.splat import loading, trained
from spaceport_app.sogs import file as bundles
from spaceport_app.splats.file import write_ply


@pytest.mark.parametrize("form", ["sog", "sog-folder", "sogs"])
def test_bundles_are_opened(tmp_path: Path, form: str) -> None:
    path = tmp_path / ("a.sog" if form == "sog" else "a")
    bundles.write(path, engine_scenes.gaussians(60, 1), form, antialiased=form != "sogs")
    splats, antialiased = loading.read(path)
    assert len(splats) == 60 and antialiased is (form != "sogs")
    if path.is_dir():
        assert len(loading.read(path / "meta.json")[0]) == 60


@pytest.mark.parametrize("antialiased", [True, False])
def test_training_result_says_how_it_was_trained(tmp_path: Path, antialiased: bool) -> None:
    path = tmp_path / "splats.ply"
    write_ply(path, engine_scenes.gaussians(60, 1))
    assert not trained.is_result(path)
    (tmp_path / "quality.json").write_text(json.dumps({"antialiased": antialiased}))
    assert trained.is_result(path)
    assert loading.read(path)[1] is antialiased


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.ply", b"ply\nbroken", "bad_ply"),
        ("a.sog", b"no zip", "bad_bundle"),
        ("b.ply", None, "unreadable"),
    ],
)
def test_bad_files_are_told_of_in_a_sentence(
    tmp_path: Path, name: str, content: bytes | None, code: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StageError) as caught:
        loading.packed(partial(loading.read, path), name)
    assert caught.value.code == code and name in caught.value.message


def test_empty_splat_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(StageError) as caught:
        loading.packed(lambda: (engine_scenes.gaussians(0, 0), False), "a.ply")
    assert caught.value.code == "no_gaussians"
