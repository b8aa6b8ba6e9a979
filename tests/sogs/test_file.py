from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from mutated import mutations

from spaceport_app.errors import StageError
from spaceport_app.sogs import file
from spaceport_app.splats.model import Splats

from .scenes import scene


def same(a: Splats, b: Splats) -> bool:
    return all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in ("means", "log_scales", "quaternions", "opacity_logits", "sh")
    )


def test_all_doors_lead_to_the_same_gaussians(tmp_path: Path) -> None:
    splats = scene(500, 2)
    file.write(tmp_path / "ä b.sog", splats, "sog")
    file.write(tmp_path / "folder", splats, "sog-folder")
    zipped = file.read(tmp_path / "ä b.sog")
    assert len(zipped) == 500
    assert same(zipped, file.read(tmp_path / "folder"))
    assert same(zipped, file.read(tmp_path / "folder" / "meta.json"))


def test_version_1_folder(tmp_path: Path) -> None:
    bundle = file.write(tmp_path / "old", scene(200, 1), "sogs")
    assert sorted(p.name for p in (tmp_path / "old").iterdir()) == sorted(bundle.files)
    assert len(bundle.files) == 8
    assert "version" not in json.loads(bundle.files["meta.json"])
    back = file.read(tmp_path / "old")
    assert len(back) == 200
    assert back.sh_degree == 1


def test_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one of sog, sog-folder, sogs"):
        file.write(tmp_path / "a.spz", scene(3), "spz")


@pytest.mark.parametrize(
    ("version", "code"),
    [
        (3, "unknown_version"),
        (17, "unknown_version"),
        ("2", "bad_bundle"),
        (2.5, "bad_bundle"),
        (True, "bad_bundle"),
    ],
)
def test_unknown_versions(tmp_path: Path, version: object, code: str) -> None:
    file.write(tmp_path / "a", scene(3), "sog-folder")
    path = tmp_path / "a" / "meta.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": version}))
    with pytest.raises(StageError) as caught:
        file.read(path)
    assert caught.value.code == code


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, "nonsense", "\xff"])
def test_meta_that_is_no_object(tmp_path: Path, text: str) -> None:
    (tmp_path / "meta.json").write_text(text, encoding="latin-1")
    with pytest.raises(StageError, match="no JSON") as caught:
        file.read(tmp_path)
    assert caught.value.code == "bad_bundle"


def test_missing_parts_are_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"none\.sog does not exist"):
        file.read(tmp_path / "none.sog")
    with pytest.raises(StageError, match=r"meta\.json is missing"):
        file.read(tmp_path)
    file.write(tmp_path / "a", scene(3), "sog-folder")
    (tmp_path / "a" / "scales.webp").unlink()
    with pytest.raises(StageError, match=r"scales\.webp is missing from a"):
        file.read(tmp_path / "a")


def full_disk(*_: object, **__: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("format", ["sog", "sog-folder", "sogs"])
def test_a_full_disk_leaves_the_old_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    path = tmp_path / "scene.sog"
    file.write(path, scene(20), format)
    before = file.read(path)
    with monkeypatch.context() as patched:
        if format == "sog":
            patched.setattr("zipfile.ZipFile.writestr", full_disk)
        else:
            patched.setattr("os.fsync", full_disk)
        with pytest.raises(StageError) as caught:
            file.write(path, scene(30, seed=2), format)
    assert caught.value.code == "disk_full"
    assert same(before, file.read(path))
    assert [p.name for p in tmp_path.iterdir()] == ["scene.sog"]


@pytest.mark.parametrize("format", ["sog", "sog-folder"])
def test_a_folder_that_is_not_there(tmp_path: Path, format: str) -> None:
    with pytest.raises(StageError) as caught:
        file.write(tmp_path / "none" / "scene", scene(5), format)
    assert caught.value.code == "not_writable"


def test_replacing_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "scene"
    file.write(path, scene(40, 2), "sog-folder")
    file.write(path, scene(30), "sog-folder")
    assert len(file.read(path)) == 30
    assert not (path / "shN_labels.webp").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["scene"]


def test_other_peoples_folders_and_files_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "Photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"1")
    with pytest.raises(StageError, match="holds other files") as caught:
        file.write(folder, scene(5), "sog-folder")
    assert caught.value.code == "not_a_bundle"
    assert [p.name for p in folder.iterdir()] == ["a.jpg"]
    with pytest.raises(StageError, match="is a file"):
        file.write(folder / "a.jpg", scene(5), "sogs")
    shutil.rmtree(folder)
    file.write(folder, scene(5), "sog-folder")
    assert len(file.read(folder)) == 5


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    file.write(tmp_path / "bundle", scene(20), "sog-folder")
    for path in sorted((tmp_path / "bundle").iterdir()):
        outside = tmp_path / path.name
        path.rename(outside)
        path.symlink_to(outside)
        with pytest.raises(StageError, match=rf"{path.name} is a link") as caught:
            file.read(tmp_path / "bundle")
        assert caught.value.code == "bad_bundle"
        path.unlink()
        outside.rename(path)
    # Where the bundle lies, the person says: there, a link is as good as a folder.
    (tmp_path / "mine").symlink_to(tmp_path / "bundle")
    assert len(file.read(tmp_path / "mine")) == 20
    assert len(file.read(tmp_path / "mine" / "meta.json")) == 20


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
@pytest.mark.parametrize("name", ["meta.json", "quats.webp"])
def test_a_pipe_in_a_folder_is_no_file(tmp_path: Path, name: str) -> None:
    file.write(tmp_path / "bundle", scene(20), "sog-folder")
    (tmp_path / "bundle" / name).unlink()
    os.mkfifo(tmp_path / "bundle" / name)
    with pytest.raises(StageError, match="no regular file"):
        file.read(tmp_path / "bundle")


def test_names_of_textures_that_a_bundle_can_have() -> None:
    meta = {
        "version": 2,
        "means": {"files": ["means_l.webp", "../means_u.webp", "meta.json"]},
        "quats": {"files": "quats.webp"},
        "scales": ["scales.webp"],
        "sh0": {"files": ["sh0.webp", "sh0.webp", None, [], "index.js", "/etc/passwd"]},
    }
    assert file.texture_names(meta) == ("means_l.webp", "sh0.webp")


@pytest.mark.parametrize("format", ["sog-folder", "sogs"])
def test_a_meta_json_with_anything_wrong_in_it_is_read_or_refused(
    tmp_path: Path, format: str
) -> None:
    folder = tmp_path / "bundle"
    file.write(folder, scene(40, 1), format)
    meta = folder / "meta.json"
    for words, text in mutations(json.loads(meta.read_bytes())):
        meta.write_text(text, encoding="utf-8")
        try:
            file.read(folder)
        except StageError as error:
            assert error.code in ("bad_bundle", "unknown_version"), words
            assert len(error.message) < 400, words
            assert error.remedy, words
        except Exception as error:
            pytest.fail(f"{words}: {error!r}")


def test_words_of_a_meta_json_are_not_repeated(tmp_path: Path) -> None:
    file.write(tmp_path / "b", scene(40, 0), "sog-folder")
    meta = json.loads((tmp_path / "b" / "meta.json").read_bytes())
    evil = "<b>Your licence has expired</b>"
    for changed in ({**meta, "version": evil}, {**meta, "quats": {"files": [evil * 50]}}):
        (tmp_path / "b" / "meta.json").write_text(json.dumps(changed))
        with pytest.raises(StageError) as caught:
            file.read(tmp_path / "b")
        assert "licence" not in caught.value.message
