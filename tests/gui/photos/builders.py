"""Photos made up for tests of what is shown of them."""

from __future__ import annotations

from pathlib import Path

from spaceport_app.photos.model import Finding, LeftOut, Origin, Photo, PhotoSet, Position


def photo(
    name: str,
    *codes: str,
    used: bool = True,
    sharpness: float = 1.0,
    taken_at: str | None = None,
    position: Position | None = None,
    path: Path | None = None,
) -> Photo:
    return Photo(
        name=name,
        path=path or Path("/photos") / name,
        size_bytes=1,
        modified_ns=0,
        sha256="",
        width=4000,
        height=3000,
        camera="camera",
        make="",
        model="",
        focal_px=3000.0,
        taken_at=taken_at,
        position=position,
        orientation=None,
        sharpness=sharpness,
        brightness=0.5,
        findings=tuple(Finding(code, f"{code} it is.") for code in codes),
        used=used,
    )


def photos(
    *listed: Photo, unreadable: tuple[str, ...] = (), origin: Origin | None = None
) -> PhotoSet:
    left_out = tuple(
        LeftOut(name, Path("/photos") / name, Finding("unreadable", "It is damaged."))
        for name in unreadable
    )
    return PhotoSet(listed, left_out, origin)
