"""A decoded bundle rendered from where held-out photos were taken."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spaceport_app.events import JsonValue, Progress, Report
from spaceport_app.splats.model import Splats

if TYPE_CHECKING:
    from spaceport_app.sfm.model import Reconstruction
    from spaceport_app.splats.engines.contract import TrainingView
    from spaceport_app.splats.evaluation import Look, ViewQuality


@dataclass(frozen=True)
class Seen:
    """From where and how to look at splats.

    Parameters
    ----------
    reconstruction : Reconstruction
    names : tuple of str
        Of the held-out photos, at least one.
    image_size : int or None
        Larger side in pixels; None for that of the photos.
    look : Look
        As training compared.
    """

    reconstruction: Reconstruction
    names: tuple[str, ...]
    image_size: int | None
    look: Look

    def photos(self, report: Report) -> Iterator[tuple[str, TrainingView]]:
        """Yield name and photo one after the other, and report each once it is done with."""
        from spaceport_app.splats.views import load_view

        done = 0
        for key, view in enumerate(self.reconstruction.views):
            if view.name in self.names:
                size = self.image_size or max(view.width, view.height)
                yield view.name, load_view(view, key, size)
                done += 1
                total = len(self.names)
                step = "Rendering held-out views from the bundle"
                report(Progress(step, done, total, done / total))


def against_photos(decoded: Splats, seen: Seen, report: Report) -> tuple[ViewQuality, ...]:
    """Compare splats in world axes with the held-out photos."""
    from spaceport_app.splats.engines import choose
    from spaceport_app.splats.evaluation import compare

    engine = choose.make("auto")
    engine.load(decoded)
    return tuple(compare(engine, name, photo, seen.look)[0] for name, photo in seen.photos(report))


def against_edited(
    edited: Splats, decoded: Splats, seen: Seen, report: Report
) -> dict[str, JsonValue]:
    """Compare splats in world axes with those that went in, both seen where photos were taken.

    Returns
    -------
    dict
        ``edited_psnr_db`` and ``edited_ssim``, means over the views that see anything; empty
        where none does.
    """
    from spaceport_app.splats import quality
    from spaceport_app.splats.engines import choose
    from spaceport_app.splats.evaluation import compare

    before, after = choose.make("auto"), choose.make("auto")
    before.load(edited)
    after.load(decoded)
    alike: list[tuple[float, float]] = []
    for _, photo in seen.photos(report):
        wanted, found = (compare(engine, "", photo, seen.look)[1] for engine in (before, after))
        psnr_db, ssim = quality.psnr(found, wanted), quality.ssim(found, wanted)
        # A camera that sees nothing of what is left has nothing to tell.
        if math.isfinite(psnr_db):
            alike.append((psnr_db, ssim))
    if not alike:
        return {}
    psnr_db, ssim = np.mean(alike, axis=0).tolist()
    return {"edited_psnr_db": psnr_db, "edited_ssim": ssim}
