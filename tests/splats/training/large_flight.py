"""A made-up flight with many or large photos; run as a script, it trains on one and tells how.

``python large_flight.py FOLDER PHOTOS WIDTH STEPS OPTIONS`` with options of training as JSON
prints one line of JSON: what the training measured of itself, its peak memory and its reading.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from spaceport_app.sfm.model import Cloud, Georeference, Reconstruction, View
from spaceport_app.splats.training.options import TrainOptions

_HEIGHT_M = 30.0
_FOCAL = 0.8
"""In widths of a picture."""
_POINTS = 20_000


def reconstruction(folder: Path, photos: int, width: int) -> Reconstruction:
    """Return views straight down on a flat, speckled field; pictures that lack are written.

    Each picture is a cut of the field's, at the place that its camera stands over.
    """
    size = (width, 3 * width // 4)
    field = (3 * size[0] // 2, 3 * size[1] // 2)
    ground = _ground(field)
    metres = _HEIGHT_M / (_FOCAL * width)  # A pixel's side.
    down = np.diag([1.0, -1.0, -1.0])
    rng = np.random.default_rng(1)
    views = []
    for i in range(photos):
        left, top = (int(rng.integers(0, f - s + 1)) for f, s in zip(field, size, strict=True))
        path = folder / f"photo {i:03d}.jpg"
        if not path.exists():
            ground.crop((left, top, left + size[0], top + size[1])).save(path, quality=85)
        matrix = np.eye(4)
        matrix[:3, :3] = down
        place = (metres * (left + size[0] / 2), -metres * (top + size[1] / 2), _HEIGHT_M)
        matrix[:3, 3] = -down @ np.array(place)
        middle = (size[0] / 2, size[1] / 2)
        focal = _FOCAL * width
        views.append(View(path.name, path, *size, focal, focal, *middle, matrix))
    pixels = np.column_stack([rng.integers(0, side, _POINTS) for side in field])
    xyz = np.zeros((_POINTS, 3))
    xyz[:, :2] = metres * pixels * (1.0, -1.0)
    colours = np.asarray(ground)[pixels[:, 1], pixels[:, 0]]
    errors, tracks = np.full(_POINTS, 0.5, np.float32), np.full(_POINTS, 3, np.int32)
    nowhere = Georeference(None, None, None, "layout", "No GPS.", None, None, {})
    return Reconstruction(tuple(views), Cloud(xyz, colours, errors, tracks), nowhere, {})


def _ground(size: tuple[int, int]) -> Image.Image:
    """Return speckles of 200, 20 and 4 pixels over each other."""
    rng = np.random.default_rng(0)
    seen = np.zeros((size[1], size[0], 3), np.float32)
    for pixels, strength in ((200, 0.5), (20, 0.3), (4, 0.2)):
        shape = (size[1] // pixels + 2, size[0] // pixels + 2, 3)
        noise = Image.fromarray(rng.integers(0, 256, shape).astype(np.uint8))
        seen += strength * np.asarray(noise.resize(size, Image.Resampling.BICUBIC))
    return Image.fromarray(seen.astype(np.uint8))


def train_and_tell(
    folder: Path, photos: int, width: int, steps: int, more: dict[str, Any]
) -> dict[str, Any]:
    """Train at full size from the first step; return figures of what it took."""
    import resource

    from spaceport_app.events import ignore
    from spaceport_app.splats.training import dataset, run

    readers: list[str] = []
    most_held = 0
    plain_load, plain_get = dataset.load_view, dataset.Dataset.get

    def load(*arguments: Any) -> Any:
        readers.append(threading.current_thread().name)
        return plain_load(*arguments)

    def get(self: dataset.Dataset, index: int, larger_side: int) -> Any:
        nonlocal most_held
        view = plain_get(self, index, larger_side)
        assert max(view.image.shape) == width
        most_held = max(most_held, self.held_bytes)
        return view

    dataset.load_view, dataset.Dataset.get = load, get  # type: ignore[method-assign]
    made = reconstruction(folder, photos, width)
    places = [folder / name for name in ("output", "scratch")]
    for place in places:
        place.mkdir()
    options = TrainOptions(
        engine="cpu", iterations=steps, image_size=width, coarse_to_fine=False, **more
    )
    report = run.run(run.TrainInputs(made, *places), options, ignore)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "peak_bytes": unit * sum(one.ru_maxrss for one in used),
        "cpu_seconds": sum(one.ru_utime + one.ru_stime for one in used),
        "most_held_bytes": most_held,
        "reads": len(readers),
        "reads_ahead": sum(name.startswith("photos") for name in readers),
        "report": {name: value for name, value in report.items() if name != "views"},
    }


if __name__ == "__main__":
    place, number, side, count = Path(sys.argv[1]), *(int(word) for word in sys.argv[2:5])
    print(json.dumps(train_and_tell(place, number, side, count, json.loads(sys.argv[5]))))
