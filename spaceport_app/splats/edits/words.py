"""Edits in words, the same for the window and the command line."""

from __future__ import annotations

from spaceport_app.splats.edits.model import Edits


def of_change(before: Edits, after: Edits) -> str:
    """Return what a person did, as it stands after "Undo": two or three words."""
    if not after and before:
        return "take back all edits"
    if before.crop != after.crop:
        if after.crop is None:
            return "no crop"
        if before.crop is None:
            return "crop"
        if before.crop.turn_degrees != after.crop.turn_degrees:
            return "turn crop box"
        return "change crop box"
    if after.floaters is None:
        return "keep floaters"
    return "remove floaters" if before.floaters is None else "change floaters' strength"


def of_edits(edits: Edits) -> list[tuple[str, str]]:
    """Return a heading and words for each edit; none where nothing is edited."""
    rows = []
    if edits.crop is not None:
        size = " x ".join(f"{length:.2f}" for length in edits.crop.size)
        centre = ", ".join(f"{place:.2f}" for place in edits.crop.centre)
        turn = f", turned {edits.crop.turn_degrees:.1f}°" if edits.crop.turn_degrees else ""
        rows.append(("Crop box", f"{size} about {centre}{turn}"))
    if edits.floaters is not None:
        rows.append(("Floaters", f"removed with strength {edits.floaters}"))
    return rows
