"""Photos at the sizes that training wants them, decoded once where memory allows."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import overload

from spaceport_app.sfm.model import View
from spaceport_app.splats.engines.contract import TrainingView
from spaceport_app.splats.views import load_view
from spaceport_app.splats.vignette import NO_VIGNETTE, Vignette


class HeldOut(Sequence[tuple[str, TrainingView]]):
    """Names and photos to measure by, read again each time where they are over a budget.

    Their keys are below 0, so that no engine takes them for photos of the training.

    Parameters
    ----------
    views : sequence of View
    larger_side : int
        Pixels that photos are shrunk to.
    memory_bytes : int
        For photos that are kept; one more is in use while it is measured.
    """

    def __init__(self, views: Sequence[View], larger_side: int, memory_bytes: int) -> None:
        self._views = tuple(views)
        self._larger_side = larger_side
        self._budget = memory_bytes
        self._held: dict[int, TrainingView] = {}
        self.held_bytes = 0
        """Bytes of the photos that are kept."""

    def turn_to(self, larger_side: int) -> None:
        """Give photos of another size from now on."""
        if larger_side != self._larger_side:
            self._larger_side = larger_side
            self._held.clear()
            self.held_bytes = 0

    def __len__(self) -> int:
        return len(self._views)

    @overload
    def __getitem__(self, index: int) -> tuple[str, TrainingView]: ...

    @overload
    def __getitem__(self, index: slice) -> list[tuple[str, TrainingView]]: ...

    def __getitem__(
        self, index: int | slice
    ) -> tuple[str, TrainingView] | list[tuple[str, TrainingView]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        view, photo = self._views[index], self._held.get(index)
        if photo is None:
            photo = load_view(view, -1 - index, self._larger_side)
            if self.held_bytes + photo.image.nbytes <= self._budget:
                self._held[index] = photo
                self.held_bytes += photo.image.nbytes
        return view.name, photo


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
    vignette : Vignette
        What pictures are freed from.
    """

    def __init__(
        self, views: Sequence[View], memory_bytes: int, vignette: Vignette = NO_VIGNETTE
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
