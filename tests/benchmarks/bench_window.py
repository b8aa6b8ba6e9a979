"""How late the window's timers are while a run takes all cores, with 2,000 photos listed.

    python tests/benchmarks/bench_window.py [--seconds 20]

Run it on a display; Xvfb will do. A 16 ms timer stands for the frames of the window; its lateness
is what a person feels as stutter. A second process with nothing but such a timer shows what of it
is the computer's own, and the last column for how long the window's thread had a core between two
beats. Below the table stand all stalls with the functions they were spent in.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QAbstractItemView

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

from bench_flight_view import flight
from bench_splat_view import landscape
from stalls import StallWatch, bare_timer

from spaceport_app.gui import places
from spaceport_app.gui.app import make_application
from spaceport_app.gui.flight.view import FlightView
from spaceport_app.gui.photos.listing import SORTS
from spaceport_app.gui.tabs import FLIGHT, REPORT, SPLAT, TRAINING
from spaceport_app.gui.window import MainWindow
from spaceport_app.photos.model import PhotoSet
from spaceport_app.sfm.model import Reconstruction
from spaceport_app.splats.file import write_ply

SAMPLE = Path(__file__).parents[2] / "resources" / "sample_flight"
LISTED = 2000
CLOUD = 200_000
GAUSSIANS = 100_000


def pause(milliseconds: int) -> None:
    """Run events for so long.

    Not by Qt's own qWait: it keeps Python's lock, and no thread of the window would get on.
    """
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def wait(holds: Callable[[], object], seconds: float) -> None:
    """Run events until `holds`."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        pause(20)


def many(found: PhotoSet, folder: Path) -> PhotoSet:
    """Return as many photos as are to be listed, each a file and a place of its own."""
    photos = []
    folder.mkdir()
    for k in range(LISTED):
        photo = found.photos[k % len(found.photos)]
        path = folder / f"{k:05d}.jpg"
        path.symlink_to(photo.path)
        place = photo.position
        if place is not None:
            east, north = k % 45, k // 45
            place = replace(
                place,
                latitude=place.latitude + 1e-4 * north,
                longitude=place.longitude + 1.5e-4 * east,
            )
        photos.append(replace(photo, name=path.name, path=path, position=place))
    return replace(found, photos=tuple(photos))


def reconstruction(photos: PhotoSet) -> Reconstruction:
    """Return cameras for all photos but some, and a cloud."""
    made = flight(CLOUD, LISTED)
    views = tuple(
        replace(view, name=photo.name, image=photo.path)
        for view, photo in zip(made.views, photos.photos, strict=True)
    )
    left_out = {view.name: "It shares too little with other photos." for view in views[::50]}
    kept = tuple(view for view in views if view.name not in left_out)
    return replace(made, views=kept, left_out=left_out)


class Bench:
    """One window with many photos, and what is done to it."""

    def __init__(self, window: MainWindow, photos: PhotoSet) -> None:
        self.window, self.photos = window, photos
        self.found = reconstruction(photos)
        self.watch = StallWatch()
        self.panel = window.workspace.photo_panel
        view = self.panel.findChild(QAbstractItemView)
        assert view is not None
        self.list = view

    def rest(self, phase: str, seconds: float) -> None:
        """Do nothing."""
        self.watch.enter(phase)
        pause(int(1000 * seconds))

    def show_photos(self, phase: str) -> None:
        """List all photos, as after reading them, with thumbnails coming."""
        self.watch.enter(phase)
        self.panel.show_files([(photo.name, photo.path) for photo in self.photos.photos])
        pause(500)
        self.window.session.take_photos(self.photos)
        pause(2500)

    def scroll(self, phase: str, seconds: float) -> None:
        """Scroll with every beat."""
        self.watch.enter(phase)
        bar = self.list.verticalScrollBar()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            bar.setValue((bar.value() + 40) % max(bar.maximum(), 1))
            pause(16)

    def choose(self, phase: str) -> None:
        """Sort, filter, search and select."""
        self.watch.enter(phase)
        for box, count in ((self.panel.sort_box, len(SORTS)), (self.panel.filter_box, 3)):
            for row in [*range(min(count, box.count())), 0]:
                box.setCurrentIndex(row)
                box.activated.emit(row)
                pause(200)
        for text in ("1", "12", ""):
            self.panel.search_field.setText(text)
            pause(400)
        for photo in self.photos.photos[:: LISTED // 12]:
            self.window.session.select(photo.name)
            pause(150)
        names = [photo.name for photo in self.photos.photos[100:140]]
        self.panel.exclude(names, True)
        pause(300)
        self.panel.exclude(names, False)
        pause(300)

    def show(self, phase: str, tab: str, seconds: float = 3.0) -> None:
        """Bring a tab to the front."""
        self.watch.enter(phase)
        self.window.workspace.show_tab(tab)
        pause(int(1000 * seconds))

    def take_cameras(self, phase: str) -> None:
        """Take the result of structure from motion."""
        self.watch.enter(phase)
        self.window.session.take_reconstruction(self.found)
        pause(3000)

    @property
    def flight(self) -> FlightView:
        """The flight view, which is open."""
        view = self.window.workspace.tabs.flight
        assert view is not None
        return view

    def turn_splats(self, phase: str, file: Path) -> None:
        """Open splats and circle around them; from then on the window is put together by OpenGL."""
        self.watch.enter(f"{phase} opened")
        self.window.session.show_splats(file)
        view = self.window.workspace.tabs.splat
        assert view is not None
        wait(lambda: view._canvas is not None and view._canvas.isValid(), 60)
        pause(3000)
        canvas = view._canvas
        assert canvas is not None
        self.watch.enter(f"{phase} turned")
        end = time.monotonic() + 4.0
        while time.monotonic() < end:
            canvas.navigator.orbit(0.01, 0.0)
            canvas.changed()
            pause(16)
        self.watch.enter(f"{phase} come to rest")
        pause(2000)

    def fly(self, phase: str) -> None:
        """Fly from photo to photo."""
        self.watch.enter(phase)
        for photo in self.photos.photos[7 :: LISTED // 6]:
            self.flight.fly_to(photo.name)
            pause(900)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    make_application()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        places.settings_folder = lambda: folder / "settings"
        places.projects_folder = lambda: folder / "projects"
        window = MainWindow()
        window.resize(1440, 880)
        window.show()
        window.take([SAMPLE])
        wait(lambda: window.session.photos is not None, 120)
        wait(lambda: not window.workspace.running(), 30)
        found = window.session.photos
        assert found is not None
        splats = folder / "splats.ply"
        write_ply(splats, landscape(GAUSSIANS))
        bench = Bench(window, many(found, folder / "many"))
        panel = window.workspace.stage_panel
        bench.rest("18 photos, at rest", 2.0)
        bench.show_photos("2,000 photos listed")
        bench.show("flight view opened", FLIGHT)
        bench.choose("sorted, filtered, selected")
        bench.rest("2,000 photos, at rest", seconds / 2)
        listed = psutil.Process().memory_info().rss / 1e6
        wait(panel.can_start, 30)
        panel.start()
        bench.watch.enter("run started")
        wait(lambda: window.workspace.tabs.plots is not None, 60)
        pause(3000)
        bare = bare_timer(2 * seconds)
        bench.rest("run on all cores", seconds)
        bench.scroll("run on all cores, list scrolled", seconds)
        bench.choose("run, sorted, filtered, selected")
        bench.take_cameras("run, 2,000 cameras placed")
        bench.fly("run, flying from photo to photo")
        bench.show("run, splat tab", SPLAT, 1.0)
        bench.show("run, training tab", TRAINING)
        bench.show("run, report tab", REPORT)
        bench.show("run, flight tab again", FLIGHT)
        memory = psutil.Process().memory_info().rss / 1e6
        bench.turn_splats("run, splats", splats)
        bench.show("run, flight tab after splats", FLIGHT, 1.0)
        bench.fly("run, flying after splats")
        was_running = panel.running()
        alone = np.array(json.loads(bare.communicate()[0]))
        load = psutil.getloadavg()[0]
        bench.watch.stop()
        window.leave()
    assert was_running, "the run ended too early: it must burn all cores to the end"
    cores = psutil.cpu_count()
    print(f"{cores} cores, load {load:.1f}; window with {LISTED} photos: {listed:.0f} MB, ", end="")
    print(f"with {CLOUD} points and all tabs open: {memory:.0f} MB")
    print(bench.watch.table())
    p50, p95, p99 = np.percentile(alone, (50, 95, 99))
    print(f"| bare timer, same run | {p50:.1f} | {p95:.1f} | {p99:.1f} | {alone.max():.1f} | |")
    print("\nStalls of more than 50 ms:")
    print(bench.watch.sources() or "none")


if __name__ == "__main__":
    main()
