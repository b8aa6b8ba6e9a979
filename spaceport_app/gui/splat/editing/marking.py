"""How the Gaussians of a scene are drawn while their edits are made, and after; no Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spaceport_app.gui.splat.packing import PackedScene
from spaceport_app.gui.splat.shaders import FAINT, HIDDEN, HIGHLIGHTED
from spaceport_app.splats.edits.floaters import floating
from spaceport_app.splats.edits.model import Edits

Marks = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Shown:
    """How a scene is to be drawn, and what that means.

    Parameters
    ----------
    marks : uint8 array, shape (N,), or None
        See `shaders.HIDDEN` and the like; None draws all as they are.
    stay : int
        Gaussians that stay.
    floaters : int or None
        Gaussians that the strength at hand would remove; None while nobody knows.
    """

    marks: Marks | None
    stay: int
    floaters: int | None


class Marking:
    """Marks the Gaussians of one scene.

    Parameters
    ----------
    scene : PackedScene
    """

    def __init__(self, scene: PackedScene) -> None:
        self.scene = scene
        self._places = tuple(scene.means[:, k].astype(np.float64) for k in range(3))
        self._known: tuple[int, Mask] | None = None
        self.isolation: npt.NDArray[np.float64] | None = None
        """How isolated each packed Gaussian is, once that is known."""

    def applied(self, edits: Edits) -> Shown:
        """Hide what the edits take away."""
        stay = self._inside(edits) & ~self._floating(edits.floaters)
        marks = None if stay.all() else np.where(stay, 0, HIDDEN).astype(np.uint8)
        return Shown(marks, int(stay.sum()), None)

    def offered(self, edits: Edits, strength: int | None) -> Shown:
        """Draw what is outside of the crop box faint, and hide removed floaters.

        Parameters
        ----------
        strength : int or None
            Highlight the floaters that this strength would remove instead of hiding those that
            are removed.
        """
        inside, gone = self._inside(edits), self._floating(edits.floaters)
        marks = np.zeros(len(self.scene), np.uint8)
        marks[~inside] = FAINT
        found = None if self.isolation is None else 0
        if strength is None:
            marks[gone] = HIDDEN
        else:
            offered = self._floating(strength)
            marks[offered] = HIGHLIGHTED
            found = None if self.isolation is None else int(offered.sum())
        return Shown(marks, int((inside & ~gone).sum()), found)

    def count(self, strength: int) -> int | None:
        """Return how many Gaussians this strength removes, None while nobody knows."""
        return None if self.isolation is None else int(self._floating(strength).sum())

    def _inside(self, edits: Edits) -> Mask:
        if edits.crop is None:
            return np.ones(len(self.scene), np.bool_)
        return edits.crop.holds_at(*self._places)

    def _floating(self, strength: int | None) -> Mask:
        if strength is None or self.isolation is None:
            return np.zeros(len(self.scene), np.bool_)
        if self._known is None or self._known[0] != strength:
            self._known = strength, floating(self.isolation, strength)
        return self._known[1]
