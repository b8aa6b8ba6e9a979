"""Editing in the real window, see edit_cases.py, and the geometry of dragging."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pipeline import trained

from spaceport_app.gui.splat.editing.box_tool import BoxTool, along_axis, face_at, handles
from spaceport_app.gui.splat.editing.marking import Marking
from spaceport_app.gui.splat.navigation import Navigator
from spaceport_app.gui.splat.packing import pack
from spaceport_app.gui.splat.shaders import FAINT, HIDDEN, HIGHLIGHTED
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.edits.apply import kept
from spaceport_app.splats.edits.box import CropBox
from spaceport_app.splats.edits.floaters import floating, isolation
from spaceport_app.splats.edits.model import Edits

BOX = CropBox((2.0, -1.0, 3.0), (4.0, 6.0, 2.0), 25.0)


@pytest.fixture
def camera() -> Camera:
    navigator = Navigator()
    navigator.look_from(np.array(BOX.centre), 6.0)
    navigator.orbit(0.5, 0.1)
    return navigator.camera(800, 600)


def test_splat_is_edited_in_the_window(in_window, tmp_path: Path) -> None:
    in_window("edit_cases.py", str(tmp_path))


@pytest.mark.parametrize("axis", range(3))
def test_place_on_the_axis_is_the_one_under_the_pointer(axis: int, camera: Camera) -> None:
    for along in (-2.0, 0.3, 1.5):
        point = np.array(BOX.centre) + along * BOX.axes[axis]
        pixel, _ = camera.project(point[None])
        found = along_axis(BOX, axis, camera, *pixel[0])
        assert found == pytest.approx(along, abs=1e-9)


def test_pointer_along_the_axis_tells_no_place() -> None:
    matrix = np.eye(4)
    matrix[2, 3] = 5.0
    camera = Camera(100, 100, 50.0, 50.0, 50.0, 50.0, matrix)
    box = CropBox((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    assert along_axis(box, 2, camera, 50.0, 50.0) is None
    assert along_axis(box, 0, camera, 50.0, 50.0) == pytest.approx(0.0)


@pytest.mark.parametrize("face", range(6))
def test_dragged_face_goes_where_the_pointer_is(face: int, camera: Camera) -> None:
    moved: list[CropBox] = []
    dropped: list[CropBox] = []
    tool = BoxTool(moved.append, dropped.append, lambda: 10.0)
    tool.box = BOX
    axis, side = divmod(face, 2)
    pixels, _ = camera.project(handles(BOX))
    beside = pixels[face] + (3.0, -2.0)
    assert face_at(BOX, camera, *beside, 10.0) == face
    assert tool.hover(camera, *beside)
    assert tool.press(camera, *pixels[face])
    outward = 1.0 if side else -1.0
    target = handles(BOX)[face] + 0.8 * outward * BOX.axes[axis]
    pixel, _ = camera.project(target[None])
    tool.drag(camera, *(0.5 * (pixel[0] + pixels[face])))
    tool.drag(camera, *pixel[0])
    tool.release()
    assert len(moved) == 2
    assert [box.size[axis] for box in dropped] == [pytest.approx(BOX.size[axis] + 0.8)]
    across = face ^ 1
    np.testing.assert_allclose(handles(dropped[0])[across], handles(BOX)[across], atol=1e-9)
    np.testing.assert_allclose(handles(dropped[0])[face], target, atol=1e-6)


def test_camera_keeps_the_mouse_where_there_is_no_handle(camera: Camera) -> None:
    tool = BoxTool(lambda box: None, lambda box: None, lambda: 10.0)
    assert not tool.press(camera, 5.0, 5.0)
    tool.box = BOX
    assert not tool.press(camera, 5.0, 5.0)
    assert not tool.hover(camera, 5.0, 5.0)


def test_what_is_drawn_is_what_will_be_exported() -> None:
    splats = trained.splats()
    marking = Marking(pack(splats))
    source = marking.scene.source
    isolated = isolation(splats)
    edits = Edits(CropBox((0.0, 0.0, 0.0), (5.0, 4.0, 12.0), 30.0), 50)
    marking.isolation = isolated[source]
    stay = kept(splats, edits, isolated)[source]
    applied = marking.applied(edits)
    assert applied.marks is not None
    assert ((applied.marks == HIDDEN) == ~stay).all()
    assert applied.stay == stay.sum()
    assert marking.applied(Edits()).marks is None

    inside = edits.crop.holds(splats.means)[source]
    shown = marking.offered(edits, None)
    gone = floating(isolated, 50)[source]
    assert shown.marks is not None and shown.stay == stay.sum()
    assert ((shown.marks == HIDDEN) == gone).all()
    assert ((shown.marks == FAINT) == (~inside & ~gone)).all()
    lit = marking.offered(edits, 90)
    assert lit.marks is not None
    assert ((lit.marks == HIGHLIGHTED) == floating(isolated, 90)[source]).all()
    assert lit.floaters == marking.count(90) == int(floating(isolated, 90).sum())
