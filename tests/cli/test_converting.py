from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from spaceport_app.sogs import file as bundles
from spaceport_app.splats.file import read_ply, write_ply
from spaceport_app.splats.model import Splats

from .doors import Spaceport


def test_around_through_all_formats(spaceport: Spaceport, ply: Path, tmp_path: Path) -> None:
    one = spaceport("convert", ply, "a.sog", "--json")
    assert one.code == 0
    assert one.json["gaussians"] == 300
    assert one.json["bytes"] == (tmp_path / "a.sog").stat().st_size
    assert spaceport("convert", "a.sog", "b").code == 0
    assert spaceport("convert", "b", "c", "--format", "sogs").code == 0
    assert spaceport("convert", "c/meta.json", "d.ply").code == 0
    kinds = {
        name: spaceport("inspect", name, "--json").json for name in ("a.sog", "b", "c", "d.ply")
    }
    assert [kind["kind"] for kind in kinds.values()] == [
        "SOG file, version 2",
        "bundle, version 2",
        "bundle, version 1",
        "splats",
    ]
    assert {kind["gaussians"] for kind in kinds.values()} == {300}
    assert {kind["sh_degree"] for kind in kinds.values()} == {1}
    difference = spaceport("compare", ply, "d.ply", "--json").json
    assert difference["position_rms_relative"] < 1e-3
    assert difference["rotation_rms_degrees"] < 1.0


def test_turning_there_and_back(spaceport: Spaceport, ply: Path, tmp_path: Path) -> None:
    assert spaceport("convert", ply, "v.ply", "--turn", "viewer").code == 0
    east, north, up = read_ply(ply).means.T
    np.testing.assert_allclose(
        read_ply(tmp_path / "v.ply").means, np.stack([-east, -up, -north], axis=1), rtol=1e-5
    )
    assert spaceport("convert", "v.ply", "w.ply", "--turn", "world").code == 0
    same = spaceport("compare", ply, "w.ply", "--json").json
    assert same["position_rms_relative"] < 1e-6


def test_comparing_tells_a_known_difference(
    spaceport: Spaceport, ply: Path, tmp_path: Path
) -> None:
    splats = read_ply(ply)
    shifted = Splats(
        splats.means + np.float32([0.03, 0.04, 0.0]),
        splats.log_scales,
        splats.quaternions,
        splats.opacity_logits,
        splats.sh,
    )
    write_ply(tmp_path / "s.ply", shifted)
    found = spaceport("compare", ply, "s.ply", "--json").json
    assert found["position_rms_m"] == pytest.approx(0.05, rel=1e-3)
    assert found["rotation_rms_degrees"] == pytest.approx(0.0, abs=1e-3)
    assert "0.05" in spaceport("compare", ply, "s.ply").out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["convert", "nowhere.ply", "a.sog"], 1, "There is no nowhere.ply"),
        (["convert", "{ply}", "a.zip"], 2, "names no format"),
        (["convert", "{ply}", "a", "--format", "pdf"], 2, "no format called pdf"),
        (["convert", "{ply}", "a.sog", "--order", "random"], 2, "must be one of"),
        (["convert", "{ply}", "a.sog", "--turn", "left"], 2, "cannot be turned"),
        (["convert", "cut.ply", "a.sog"], 1, "cut short"),
        (["convert", "text.sog", "a.ply"], 1, "text.sog"),
        (["convert", "{ply}", "file/a.sog"], 1, "There is no folder file"),
        (["convert", "{ply}", "new/a.ply"], 1, "There is no folder new"),
        (["convert", "{ply}", "empty", "--format", "ply"], 1, "empty is a folder"),
        (["convert", "{ply}", "empty", "--format", "sog"], 1, "empty is a folder"),
        (["convert", "text.doc", "a.sog"], 1, "holds no splats that Spaceport knows"),
        (["inspect", "text.doc"], 1, "does not know .doc"),
        (["inspect", "empty"], 1, "neither a project nor a bundle"),
        (["inspect", "bad.jpg"], 1, "bad.jpg"),
        (["compare", "{ply}", "cut.ply"], 1, "cut short"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    spaceport: Spaceport, ply: Path, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    (tmp_path / "cut.ply").write_bytes(ply.read_bytes()[:-100])
    for name in ("text.sog", "text.doc", "bad.jpg", "file"):
        (tmp_path / name).write_text("only words")
    (tmp_path / "empty").mkdir()
    before = {path.name for path in tmp_path.iterdir()}
    ended = spaceport(*(word.format(ply=ply) for word in arguments))
    assert ended.code == code
    assert words in ended.err
    assert ended.err.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == before
    told = spaceport(*(word.format(ply=ply) for word in arguments), "--json")
    assert (told.code, told.err) == (code, "")
    assert told.json["error"]["message"]


def test_what_was_trained_antialiased_stays_so(
    spaceport: Spaceport, ply: Path, tmp_path: Path
) -> None:
    bundles.write(tmp_path / "a.sog", read_ply(ply), antialiased=True)
    assert spaceport("convert", "a.sog", "b").code == 0
    assert spaceport("convert", "b/meta.json", "c.sog").code == 0
    assert bundles.is_antialiased(bundles.open_bundle(tmp_path / "c.sog"))
    assert spaceport("convert", ply, "d.sog").code == 0
    assert not bundles.is_antialiased(bundles.open_bundle(tmp_path / "d.sog"))


def test_sizes_of_bundles_named_by_their_meta_json(
    spaceport: Spaceport, ply: Path, tmp_path: Path
) -> None:
    spaceport("convert", ply, "b")
    told = spaceport("convert", "b/meta.json", "c.ply", "--json").json
    assert told["source_bytes"] == sum(path.stat().st_size for path in (tmp_path / "b").iterdir())


def test_comparing_scenes_of_other_sizes_says_so(
    spaceport: Spaceport, ply: Path, tmp_path: Path
) -> None:
    splats = read_ply(ply)
    write_ply(tmp_path / "few.ply", splats.take(np.arange(10)))
    assert "290 share one" in spaceport("compare", ply, "few.ply").out
    write_ply(tmp_path / "flat.ply", splats.with_sh_degree(0))
    told = spaceport("compare", "flat.ply", ply)
    assert "degree 1 against 0" in told.out


def test_a_single_gaussian_is_one(spaceport: Spaceport, ply: Path, tmp_path: Path) -> None:
    write_ply(tmp_path / "one.ply", read_ply(ply).take(np.arange(1)))
    assert "1 Gaussian," in spaceport("convert", "one.ply", "one.sog").out


def test_no_gaussians_at_all(spaceport: Spaceport, ply: Path, tmp_path: Path) -> None:
    write_ply(tmp_path / "none.ply", read_ply(ply).take(np.arange(0)))
    ended = spaceport("convert", "none.ply", "none.sog")
    assert ended.code == 1
    assert "no Gaussians" in ended.err
    assert "Gaussians         0" in spaceport("inspect", "none.ply").out


def test_an_older_file_stays_when_converting_fails(
    spaceport: Spaceport, ply: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.sog").write_bytes(b"precious")
    (tmp_path / "cut.ply").write_bytes(ply.read_bytes()[:-100])
    assert spaceport("convert", "cut.ply", "a.sog").code == 1
    assert (tmp_path / "a.sog").read_bytes() == b"precious"


@pytest.mark.parametrize("formats", ["sog,doc", ",", ""])
def test_unknown_formats_are_refused_before_any_work(
    real_spaceport: Spaceport, tmp_path: Path, formats: str
) -> None:
    (tmp_path / "photos").mkdir()
    ended = real_spaceport("run", "photos", "-o", "a.spaceport", "--export-formats", formats)
    assert ended.code == 2
    assert "must be among sog, sog-folder, sogs, ply" in ended.err
    assert not (tmp_path / "a.spaceport").exists()


def test_doctor_examines_this_computer(spaceport: Spaceport) -> None:
    found = spaceport("doctor", "--json").json
    assert found["cores"] >= 1
    assert 0 < found["free_memory_bytes"] <= found["memory_bytes"]
    assert found["free_disk_bytes"] > 0
    assert found["versions"]["torch"]
    assert [engine["name"] for engine in found["engines"] if engine["usable"]]
    text = spaceport("doctor")
    assert text.code == (0 if found["ok"] else 1)
    assert "Verdict" in text.out or "Trouble" in text.out


def test_a_streamed_sog_is_called_so(spaceport: Spaceport, tmp_path: Path) -> None:
    folder = tmp_path / "scene"
    folder.mkdir()
    levels = {
        "version": 1,
        "count": 1,
        "counts": [1],
        "lodLevels": 1,
        "filenames": ["0_0/meta.json"],
    }
    bound = {"min": [0, 0, 0], "max": [1, 1, 1]}
    lods = {"0": {"file": 0, "offset": 0, "count": 1}}
    words = json.dumps({**levels, "tree": {"bound": bound, "lods": lods}})
    (folder / "lod-meta.json").write_text(words, encoding="utf-8")
    for name in ("scene", "scene/lod-meta.json"):
        for arguments in (["inspect", name], ["convert", name, "a.ply"]):
            ended = spaceport(*arguments)
            assert ended.code == 1
            assert "is a streamed SOG (lod-meta.json)" in ended.err
