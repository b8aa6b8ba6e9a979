"""Gaussians and bundles: PLY, SOG as zip and folder, SOGS version 1, their export."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from spaceport_app import formats, ply
from spaceport_app.cli import inspecting
from spaceport_app.events import ignore
from spaceport_app.sogs import export, file, textures, version1, version2
from spaceport_app.sogs.options import CompressOptions, ExportOptions
from spaceport_app.splats.file import read_ply, write_ply
from spaceport_app.splats.model import Splats

from ..reader import Reader

_BUNDLE = (
    "sogs/file.py",
    "sogs/bundle.py",
    "sogs/archive.py",
    "sogs/textures.py",
    "sogs/version1.py",
    "sogs/version2.py",
)
_OPTIONS = CompressOptions(palette_entries=64)


def _scene(count: int, degree: int) -> Splats:
    chance = np.random.default_rng(1)
    sh = chance.normal(0, 0.3, (count, (degree + 1) ** 2, 3))
    return Splats(
        chance.normal(0, 8, (count, 3)).astype(np.float32),
        chance.normal(-4, 1, (count, 3)).astype(np.float32),
        chance.normal(0, 1, (count, 4)).astype(np.float32),
        chance.normal(0, 3, count).astype(np.float32),
        sh.astype(np.float32),
    )


def _plys(folder: Path) -> Sequence[bytes]:
    path = folder / "a.ply"
    write_ply(path, _scene(30, 1))
    binary = path.read_bytes()
    text = b"ply\nformat ascii 1.0\ncomment hello\nelement vertex 2\nproperty float x\n"
    text += b"property double y\nproperty uchar z\nend_header\n1 2.5 3\n-4 5e3 6\n"
    large = binary.replace(b"vertex 30", b"vertex 3000000000", 1)
    return [binary, text, binary.replace(b"little", b"big_", 1), large]


def _table(data: bytes, folder: Path) -> object:
    path = folder / "a.ply"
    path.write_bytes(data)
    return ply.read_vertices(path)


def _splats(data: bytes, folder: Path) -> object:
    path = folder / "a.ply"
    path.write_bytes(data)
    return read_ply(path), inspecting.describe(path)


def _other_splats(folder: Path) -> Sequence[bytes]:
    scene = _scene(30, 1)
    rows = np.zeros(30, [("p", "<f4", 6), ("b", "u1", 8)])
    rows["p"][:, :3], rows["p"][:, 3:] = scene.means, np.exp(scene.log_scales)
    rows["b"] = 200
    rows["b"][:, 4:] = (192, 192, 192, 192)
    head = b"NGSP" + struct.pack("<IIBBBB", 2, 30, 1, 12, 0, 0)
    body = np.random.default_rng(2).integers(0, 256, 30 * (9 + 1 + 3 + 3 + 3 + 9), np.uint8)
    spz = gzip.compress(head + body.tobytes())
    chunks = "".join(f"property float {name}\n" for name in _CHUNK.split())
    packed = "".join(f"property uint packed_{name}\n" for name in _PACKED.split())
    ply_head = "ply\nformat binary_little_endian 1.0\nelement chunk 1\n" + chunks
    ply_head += "element vertex 30\n" + packed + "end_header\n"
    limits = np.arange(18, dtype="<f4").tobytes()
    compressed = ply_head.encode() + limits + body.tobytes()[: 30 * 16]
    return [rows.tobytes(), spz, compressed]


_CHUNK = (
    "min_x min_y min_z max_x max_y max_z min_scale_x min_scale_y min_scale_z "
    "max_scale_x max_scale_y max_scale_z min_r min_g min_b max_r max_g max_b"
)
_PACKED = "position rotation scale color"


def _any_splats(data: bytes, folder: Path) -> object:
    path = folder / "a.splat"
    path.write_bytes(data)
    return formats.read(path)


def _gsplat_metas(folder: Path) -> Sequence[bytes]:
    means = {"shape": [4, 3], "dtype": "float32", "mins": [0.0] * 3, "maxs": [1.0] * 3}
    others = {
        name: {**means, "shape": [4, size] if size > 1 else [4], "quantization": 8}
        | {"mins": [0.0] * size, "maxs": [1.0] * size}
        for name, size in (("scales", 3), ("quats", 4), ("opacities", 1), ("sh0", 3))
    }
    others["sh0"]["shape"] = [4, 1, 3]
    return [json.dumps({"means": means, **others}).encode()]


def _gsplat(data: bytes, folder: Path) -> object:
    place = folder / "png"
    if not place.is_dir():
        place.mkdir()
        for name in ("means_l", "means_u", "scales", "quats", "opacities", "sh0"):
            mode = {"quats": "RGBA", "opacities": "L"}.get(name, "RGB")
            Image.new(mode, (2, 2), 100).save(place / f"{name}.png")
    (place / "meta.json").write_bytes(data)
    return formats.read(place)


def _files(version: int, degree: int) -> dict[str, bytes]:
    encode = version1.encode if version == 1 else version2.encode
    return dict(encode(_scene(40, degree), _OPTIONS, ignore).files)


def _zipped(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def _bomb() -> dict[str, bytes]:
    """A bundle of a few kilobytes that says that it holds nine million Gaussians."""
    files = _files(2, 0)
    side = 3000
    for name in files:
        if name.endswith(".webp"):
            data = io.BytesIO()
            mode = "RGBA" if Image.open(io.BytesIO(files[name])).mode == "RGBA" else "RGB"
            Image.new(mode, (side, side)).save(data, "WEBP", lossless=True, method=0)
            files[name] = data.getvalue()
    meta = json.loads(files["meta.json"])
    meta["count"] = side * side
    files["meta.json"] = json.dumps(meta).encode()
    return files


def _sogs(folder: Path) -> Sequence[bytes]:
    return [_zipped(_files(2, 0)), _zipped(_files(2, 1))]


def _large_sogs(folder: Path) -> Sequence[bytes]:
    return [_zipped(_bomb())]


def _old_sogs(folder: Path) -> Sequence[bytes]:
    return [_zipped(_files(1, 0)), _zipped(_files(1, 1))]


def _sog(data: bytes, folder: Path) -> object:
    path = folder / "a.sog"
    path.write_bytes(data)
    return file.read(path)


def _described(data: bytes, folder: Path) -> object:
    path = folder / "a.sog"
    path.write_bytes(data)
    return inspecting.describe(path)


def _metas(version: int, degree: int) -> bytes:
    return _files(version, degree)["meta.json"]


class _Folder:
    """A bundle as a folder, whose meta.json is the input."""

    def __init__(self, *versions: tuple[int, int]) -> None:
        self.versions = versions
        self.files: list[dict[str, bytes]] = []

    def samples(self, folder: Path) -> Sequence[bytes]:
        self.files = [_files(*version) for version in self.versions]
        return [files["meta.json"] for files in self.files]

    def lay(self, data: bytes, folder: Path) -> Path:
        # The other files must fit for anything to be read at all: those of the first that does.
        files = next((f for f in self.files if _alike(data, f["meta.json"])), self.files[0])
        place = folder / "bundle"
        place.mkdir()
        for name, content in {**files, "meta.json": data}.items():
            (place / name).write_bytes(content)
        return place

    def read(self, data: bytes, folder: Path) -> object:
        return file.read(self.lay(data, folder))

    def exported(self, data: bytes, folder: Path) -> object:
        place = self.lay(data, folder)
        splats, output = folder / "splats.ply", folder / "output"
        write_ply(splats, _scene(40, 1))
        output.mkdir()
        inputs = export.ExportInputs(splats, place, None, "a", output, _OPTIONS, folder / "no.json")
        return export.run(inputs, ExportOptions(), ignore)


def _alike(data: bytes, other: bytes) -> bool:
    return (b'"shN"' in data) == (b'"shN"' in other)


def _textures(folder: Path) -> Sequence[bytes]:
    return [data for name, data in _files(2, 1).items() if name.endswith(".webp")]


def _large_textures(folder: Path) -> Sequence[bytes]:
    return [data for name, data in _bomb().items() if name.endswith(".webp")]


def _texture(data: bytes, folder: Path) -> object:
    return textures.decode_webp(data, "x.webp", 40, 3)


def _palette(data: bytes, folder: Path) -> object:
    return textures.decode_palette(data, "x.webp", 40)


_GEOREFERENCE = {
    "schema": 1,
    "origin": [47.5, 11.25, 713.4],
    "epsg": 32632,
    "world_to_ecef": np.eye(4).tolist(),
    "method": "gps",
    "reason": "",
    "horizontal_rmse_m": 0.4,
    "vertical_rmse_m": 0.2,
    "residuals_m": {"a.jpg": [0.1, 0.2, 0.3]},
}


def _georeferences(folder: Path) -> Sequence[bytes]:
    return [json.dumps(_GEOREFERENCE).encode()]


def _exported_georeference(data: bytes, folder: Path) -> object:
    bundle, output = folder / "bundle", folder / "output"
    for place in (bundle, output):
        place.mkdir()
    for name, content in _CACHE.items():
        (bundle / name).write_bytes(content)
    splats, where = folder / "splats.ply", folder / "georeference.json"
    write_ply(splats, _scene(40, 0))
    where.write_bytes(data)
    inputs = export.ExportInputs(splats, bundle, where, "a", output, _OPTIONS, folder / "no.json")
    options = replace(ExportOptions(), sog=False) if hasattr(ExportOptions(), "sog") else None
    return export.run(inputs, options or ExportOptions(), ignore)


_CACHE: dict[str, bytes] = {}


def _exported_samples(folder: Path) -> Sequence[bytes]:
    _CACHE.update(_files(2, 0))
    return _georeferences(folder)


_NEW, _OLD = _Folder((2, 0), (2, 1)), _Folder((1, 0), (1, 1))

READERS = (
    Reader("PLY", _plys, _table, "bytes", ("ply.py",)),
    Reader("PLY of Gaussians", _plys, _splats, "bytes", ("splats/file.py", "cli/inspecting.py")),
    Reader(
        "splats of other programs",
        _other_splats,
        _any_splats,
        "bytes",
        ("formats/splat.py", "formats/spz.py", "formats/compressed_ply.py", "formats/ply.py"),
    ),
    Reader("PNG folder of gsplat", _gsplat_metas, _gsplat, "json", ("formats/gsplat_png.py",)),
    Reader("SOG zip", _sogs, _sog, "zip", _BUNDLE, heavy=_large_sogs),
    Reader("SOG zip, inspected", _sogs, _described, "zip", ("cli/inspecting.py",)),
    Reader("SOGS version 1 zip", _old_sogs, _sog, "zip", _BUNDLE),
    Reader("SOG folder", _NEW.samples, _NEW.read, "json", _BUNDLE),
    Reader("SOGS version 1 folder", _OLD.samples, _OLD.read, "json", _BUNDLE),
    Reader("texture", _textures, _texture, "picture", ("sogs/textures.py",), heavy=_large_textures),
    Reader("palette", _textures, _palette, "picture", ("sogs/textures.py",)),
    Reader("export of a bundle", _NEW.samples, _NEW.exported, "json", ("sogs/export.py",)),
    Reader(
        "export of a georeference",
        _exported_samples,
        _exported_georeference,
        "json",
        ("sogs/export.py",),
    ),
)
