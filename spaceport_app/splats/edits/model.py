"""Which edits are made."""

from __future__ import annotations

from dataclasses import dataclass, replace

from spaceport_app.splats.edits.box import CropBox

LEAST_STRENGTH, MOST_STRENGTH = 1, 100
USUAL_STRENGTH = 50


@dataclass(frozen=True)
class Edits:
    """What is taken away from the trained Gaussians when they are packed and exported.

    Parameters
    ----------
    crop : CropBox or None
        Only Gaussians whose centre is in it stay; None leaves all.
    floaters : int or None
        Strength, 1 to 100, with which floaters are removed, see `floaters`; None leaves them.

    Raises
    ------
    ValueError
        If the strength is out of its limits.
    """

    crop: CropBox | None = None
    floaters: int | None = None

    def __post_init__(self) -> None:
        if self.floaters is not None and not LEAST_STRENGTH <= self.floaters <= MOST_STRENGTH:
            raise ValueError(
                f"the strength of removing floaters is {LEAST_STRENGTH} to {MOST_STRENGTH}"
            )

    def __bool__(self) -> bool:
        """Whether anything is edited at all."""
        return self != NONE

    def without_crop(self) -> Edits:
        """Return the edits that fit any frame."""
        return replace(self, crop=None)


NONE = Edits()
