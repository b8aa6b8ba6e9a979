from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from mutated import check_reader

from spaceport_app.errors import StageError
from spaceport_app.splats.edits import file, words
from spaceport_app.splats.edits.box import CropBox
from spaceport_app.splats.edits.file import EditFile, Frame
from spaceport_app.splats.edits.history import MOST_STEPS, History, Step
from spaceport_app.splats.edits.model import NONE, Edits

BOX = CropBox((1.25, -2.5, 0.1), (10.0, 0.3, 7.0), 12.5)
HISTORY = (
    History()
    .done("crop", Edits(BOX))
    .done("remove floaters", Edits(BOX, 60))
    .done("no crop", Edits(None, 60))
    .undone()
)
ROWS = tuple(tuple(float(v) for v in row) for row in np.arange(16.0).reshape(4, 4) / 3)


def test_everything_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "edits.json"
    content = EditFile(HISTORY, Frame("abc", ROWS))
    file.write(path, content)
    assert file.read(path) == content
    assert file.read(path).history.present == Edits(BOX, 60)
    assert [entry.name for entry in tmp_path.iterdir()] == ["edits.json"]


def test_no_file_is_no_edits(tmp_path: Path) -> None:
    assert file.read(tmp_path / "edits.json") == EditFile()
    assert not file.read(tmp_path / "edits.json").history.present


def _changed(**changes: object) -> bytes:
    raw = {
        "schema": 1,
        "frame": {"identity": "", "world_to_ecef": None},
        "base": {"crop": None, "floaters": None},
        "steps": [],
        "position": 0,
    }
    return json.dumps({**raw, **changes}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b"{}",
        _changed(schema=0),
        _changed(position=1),
        _changed(position="one"),
        _changed(base={"crop": None}),
        _changed(base={"crop": None, "floaters": 500}),
        _changed(base={"crop": None, "floaters": 2.5}),
        _changed(base={"crop": {"centre": [0, 0], "size": [1, 1, 1]}, "floaters": None}),
        _changed(frame={"identity": "", "world_to_ecef": [[1, 2], [3, 4]]}),
    ],
)
def test_damaged_file_is_told_of_in_a_sentence_and_left_alone(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "edits.json"
    path.write_bytes(data)
    with pytest.raises(StageError) as caught:
        file.read(path)
    assert caught.value.code == "edits_damaged"
    assert caught.value.message.count(".") <= 3
    assert path.read_bytes() == data


def test_newer_file_is_told_apart_from_a_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "edits.json"
    path.write_bytes(_changed(schema=2))
    with pytest.raises(StageError) as caught:
        file.read(path)
    assert caught.value.code == "edits_newer"


def test_file_is_kept_aside_under_a_name_that_is_free(tmp_path: Path) -> None:
    path = tmp_path / "edits.json"
    assert file.keep_aside(path) is None
    for number in (1, 2):
        path.write_text(str(number))
        kept = file.keep_aside(path)
        assert kept is not None
        assert kept.name == f"edits.aside-{number}.json"
        assert kept.read_text() == str(number)
        assert not path.exists()


def test_history_is_taken_back_and_made_again() -> None:
    assert HISTORY.undone().present == Edits(BOX)
    assert HISTORY.redone().present == Edits(None, 60)
    assert HISTORY.redone().redone() == HISTORY.redone()
    assert History().undone() == History()
    branched = HISTORY.undone().done("keep floaters", Edits())
    assert [step.words for step in branched.steps] == ["crop", "keep floaters"]
    with pytest.raises(ValueError, match="more steps"):
        History(NONE, (Step("crop", NONE),), 2)


def test_oldest_steps_are_forgotten_but_not_undone() -> None:
    history = History()
    for number in range(MOST_STEPS + 30):
        history = history.done("change", Edits(floaters=number % 100 + 1))
    assert len(history.steps) == MOST_STEPS == history.position
    assert history.base == Edits(floaters=30)


def test_frames_know_the_way_to_each_other() -> None:
    here = Frame("a")
    assert here.to(Frame("a")) is not None
    assert here.to(Frame("b")) is None
    east = np.eye(4)
    east[0, 3] = 4_000_000.0
    shifted = east.copy()
    shifted[0, 3] += 12.0
    one, two = (
        Frame(name, tuple(map(tuple, m.tolist()))) for name, m in (("a", east), ("b", shifted))
    )
    matrix = one.to(two)
    assert matrix is not None
    np.testing.assert_allclose(matrix @ [0, 0, 0, 1], [-12, 0, 0, 1], atol=1e-6)
    assert one.to(here) is not None
    assert one.to(Frame("c")) is None


def test_words_say_what_was_done() -> None:
    turned = Edits(CropBox(BOX.centre, BOX.size, 90.0))
    pairs = [
        (NONE, Edits(BOX), "crop"),
        (Edits(BOX), turned, "turn crop box"),
        (Edits(BOX), Edits(CropBox((0, 0, 0), BOX.size, 12.5)), "change crop box"),
        (Edits(BOX, 50), Edits(None, 50), "no crop"),
        (NONE, Edits(floaters=50), "remove floaters"),
        (Edits(floaters=50), Edits(floaters=60), "change floaters' strength"),
        (Edits(BOX, 50), Edits(BOX), "keep floaters"),
        (Edits(BOX, 50), NONE, "take back all edits"),
    ]
    for before, after, wanted in pairs:
        assert words.of_change(before, after) == wanted


def test_a_file_with_anything_wrong_in_it_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "edits.json"
    here = Frame("here", tuple(tuple(row) for row in np.eye(4).tolist()))
    file.write(path, EditFile(HISTORY, Frame("there", here.world_to_ecef)))

    def read() -> None:
        found = file.read(path)
        matrix = found.frame.to(here)
        for step in found.history.steps if matrix is not None else ():
            if step.edits.crop is not None and matrix is not None:
                step.edits.crop.moved(matrix)

    check_reader(path, read, "edits_damaged", "edits_newer")


def test_a_frame_that_is_none_is_known_by_nobody() -> None:
    flat = Frame("there", ((0.0,) * 4,) * 4)
    assert flat.to(Frame("here", tuple(tuple(row) for row in np.eye(4).tolist()))) is None
    assert Frame("here", tuple(tuple(row) for row in np.eye(4).tolist())).to(flat) is None
