"""One picture of Gaussians, forward and backward, in memory that is used again and again."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.cpu import compositing, projection, tiles
from spaceport_app.splats.engines.cpu import screen as columns
from spaceport_app.splats.engines.cpu.compiled import F32, I32, I64, aligned


class Rasteriser:
    """Draws Gaussians and carries a picture's gradient back to its tile entries.

    `draw` leaves behind what `draw_back` needs. Arrays returned are overwritten by the next
    picture. Memory grows to the largest picture and number of tile entries seen, then stays.

    Parameters
    ----------
    near : float
        Distance in front of the camera, in world units, at which Gaussians begin to show.
    """

    def __init__(self, near: float = 0.01) -> None:
        self.near = near
        self.visible = 0
        self.camera = np.zeros(24, np.float32)
        self.antialiased = False
        self.degree = 0
        self._histogram: I64 = np.empty(3 << 11, np.int64)
        self._make_gaussians(0)
        self._make_picture(0, 0)
        self._make_entries(0)

    def _make_gaussians(self, count: int) -> None:
        self.screen: F32 = aligned(count, columns.COLUMNS)
        self.counts: I32 = np.empty(count, np.int32)
        self.slots: I64 = np.empty(count, np.int64)
        self._bounds: I32 = np.empty(count, np.int32)
        self._keys: I32 = np.empty(count, np.int32)
        self._order: I32 = np.empty(count, np.int32)
        self._spare: I32 = np.empty(count, np.int32)

    def _make_picture(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._across, self._down = tiles.grid(width, height)
        number = self._across * self._down
        self._schedule = tiles.balanced_order(self._across, self._down)
        self._tallies: I64 = np.empty((tiles.PARTS, number), np.int64)
        self._starts: I64 = np.empty(number + 1, np.int64)
        self._ends: F32 = np.empty((number, 2 * tiles.PIXELS), np.float32)
        self.image: F32 = np.empty((3, height, width), np.float32)

    def _make_entries(self, room: int) -> None:
        self.v_entries: F32 = np.empty((room, compositing.GRADIENTS), np.float32)
        self._lists: I32 = np.empty((room + tiles.AHEAD, 4), np.int32)
        self._entries: I32 = np.empty(room, np.int32)

    def draw(
        self,
        rows: F32,
        camera: Camera,
        degree: int,
        background: npt.ArrayLike,
        antialiased: bool,
    ) -> F32:
        """Return the picture (3, height, width), not clamped from above.

        `rows` are Gaussians as in `engines.rows`, with harmonics of at least `degree`.
        """
        width, height = camera.width, camera.height
        if len(rows) != len(self.counts):
            self._make_gaussians(len(rows))
        if (width, height) != self._size:
            self._make_picture(width, height)
        self.camera = projection.camera_numbers(camera, self.near)
        self.antialiased = antialiased
        self.degree = degree
        self._background = np.array(background, np.float32)
        projection.project(
            rows,
            self.degree,
            self.camera,
            width,
            height,
            antialiased,
            self.screen,
            self._bounds,
            self._keys,
        )
        self.visible, places = tiles.depth_order(
            self._bounds, self._keys, self._order, self._spare, self.slots, self._histogram
        )
        if places > len(self.v_entries):
            self._make_entries(places + places // 4)
        tiles.find_entries(
            self.screen,
            self._bounds,
            self.slots,
            self._across,
            height,
            self.counts,
            self._entries,
        )
        tiles.fill_lists(
            self._order,
            self.visible,
            self.slots,
            self.counts,
            self._entries,
            self._tallies,
            self._starts,
            self._lists,
        )
        compositing.forward(
            self._schedule,
            self._starts,
            self._lists,
            self.screen,
            width,
            height,
            self._across,
            self._background,
            self.image,
            self._ends,
        )
        return self.image

    def draw_back(self, v_image: F32) -> F32:
        """Return the gradients of the last picture's tile entries, in Gaussian order.

        Parameters
        ----------
        v_image : (3, height, width)
            The loss by the picture that `draw` returned.

        Returns
        -------
        (places, 9), see `compositing.GRADIENTS`
        """
        width, height = self._size
        compositing.backward(
            self._schedule,
            self._starts,
            self._lists,
            self.screen,
            width,
            height,
            self._across,
            self._background,
            v_image,
            self._ends,
            self.v_entries,
        )
        return self.v_entries
