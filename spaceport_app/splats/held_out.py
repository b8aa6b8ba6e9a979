"""Which photos training never sees, so that quality is measured on new views."""

from __future__ import annotations

from collections.abc import Sequence

from spaceport_app.errors import StageError

EVERY_EIGHTH = "every-8th"
NONE = "none"

_FIRST, _STEP = 4, 8


def choose(names: Sequence[str], rule: str = EVERY_EIGHTH) -> tuple[str, ...]:
    """Return the names of the held-out photos, in name order.

    Parameters
    ----------
    names : sequence of str
        All photos that can be trained with.
    rule : str
        ``"every-8th"``: every 8th in name order from the 5th, so none of fewer than five photos;
        ``"none"``; or names separated by commas, each as the photo is called or only the last
        part of its path.

    Raises
    ------
    StageError
        ``unknown_photo`` for a name that no photo has, ``ambiguous_photo`` for a last part that
        several have, ``nothing_to_train`` if all photos would be held out.
    """
    ordered = sorted(names)
    if rule == NONE:
        return ()
    if rule == EVERY_EIGHTH:
        return tuple(ordered[_FIRST::_STEP])
    wanted = [rule] if rule in ordered else [part.strip() for part in rule.split(",")]
    chosen = {_find(name, ordered) for name in wanted if name}
    if len(chosen) == len(ordered):
        raise StageError(
            "nothing_to_train",
            "Every photo is held out, so none is left to train with.",
            "Hold out fewer photos.",
        )
    return tuple(sorted(chosen))


def _find(name: str, names: Sequence[str]) -> str:
    if name in names:
        return name
    matches = [full for full in names if full.rsplit("/", 1)[-1] == name]
    if not matches:
        raise StageError(
            "unknown_photo",
            f"No photo in the reconstruction is called {name}.",
            "Name held-out photos exactly as they are listed, with commas between them.",
        )
    if len(matches) > 1:
        raise StageError(
            "ambiguous_photo",
            f"{len(matches)} photos are called {name}.",
            f"Write its whole name, such as {matches[0]}.",
        )
    return matches[0]
