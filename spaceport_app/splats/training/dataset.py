"""Photos at the sizes that training wants them, decoded once where memory allows."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import numpy as np
import numpy.typing as npt
from PIL import Image

from spaceport_app.errors import StageError
from spaceport_app.sfm.model import View
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import TrainingView
from spaceport_app.splats.training.vignetting import Vignette

Pixels = npt.NDArray[np.uint8]


def size_of(view: View, larger_side: int) -> tuple[int, int]:
    """Return width and height of a view shrunk so that neither is over `larger_side`."""
    factor = min(1.0, larger_side / max(view.width, view.height))
    return max(1, round(view.width * factor)), max(1, round(view.height * factor))


def load_view(
    view: View, key: int, larger_side: int, vignette: Vignette | None = None
) -> TrainingView:
    """Read a view's picture, shrunk by averaging over areas, with the camera to match.

    With a `vignette` the picture is freed from it.

    Raises
    ------
    StageError
        ``view_unreadable`` if the picture is missing, damaged or of another size.
    """
    width, height = size_of(view, larger_side)
    camera = Camera.of_view(view).resized(width, height)
    loaded = TrainingView(camera, _read(view, width, height), key)
    return vignette.corrected(loaded) if vignette else loaded


def _read(view: View, width: int, height: int) -> Pixels:
    try:
        with Image.open(view.image) as image:
            if image.size != (view.width, view.height):
                raise ValueError(f"{image.size} instead of {(view.width, view.height)}")
            picture = image.convert("RGB")
        if picture.size != (width, height):
            picture = picture.resize((width, height), Image.Resampling.BOX)
        return np.array(picture)
    except (OSError, ValueError, SyntaxError) as error:
        raise StageError(
            "view_unreadable",
            f"The undistorted picture of {view.name} cannot be read.",
            "Run the sfm stage again.",
        ) from error


class Dataset:
    """The training views, with the pictures of one size held in memory up to a budget.

    Training visits all views once in random order, again and again. So the pictures that came
    first stay for as long as the size stays, and those beyond the budget are decoded each time,
    ahead of need in a thread: dropping the least recently used would lose nearly every one just
    before its next turn.

    Parameters
    ----------
    views : sequence of View
        Index in this sequence is the `key` of a training view.
    memory_bytes : int
        Budget for decoded pictures; at least the present and the next are held anyway.
    vignette : Vignette or None
        What pictures are freed from.
    """

    def __init__(
        self, views: Sequence[View], memory_bytes: int, vignette: Vignette | None = None
    ) -> None:
        self._vignette = vignette
        self._views = tuple(views)
        self._budget = memory_bytes
        self._held: dict[int, TrainingView] = {}
        self._held_bytes = 0
        self._larger_side = 0
        self._coming: dict[int, Future[TrainingView]] = {}
        self._thread = ThreadPoolExecutor(1, "photos")

    def __len__(self) -> int:
        return len(self._views)

    def __enter__(self) -> Dataset:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._thread.shutdown(cancel_futures=True)

    @property
    def held_bytes(self) -> int:
        """Bytes of the pictures that are kept."""
        return self._held_bytes

    def get(self, index: int, larger_side: int) -> TrainingView:
        """Return view `index` with its larger side at most `larger_side` pixels.

        Raises
        ------
        StageError
            ``view_unreadable`` if its picture cannot be read.
        """
        self._turn_to(larger_side)
        if index in self._held:
            return self._held[index]
        coming = self._coming.pop(index, None)
        view = coming.result() if coming else self._load(index, larger_side)
        if self._held_bytes + view.image.nbytes <= self._budget:
            self._held[index] = view
            self._held_bytes += view.image.nbytes
        return view

    def prefetch(self, index: int, larger_side: int) -> None:
        """Begin to read view `index` in the thread, unless it is held or on its way.

        A picture that cannot be read is told of by the `get` that needs it.
        """
        self._turn_to(larger_side)
        if index not in self._held and index not in self._coming:
            self._coming[index] = self._thread.submit(self._load, index, larger_side)

    def _load(self, index: int, larger_side: int) -> TrainingView:
        return load_view(self._views[index], index, larger_side, self._vignette)

    def _turn_to(self, larger_side: int) -> None:
        if larger_side != self._larger_side:
            for coming in self._coming.values():
                coming.cancel()
            self._coming.clear()
            self._held.clear()
            self._held_bytes = 0
            self._larger_side = larger_side
