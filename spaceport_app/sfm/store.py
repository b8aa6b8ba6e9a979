"""The folder of the sfm stage: written once, read by every later room without pycolmap.

``reconstruction.json`` (photos left out, sizes), ``georeference.json``, ``views/views.json`` and
pictures, ``cloud.ply``; beside them ``model/``, the COLMAP model of the same frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

import numpy as np
from msgspec import Meta

from spaceport_app import atomic, inside, ply
from spaceport_app.errors import StageError
from spaceport_app.records import RecordFile
from spaceport_app.sfm.model import Cloud, Georeference, Reconstruction, View

SCHEMA = 1
VIEWS = "views"
FILES = ("reconstruction.json", "georeference.json", f"{VIEWS}/views.json", "cloud.ply")
"""What `write` writes."""
MODEL = "model"

T = TypeVar("T")
_REMEDY = "Run the reconstruction again."

# JPEG has no larger sides.
_Side: TypeAlias = Annotated[int, Meta(ge=1, le=65_535)]
_Length: TypeAlias = Annotated[float, Meta(ge=-1e12, le=1e12)]
_Error: TypeAlias = Annotated[float, Meta(ge=0.0, le=1e12)]
_Row: TypeAlias = tuple[_Length, _Length, _Length, _Length]
_Matrix: TypeAlias = tuple[_Row, _Row, _Row, _Row]


@dataclass(frozen=True)
class _View:
    name: str
    image: str
    width: _Side
    height: _Side
    fx: Annotated[float, Meta(gt=0.0, le=1e9)]
    fy: Annotated[float, Meta(gt=0.0, le=1e9)]
    cx: _Length
    cy: _Length
    view_matrix: _Matrix

    def __post_init__(self) -> None:
        _check_frame(self.view_matrix)


@dataclass(frozen=True)
class _Views:
    views: tuple[_View, ...]


@dataclass(frozen=True)
class _About:
    left_out: dict[str, str]


@dataclass(frozen=True)
class _Georeference:
    origin: (
        tuple[
            Annotated[float, Meta(ge=-90, le=90)], Annotated[float, Meta(ge=-180, le=180)], _Length
        ]
        | None
    )
    world_to_ecef: _Matrix | None
    # Numbers of EPSG are 1024 to 32767.
    epsg: Annotated[int, Meta(ge=1024, le=32_767)] | None
    method: str
    reason: str
    horizontal_rmse_m: _Error | None
    vertical_rmse_m: _Error | None
    residuals_m: dict[str, tuple[_Length | None, _Length | None, _Length | None]]

    def __post_init__(self) -> None:
        if self.world_to_ecef is not None:
            _check_frame(self.world_to_ecef)


def _check_frame(matrix: _Matrix) -> None:
    if not np.linalg.det(np.array(matrix, np.float64)):
        raise ValueError("it is no matrix from one frame to another")


_ABOUT = RecordFile(_About, "bad_reconstruction", _REMEDY, SCHEMA)
_VIEWS = RecordFile(_Views, "bad_reconstruction", _REMEDY, SCHEMA)
_GEOREFERENCE = RecordFile(_Georeference, "bad_reconstruction", _REMEDY, SCHEMA)

_CLOUD = np.dtype(
    [
        ("x", "<f8"),
        ("y", "<f8"),
        ("z", "<f8"),
        ("red", "u1"),
        ("green", "u1"),
        ("blue", "u1"),
        ("error", "<f4"),
        ("track_length", "<i4"),
    ]
)


def write(folder: Path, reconstruction: Reconstruction) -> None:
    """Write everything but the pictures and the COLMAP model, which lie in `folder` already.

    Raises
    ------
    ValueError
        If a picture is not in the ``views`` folder of `folder`.
    OSError
        If the folder cannot be written.
    """
    views = [_view_to_json(folder, view) for view in reconstruction.views]
    (folder / VIEWS).mkdir(exist_ok=True)
    atomic.write_json(folder / VIEWS / "views.json", {"schema": SCHEMA, "views": views})
    write_georeference(folder / "georeference.json", reconstruction.georeference)
    _write_cloud(folder / "cloud.ply", reconstruction.cloud)
    atomic.write_json(
        folder / "reconstruction.json",
        {
            "schema": SCHEMA,
            "views": len(views),
            "points": len(reconstruction.cloud.xyz),
            "left_out": reconstruction.left_out,
        },
    )


def read(folder: Path) -> Reconstruction:
    """Read what `write` wrote; pictures are named, not opened.

    Raises
    ------
    StageError
        ``bad_reconstruction`` if a file is missing, damaged or of a newer version.
    """
    about = _read(_ABOUT, folder / "reconstruction.json")
    views = _read(_VIEWS, folder / VIEWS / "views.json").views
    georeference = read_georeference(folder / "georeference.json")
    try:
        found = tuple(_view(folder, view) for view in views)
    except ValueError as error:
        raise _damaged("views.json", str(error)) from error
    try:
        cloud = _read_cloud(folder / "cloud.ply")
    except FileNotFoundError as error:
        raise _missing(folder / "cloud.ply") from error
    except (OSError, ValueError, StageError) as error:
        raise _damaged("cloud.ply", str(error)) from error
    return Reconstruction(found, cloud, georeference, about.left_out)


def write_georeference(path: Path, georeference: Georeference) -> None:
    """Write a georeference as JSON; unknown numbers are null."""
    g = georeference
    atomic.write_json(
        path,
        {
            "schema": SCHEMA,
            "frame": "local east, north, up in metres" if g.origin else "arbitrary",
            "origin": list(g.origin) if g.origin else None,
            "world_to_ecef": None if g.world_to_ecef is None else g.world_to_ecef.tolist(),
            "epsg": g.epsg,
            "method": g.method,
            "reason": g.reason,
            "horizontal_rmse_m": g.horizontal_rmse_m,
            "vertical_rmse_m": g.vertical_rmse_m,
            "residuals_m": {
                name: [None if math.isnan(v) else v for v in residual]
                for name, residual in g.residuals.items()
            },
        },
    )


def read_georeference(path: Path) -> Georeference:
    """Read a georeference.

    Raises
    ------
    StageError
        ``bad_reconstruction`` if the file is missing, damaged or of a newer version.
    """
    found = _read(_GEOREFERENCE, path)
    matrix = found.world_to_ecef
    return Georeference(
        origin=found.origin,
        world_to_ecef=None if matrix is None else np.array(matrix, np.float64),
        epsg=found.epsg,
        method=found.method,
        reason=found.reason,
        horizontal_rmse_m=found.horizontal_rmse_m,
        vertical_rmse_m=found.vertical_rmse_m,
        residuals={
            name: (_number(east), _number(north), _number(up))
            for name, (east, north, up) in found.residuals_m.items()
        },
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _view_to_json(folder: Path, view: View) -> dict[str, Any]:
    return {
        "name": view.name,
        "image": view.image.relative_to(folder / VIEWS).as_posix(),
        "width": view.width,
        "height": view.height,
        "fx": view.fx,
        "fy": view.fy,
        "cx": view.cx,
        "cy": view.cy,
        "view_matrix": view.view_matrix.tolist(),
    }


def _view(folder: Path, found: _View) -> View:
    return View(
        name=found.name,
        image=inside.path(folder / VIEWS, found.image),
        width=found.width,
        height=found.height,
        fx=found.fx,
        fy=found.fy,
        cx=found.cx,
        cy=found.cy,
        view_matrix=np.array(found.view_matrix, np.float64),
    )


def _write_cloud(path: Path, cloud: Cloud) -> None:
    table = np.empty(len(cloud.xyz), _CLOUD)
    for column, name in enumerate(("x", "y", "z")):
        table[name] = cloud.xyz[:, column]
    for column, name in enumerate(("red", "green", "blue")):
        table[name] = cloud.rgb[:, column]
    table["error"] = cloud.error
    table["track_length"] = cloud.track_length
    ply.write_vertices(path, table)


def _read_cloud(path: Path) -> Cloud:
    table = ply.read_vertices(path)
    return Cloud(
        xyz=np.stack([table[n] for n in ("x", "y", "z")], axis=1).astype(np.float64),
        rgb=np.stack([table[n] for n in ("red", "green", "blue")], axis=1).astype(np.uint8),
        error=table["error"].astype(np.float32),
        track_length=table["track_length"].astype(np.int32),
    )


def _read(kind: RecordFile[T], path: Path) -> T:
    try:
        return kind.read(path)
    except FileNotFoundError as error:
        raise _missing(path) from error


def _missing(path: Path) -> StageError:
    return StageError("bad_reconstruction", f"{path.name} is missing.", _REMEDY)


def _damaged(name: str, why: str) -> StageError:
    return StageError("bad_reconstruction", f"{name} is damaged ({why}).", _REMEDY)
