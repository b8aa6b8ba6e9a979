"""Draws the cases of test_pixels.py in a real window: `draw_cases.py CASES.pickle OUT.npz`."""

from __future__ import annotations

import pickle
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import waiting
from PySide6.QtWidgets import QApplication

from spaceport_app.gui.splat import sorting
from spaceport_app.gui.splat.canvas import SplatCanvas
from spaceport_app.gui.splat.packing import pack
from spaceport_app.sfm.model import View
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.model import Splats


@dataclass(frozen=True)
class Case:
    name: str
    splats: Splats
    camera: Camera
    antialiased: bool = False
    reversed: bool = False
    marks: np.ndarray | None = None


def draw(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return the floating-point picture, and the pixels that the window shows."""
    camera = case.camera
    view = View(case.name, Path(), *vars(camera).values())
    canvas = SplatCanvas()
    canvas.setBackgroundColor((0, 0, 0))
    canvas.resize(camera.width, camera.height)
    canvas.show()
    waiting.until(canvas.isValid, "OpenGL is there")
    scene = pack(case.splats, case.antialiased)
    canvas.set_scene(scene, look_at_it=False)
    if case.marks is not None:
        canvas.set_marks(case.marks[scene.source])
    finished: list[float] = []
    canvas.refined.connect(lambda part: finished.append(part) if part == 1.0 else None)
    canvas.stand_at(view)
    waiting.until(lambda: finished and canvas.at_rest(), "the full picture is on show")
    shown = canvas.grabFramebuffer().convertToFormat(canvas.grabFramebuffer().Format.Format_RGB888)
    rows = np.frombuffer(shown.constBits(), np.uint8).reshape(shown.height(), -1).copy()
    taken: list[np.ndarray] = []
    canvas.picture_taken.connect(lambda _, picture: taken.append(picture))
    canvas.take_picture(camera)
    waiting.until(lambda: taken, "the picture is taken")
    waiting.ended(canvas)
    return taken[0], rows[:, : 3 * shown.width()].reshape(shown.height(), shown.width(), 3)


def main(cases: Path, out: Path) -> None:
    application = QApplication(sys.argv)
    forward = sorting.sort
    results = {}
    for case in pickle.loads(cases.read_bytes()):
        if case.reversed:

            def backward(request: sorting.SortRequest) -> sorting.Order:
                order = forward(request)
                return replace(order, indices=np.ascontiguousarray(order.indices[::-1]))

            sorting.sort = backward
        else:
            sorting.sort = forward
        results[case.name], results[f"{case.name} window"] = draw(case)
    np.savez(out, **results)
    application.quit()


if __name__ == "__main__":
    # Under its own name, so that the cases can be unpickled.
    import draw_cases

    draw_cases.main(Path(sys.argv[1]), Path(sys.argv[2]))
