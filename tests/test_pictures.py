"""Pictures in a project of somebody else are opened as what Spaceport writes, or not at all."""

from __future__ import annotations

import ast
import io
import os
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import spaceport_app
from spaceport_app import pictures
from spaceport_app.errors import StageError
from spaceport_app.gui.report import html
from spaceport_app.gui.report.facts import Pair, Report, Section
from spaceport_app.photos.model import Photo
from spaceport_app.sfm import working_copies
from spaceport_app.sfm.model import View
from spaceport_app.splats.views import load_view

PACKAGE = Path(spaceport_app.__file__).parent
POSTSCRIPT = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 48\n%%EndComments\n"
    b"(PS-RAN) print flush\nshowpage\n%%EOF\n"
)
OTHERS = ("BMP", "GIF", "TIFF", "WEBP", "PPM", "ICO", "TGA", "PCX", "SGI", "JPEG2000", "DDS")


def written(format: str, mode: str = "RGB") -> bytes:
    data = io.BytesIO()
    try:
        Image.new(mode, (64, 48), 90).save(data, format)
    except (KeyError, OSError):
        pytest.skip(f"this Pillow writes no {format}")
    return data.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that says that it is large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    end = chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + end


def everywhere(path: Path) -> None:
    """Have each place that opens a picture of a project meet this one; none may take it."""
    view = View("a", path, 64, 48, 60.0, 60.0, 32.0, 24.0, np.eye(4))
    with pytest.raises(StageError) as caught:
        load_view(view, 0, 64)
    assert caught.value.code == "view_unreadable"
    pair = Pair("a <b>", path, path, 20.0, 0.9)
    page = html.page(Report("R", "l", (Section("S", (), (), (pair,)),)))
    assert "The pictures of a &lt;b&gt; cannot be read." in page and "<img" not in page
    photo = Photo.__new__(Photo)
    copy = working_copies.WorkingCopy(photo, "camera0/a.jpg", 64, 48, 0)
    assert not working_copies._is_good(path, copy)
    with pytest.raises((pictures.PictureError, OSError)), pictures.opened(path) as image:
        image.load()


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_what_spaceport_writes_is_read(tmp_path: Path, format: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(written(format))
    with pictures.opened(path, (64, 48)) as image:
        assert image.convert("RGB").getpixel((5, 5)) == (90, 0, 0)
    view = View("a", path, 64, 48, 60.0, 60.0, 32.0, 24.0, np.eye(4))
    assert load_view(view, 0, 32).image.shape == (24, 32, 3)


@pytest.mark.parametrize("format", OTHERS)
def test_no_other_format_is_read(tmp_path: Path, format: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(written(format))
    everywhere(path)


@pytest.mark.skipif(sys.platform == "win32", reason="a program that is a script of a shell")
def test_no_program_is_started_for_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "bin" / "gs"
    trap.parent.mkdir()
    trap.write_text(f"#!/bin/sh\necho 10.0; touch '{tmp_path}/ran'\n", encoding="utf-8")
    trap.chmod(0o755)
    monkeypatch.setenv("PATH", f"{trap.parent}{os.pathsep}{os.environ['PATH']}")

    def nothing(*words: object, **options: object) -> None:
        raise AssertionError(f"{words} was started")

    monkeypatch.setattr(subprocess, "Popen", nothing)
    for name in ("a.jpg", "a.png", "a.eps"):
        path = tmp_path / name
        path.write_bytes(POSTSCRIPT)
        everywhere(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("size", [(65, 48), (64, 47), (20_000, 20_000), (100_000, 100_000)])
def test_a_picture_of_another_size_than_recorded(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(huge_png(*size))
    everywhere(path)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "nothing"])
def test_what_is_no_file_of_the_project(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.jpg"
    (tmp_path / "private.jpg").write_bytes(written("JPEG"))
    if kind == "link":
        path.symlink_to(tmp_path / "private.jpg")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("pipes of POSIX")
        os.mkfifo(path)
    everywhere(path)


def test_pictures_are_opened_in_no_other_way() -> None:
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        place, text = path.relative_to(PACKAGE).as_posix(), path.read_text(encoding="utf-8")
        if not re.search("Image|QPixmap|QIcon|QMovie|QPicture|QSvg|imread", text):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and _guesses(node, place):
                wrong.append(f"{place}:{node.lineno}: {ast.unparse(node)[:80]}")
    assert wrong == []


def _guesses(call: ast.Call, place: str) -> bool:
    """Whether a call lets Pillow or Qt find out by itself what a picture is."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    owner = getattr(getattr(call.func, "value", None), "id", "")
    first = call.args[0] if call.args else None
    if owner == "Image" and name == "open":
        return not any(word.arg == "formats" for word in call.keywords)
    if name in ("QImageReader", "QMovie", "QPicture", "QSvgRenderer", "QSvgWidget"):
        return place != "gui/pictures.py"
    if name in ("QImage", "QPixmap"):
        # A size, an image or pixels are no file.
        return len(call.args) == 1 and isinstance(first, ast.Call | ast.Constant | ast.JoinedStr)
    if name == "QIcon":
        return (
            first is not None
            and "resources.path(" not in ast.unparse(first)
            and ("str(" in ast.unparse(first) or isinstance(first, ast.Constant | ast.JoinedStr))
        )
    guessing = owner in ("QImage", "QPixmap", "ImageFile", "ImageShow", "ImageGrab")
    return name in ("loadFromData", "fromData", "imread") or (guessing and name != "fromImage")
