"""The folder of the sfm stage: written once, read by every later room without pycolmap.

``reconstruction.json`` (photos left out, sizes), ``georeference.json``, ``views/views.json`` and
pictures, ``cloud.ply``; beside them ``model/``, the COLMAP model of the same frame.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from spaceport_app import atomic, ply
from spaceport_app.errors import StageError
from spaceport_app.sfm.model import Cloud, Georeference, Reconstruction, View

SCHEMA = 1
VIEWS = "views"
FILES = ("reconstruction.json", "georeference.json", f"{VIEWS}/views.json", "cloud.ply")
"""What `write` writes."""
MODEL = "model"

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
    about = _read_json(folder / "reconstruction.json")
    views = _read_json(folder / VIEWS / "views.json")
    try:
        return Reconstruction(
            views=tuple(_view_from_json(folder, view) for view in views["views"]),
            cloud=_read_cloud(folder / "cloud.ply"),
            georeference=read_georeference(folder / "georeference.json"),
            left_out={str(k): str(v) for k, v in about["left_out"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError, OSError, StageError) as error:
        raise _bad(folder) from error


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
    data = _read_json(path)
    try:
        origin = data["origin"]
        matrix = data["world_to_ecef"]
        return Georeference(
            origin=None if origin is None else (origin[0], origin[1], origin[2]),
            world_to_ecef=None if matrix is None else np.array(matrix, np.float64).reshape(4, 4),
            epsg=data["epsg"],
            method=data["method"],
            reason=data["reason"],
            horizontal_rmse_m=data["horizontal_rmse_m"],
            vertical_rmse_m=data["vertical_rmse_m"],
            residuals={
                name: (_number(east), _number(north), _number(up))
                for name, (east, north, up) in data["residuals_m"].items()
            },
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise _bad(path.parent) from error


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


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


def _view_from_json(folder: Path, data: dict[str, Any]) -> View:
    return View(
        name=str(data["name"]),
        image=folder / VIEWS / str(data["image"]),
        width=int(data["width"]),
        height=int(data["height"]),
        fx=float(data["fx"]),
        fy=float(data["fy"]),
        cx=float(data["cx"]),
        cy=float(data["cy"]),
        view_matrix=np.array(data["view_matrix"], np.float64).reshape(4, 4),
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


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _bad(path.parent) from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise _bad(path.parent)
    return data


def _bad(folder: Path) -> StageError:
    return StageError(
        "bad_reconstruction",
        f"The reconstruction in {folder.name} is incomplete, damaged or of a newer version.",
        "Run the reconstruction again.",
    )
