"""PlayCanvas' SOG of version 2 and SOGS of version 1: a .sog, a folder or its meta.json."""

from __future__ import annotations

from pathlib import Path

from spaceport_app.errors import StageError
from spaceport_app.formats.model import Format, Found, Raw
from spaceport_app.formats.names import unused
from spaceport_app.sogs import file
from spaceport_app.sogs.bundle import META, parse_meta

STREAMED = "lod-meta.json"
_KNOWN = frozenset(
    ("version", "asset", "count", "model", "antialias", "means", "scales", "quats", "sh0", "shN")
)
_WRITERS_OWN = frozenset(("extras",))


def recognises(found: Found) -> bool:
    """Whether it is a folder, a zip or a JSON file that could belong to a bundle."""
    if found.path.is_dir():
        return any((found.path / name).is_file() for name in (META, STREAMED))
    if file.begins_as_json(found.head):
        return any(
            word in found.head for word in (b'"means"', b'"lodLevels"', b'"tree"', b'"counts"')
        )
    if not found.head.startswith(b"PK\x03\x04"):
        return False
    return found.path.suffix.lower() == ".sog" or _holds_meta(found.path)


def read(path: Path) -> Raw:
    """Read a bundle.

    Raises
    ------
    StageError
        What `sogs.file.version_of` and the decoders raise.
    OSError
        If a file cannot be read.
    """
    if path.is_dir() and not (path / META).is_file():
        path = path / STREAMED
    load = file.open_bundle(path)
    meta = parse_meta(load(META))
    try:
        version = file.version_of(meta)
    except StageError as error:
        # The reader of bundles does not know how the file is called.
        words = error.message.removeprefix("It ")
        message = error.message if words == error.message else f"{path.name} {words}"
        raise StageError(error.code, message, error.remedy) from error
    splats = file.decode(load)
    others = tuple(name for name in meta if name not in _KNOWN | _WRITERS_OWN)
    return Raw(
        f"SOG, version {version}" if version == 2 else "SOGS, version 1",
        splats.means,
        splats.log_scales,
        splats.quaternions,
        splats.opacity_logits,
        splats.sh,
        file.offset_of(meta),
        others,
        unused(others),
        file.says_antialiased(meta),
    )


def _holds_meta(path: Path) -> bool:
    """Whether a zip holds a meta.json with the first texture beside it, as no zip of photos."""
    from spaceport_app import unzip
    from spaceport_app.inside import OutsideError

    try:
        with unzip.opened(path) as archive:
            names = {name.rsplit("/", 1)[-1] for name in archive.namelist()}
    except (unzip.ZipError, OutsideError):
        return False
    return STREAMED in names or (META in names and "means_l.webp" in names)


FORMAT = Format("SOG", (".sog", META), recognises, read)
