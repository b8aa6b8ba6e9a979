"""What a person does in the splat view, in a real window: `view_cases.py FOLDER`.

Writes what went wrong with each case into FOLDER/results.json, nothing where all was right.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import waiting
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from spaceport_app.gui.splat.view import SplatView
from spaceport_app.sfm.model import View
from spaceport_app.sogs import file as bundles
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.cpu.engine import CpuEngine
from spaceport_app.splats.file import write_ply
from spaceport_app.splats.model import Splats
from spaceport_app.splats.quality import psnr

NAMES = ("a.jpg", "b.jpg", "c.jpg")
LEFT = Qt.MouseButton.LeftButton


def scene(count: int = 3000) -> Splats:
    r = np.random.default_rng(4)
    direction = r.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    arrays = (
        direction * r.uniform(0.7, 1.0, (count, 1)),
        r.normal(-2.8, 0.3, (count, 3)),
        r.normal(size=(count, 4)),
        r.normal(1.0, 1.0, count),
        r.normal(0.0, 0.5, (count, 4, 3)),
    )
    return Splats(*(a.astype(np.float32) for a in arrays))


def photos(folder: Path) -> tuple[View, ...]:
    """Photos of the scene from around it, each with more noise than the one before."""
    engine = CpuEngine()
    engine.load(scene())
    views = []
    for i, name in enumerate(NAMES):
        a = 0.7 * i
        rotation = np.array([[np.cos(a), np.sin(a), 0], [0, 0, -1], [-np.sin(a), np.cos(a), 0]])
        matrix = np.eye(4)
        matrix[:3, :3] = rotation
        matrix[:3, 3] = (0.0, 0.0, 3.0)
        camera = Camera(480, 360, 420.0, 425.0, 236.0, 184.0, matrix)
        noise = np.random.default_rng(i).normal(0.0, 0.02 * (i + 1), (360, 480, 3))
        picture = np.clip(engine.render(camera) + noise, 0.0, 1.0)
        path = folder / f"{i}.png"
        Image.fromarray(np.rint(255 * picture).astype(np.uint8)).save(path)
        views.append(View(name, path, *vars(camera).values()))
    return tuple(views)


@contextmanager
def window(views: tuple[View, ...] = ()) -> Iterator[SplatView]:
    view = SplatView()
    view.resize(900, 640)
    view.show()
    if views:
        view.set_splats(scene())
        view.set_views(views)
        at_rest(view)
    try:
        yield view
    finally:
        waiting.ended(view)


def at_rest(view: SplatView) -> None:
    waiting.until(
        lambda: view.canvas is not None and view.canvas.isVisible(), "the canvas is there"
    )
    waiting.until(lambda: view.canvas.item.scene is not None, "the scene is uploaded")
    waiting.until(view.canvas.at_rest, "the view is at rest")
    waiting.until(lambda: view.canvas.item.order is not None, "the scene is sorted")


def pixels(view: SplatView) -> np.ndarray:
    shown = view.canvas.grabFramebuffer()
    shown = shown.convertToFormat(shown.Format.Format_RGB888)
    rows = np.frombuffer(shown.constBits(), np.uint8).reshape(shown.height(), -1).copy()
    return rows[:, : 3 * shown.width()].reshape(shown.height(), shown.width(), 3)


def heard(signal) -> list:
    news: list = []
    signal.connect(lambda *values: news.append(values))
    return news


def photo_is_compared_and_measured(views: tuple[View, ...]) -> None:
    engine = CpuEngine()
    engine.load(scene())
    with window(views) as view:
        changed, compared = heard(view.view_changed), heard(view.compared)
        view.jump_to("b.jpg")
        assert changed == [("b.jpg",)]
        QTest.mouseClick(view.controls.compare, LEFT)
        waiting.until(lambda: compared, "the view is compared")
        photo = np.asarray(Image.open(views[1].image)) / np.float32(255)
        wanted = psnr(np.clip(engine.render(Camera.of_view(views[1])), 0.0, 1.0), photo)
        assert compared[0][0] == "b.jpg" and abs(compared[0][1] - wanted) < 0.1, (compared, wanted)
        assert view.controls.result.text() == f"PSNR {compared[0][1]:.1f} dB"
        at_rest(view)

        frame = view.canvas.frame()
        box = tuple(round(v) for v in (frame.left, frame.top, frame.width, frame.height))
        scaled = np.asarray(Image.open(views[1].image).resize(box[2:], Image.Resampling.BILINEAR))
        view.controls.split.setValue(view.controls.split.maximum())
        waiting.until(lambda: True, "")
        cut = pixels(view)[box[1] : box[1] + box[3], box[0] : box[0] + box[2]]
        assert psnr(cut / 255.0, scaled / 255.0) > 30, "all of the frame is the photo"
        view.controls.split.setValue(0)
        camera = view.canvas.camera()
        splat = np.clip(engine.render(camera), 0.0, 1.0)
        edge = box[0] + 3
        assert psnr(pixels(view)[:, edge:] / 255.0, splat[:, edge:]) > 40, "all of it is the splat"
        view.controls.split.setValue(view.controls.split.maximum() // 2)
        half = pixels(view)[box[1] : box[1] + box[3], box[0] : box[0] + box[2]]
        middle = box[2] // 2
        near = slice(None), slice(0, middle - 3)
        assert psnr(half[near] / 255.0, scaled[near] / 255.0) > 30, "the photo is on the left"
        far = slice(None), slice(middle + 3, None)
        beside = splat[box[1] : box[1] + box[3], box[0] : box[0] + box[2]]
        assert psnr(half[far] / 255.0, beside[far]) > 40, "the splat is on the right"

        line = QPoint(round(box[0] + box[2] / 2), 200)
        QTest.mousePress(view.canvas, LEFT, pos=line)
        QTest.mouseMove(view.canvas, line - QPoint(round(0.2 * box[2]), 0))
        QTest.mouseRelease(view.canvas, LEFT, pos=line)
        assert abs(view.controls.split.value() / view.controls.split.maximum() - 0.3) < 0.01, (
            "the line was dragged"
        )
        assert view.canvas.navigator.view is views[1], "and the camera not"


def resize_while_measuring_measures_again(views: tuple[View, ...]) -> None:
    with window(views) as view:
        compared = heard(view.compared)
        shown = heard(view.shown)
        # Enough work for the resize to come in the middle of it.
        view.set_splats(scene(60_000))
        waiting.until(lambda: len(shown) == 1, "the larger scene is there")
        view.jump_to("b.jpg")
        at_rest(view)
        QTest.mouseClick(view.controls.compare, LEFT)
        waiting.until(lambda: view._comparing.measuring, "it draws to measure by")
        view.resize(view.width() - 20, view.height() - 20)
        waiting.until(lambda: compared, "it is measured all the same")
        assert view.controls.result.text() == f"PSNR {compared[-1][1]:.1f} dB"


def keys_go_from_photo_to_photo(views: tuple[View, ...]) -> None:
    with window(views) as view:
        view.activateWindow()
        view.canvas.setFocus()
        waiting.until(view.canvas.hasFocus, "the canvas has the focus")
        changed = heard(view.view_changed)
        for key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp, Qt.Key.Key_PageUp):
            QTest.keyClick(view.canvas, key)
        names = [name for (name,) in changed]
        assert names == ["a.jpg", "b.jpg", "a.jpg", "c.jpg"], names
        assert view.controls.photo.currentText() == "c.jpg"
        np.testing.assert_allclose(
            view.canvas.navigator.view_matrix(), views[2].view_matrix, atol=1e-9
        )


def mouse_orbits_pans_and_zooms(views: tuple[View, ...]) -> None:
    with window(views) as view:
        view.jump_to("a.jpg")
        canvas, navigator = view.canvas, view.canvas.navigator
        pivot = navigator.pivot
        QTest.mousePress(canvas, LEFT, pos=QPoint(300, 200))
        QTest.mouseMove(canvas, QPoint(340, 210))
        QTest.mouseRelease(canvas, LEFT, pos=QPoint(340, 210))
        assert navigator.view is None and view.controls.photo.currentIndex() == 0, (
            "no photo's camera now"
        )
        np.testing.assert_allclose(navigator.pivot, pivot, atol=1e-9)
        position = navigator.position
        QTest.mousePress(canvas, LEFT, Qt.KeyboardModifier.ShiftModifier, QPoint(300, 200))
        QTest.mouseMove(canvas, QPoint(330, 200))
        QTest.mouseRelease(canvas, LEFT, pos=QPoint(330, 200))
        step = navigator.position - position
        assert np.linalg.norm(step) > 0
        place, distance = QPointF(400.0, 300.0), navigator.distance
        wheel = QWheelEvent(
            place,
            canvas.mapToGlobal(place),
            QPoint(),
            QPoint(0, 240),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(canvas, wheel)
        assert navigator.distance < distance
        at_rest(view)


def keys_fly(views: tuple[View, ...]) -> None:
    with window(views) as view:
        view.activateWindow()
        view.canvas.setFocus()
        waiting.until(view.canvas.hasFocus, "the canvas has the focus")
        start, forward = view.canvas.navigator.position, view.canvas.navigator.rotation[2].copy()
        QTest.keyPress(view.canvas, Qt.Key.Key_W)
        waiting.until(
            lambda: (view.canvas.navigator.position - start) @ forward > 0.05, "it flew ahead"
        )
        QTest.keyRelease(view.canvas, Qt.Key.Key_W)
        waiting.until(lambda: not view.canvas.flying(), "it stopped")
        place = view.canvas.navigator.position
        at_rest(view)
        np.testing.assert_array_equal(place, view.canvas.navigator.position)


def full_picture_is_shown_at_rest(views: tuple[View, ...]) -> None:
    engine = CpuEngine()
    many = scene(30_000)
    engine.load(many)
    with window(views) as view:
        shown = heard(view.shown)
        view.set_splats(many)
        waiting.until(lambda: shown, "the larger scene is there")
        waiting.until(lambda: len(view.canvas.item.scene or ()) == 30_000, "it is uploaded")
        at_rest(view)
        wanted = np.clip(engine.render(view.canvas.camera()), 0.0, 1.0)
        assert psnr(pixels(view) / 255.0, wanted) > 45, "a newer scene takes the older one's place"
        for _ in range(20):
            view.canvas.pace.took(10.0)
        view.canvas.navigator.orbit(0.2, 0.1)
        view.canvas.changed()
        at_rest(view)
        wanted = np.clip(engine.render(view.canvas.camera()), 0.0, 1.0)
        assert psnr(pixels(view) / 255.0, wanted) > 45

        # A quick picture that was due while the camera moved must not come over the full one.
        view.canvas.setUpdatesEnabled(False)
        view.canvas.navigator.orbit(0.2, 0.1)
        view.canvas.changed()
        at_rest(view)
        view.canvas.setUpdatesEnabled(True)
        wanted = np.clip(engine.render(view.canvas.camera()), 0.0, 1.0)
        assert psnr(pixels(view) / 255.0, wanted) > 45


def pictures_get_finer_at_rest_unless_the_camera_moves(views: tuple[View, ...]) -> None:
    with window(views) as view:
        canvas = view.canvas
        sizes: list[tuple[int, int]] = []

        def slow() -> None:
            """Be a computer that needs seconds for the whole scene."""
            canvas.pace.took_all(5.0)
            for _ in range(20):
                canvas.pace.took(10.0)

        begin = canvas.item.draw_fully

        def recorded(camera, growth=1.0):
            sizes.append((camera.width, canvas.item.count if growth == 1.0 else 0))
            return begin(camera, growth)

        canvas.item.draw_fully = recorded
        slow()
        canvas.navigator.orbit(0.2, 0.1)
        canvas.changed()
        at_rest(view)
        full = canvas.camera().width
        assert len(sizes) == 2 and sizes[0][0] < full and sizes[1][0] == full, sizes

        # Moved again in the middle: what was begun is never shown.
        slow()
        canvas.navigator.orbit(0.2, 0.1)
        canvas.changed()
        waiting.until(lambda: len(sizes) == 3, "the coarser picture is begun")
        canvas.navigator.orbit(0.2, 0.1)
        canvas.changed()
        assert canvas._job is None and not canvas._plan and not canvas.at_rest()
        at_rest(view)
        engine = CpuEngine()
        engine.load(scene())
        wanted = np.clip(engine.render(canvas.camera()), 0.0, 1.0)
        assert psnr(pixels(view) / 255.0, wanted) > 45


def bundle_is_opened_and_bad_file_is_told_of(views: tuple[View, ...]) -> None:
    folder = views[0].image.parent
    bundles.write(folder / "my splat.sog", scene(500))
    (folder / "broken.sog").write_bytes(b"no bundle")
    with window() as view:
        shown, failed = heard(view.shown), heard(view.failed)

        view.open(folder / "broken.sog")
        waiting.until(lambda: failed, "the failure is told of")
        assert "broken.sog" in failed[0][0], failed
        assert view._message.isVisible() and view._message.text() == failed[0][0]
        view.open(folder / "my splat.sog")
        waiting.until(lambda: shown, "the splat is shown")
        assert shown == [(500,)] and view.controls.up.currentText() == "Y down"
        at_rest(view)
        assert pixels(view).std() > 10
        assert not view.controls.photo.isVisible(), "there are no photos to choose from"
        view.clear()
        assert view._message.isVisible() and not view.controls.up.isVisible()


def snapshots_replace_each_other_before_ones_eyes(views: tuple[View, ...]) -> None:
    folder = views[0].image.parent / "project"
    result = folder / "splats" / "splats.ply"
    snapshot = folder / "snapshot" / "splats.ply"
    for path, count in ((snapshot, 1000), (result, 3000)):
        path.parent.mkdir(parents=True)
        write_ply(path, scene(count))
        (path.parent / "quality.json").write_text(json.dumps({"image_size_px": 480}))
    with window() as view:
        shown, failed = heard(view.shown), heard(view.failed)
        view.set_views(views)
        view.show_snapshot(snapshot, result, "Training", "step 10 of 90")
        waiting.until(lambda: shown == [(1000,)], "the first snapshot is shown")
        at_rest(view)
        assert view._status.text().startswith("Training, step 10 of 90 · 1,000 Gaussians")
        view.jump_to("b.jpg")
        compared = heard(view.compared)
        QTest.mouseClick(view.controls.compare, LEFT)
        waiting.until(lambda: compared, "a snapshot is compared")
        assert view.controls.result.text() == f"PSNR {compared[0][1]:.1f} dB now"
        QTest.mouseClick(view.controls.compare, LEFT)
        navigator = view.canvas.navigator
        navigator.view = None
        navigator.orbit(0.3, 0.1)
        view.canvas.changed()
        at_rest(view)
        before = view.canvas.camera().view_matrix.copy()

        # Three come at once: the first is being read, the second is never, the last is shown.
        for step, count in ((20, 1200), (30, 1400), (40, 1600)):
            write_ply(snapshot, scene(count))
            view.show_snapshot(snapshot, result, "Training", f"step {step} of 90")
        waiting.until(lambda: (1600,) in shown, "the newest is shown")
        waiting.until(lambda: not view._snapshots.reading, "nothing waits")
        at_rest(view)
        assert len(shown) <= 3, shown
        assert view._status.text().startswith("Training, step 40 of 90 · 1,600 Gaussians")
        assert np.array_equal(view.canvas.camera().view_matrix, before)

        # The stage has ended and taken its snapshots along, then comes the result.
        snapshot.unlink()
        view.show_snapshot(snapshot, result, "Training", "step 50 of 90")
        waiting.until(lambda: not view._snapshots.reading, "it is passed over")
        view.describe_snapshot("Training is not finished")
        assert view._status.text().startswith(
            "Training is not finished, step 40 of 90 · 1,600 Gaussians"
        )
        view.open(result)
        waiting.until(lambda: shown[-1] == (3000,), "the result is shown")
        at_rest(view)
        assert view._status.text() == "3,000 Gaussians, SH degree 1"
        assert np.array_equal(view.canvas.camera().view_matrix, before)
        assert not failed, failed

        # Nothing is read while nobody looks.
        view.hide()
        write_ply(snapshot, scene(1100))
        view.show_snapshot(snapshot, result, "Training", "step 60 of 90")
        assert not view._snapshots.reading
        view.show()
        waiting.until(lambda: shown[-1] == (1100,), "it is read once the tab is shown")


CASES: tuple[Callable[[tuple[View, ...]], None], ...] = (
    photo_is_compared_and_measured,
    resize_while_measuring_measures_again,
    keys_go_from_photo_to_photo,
    mouse_orbits_pans_and_zooms,
    keys_fly,
    full_picture_is_shown_at_rest,
    pictures_get_finer_at_rest_unless_the_camera_moves,
    bundle_is_opened_and_bad_file_is_told_of,
    snapshots_replace_each_other_before_ones_eyes,
)


def main(folder: Path) -> None:
    application = QApplication(sys.argv)
    views = photos(folder)
    results = {}
    for case in CASES:
        try:
            case(views)
            results[case.__name__] = ""
        except Exception:
            results[case.__name__] = traceback.format_exc()
    (folder / "results.json").write_text(json.dumps(results))
    application.quit()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
