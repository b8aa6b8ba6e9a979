from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from spaceport_app import inside
from spaceport_app.inside import OutsideError


def test_plain_names_lie_inside(tmp_path: Path) -> None:
    assert inside.path(tmp_path, "a/b.png") == tmp_path / "a" / "b.png"
    assert inside.path(tmp_path, "..hidden") == tmp_path / "..hidden"


@pytest.mark.parametrize("name", ["", "/etc/passwd", "//host/share/x", "..", "a/../../b", "a\0b"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutsideError):
        inside.path(tmp_path, name)


@pytest.mark.parametrize(
    "name",
    ["C:x", "C:\\x", "\\\\host\\share\\x", "\\x", "a\\..\\..\\b", "con.png", "a/COM1", "a.", "a:b"],
)
def test_names_that_lead_out_on_windows_are_refused_there(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inside.sys, "platform", "win32")
    with pytest.raises(OutsideError):
        inside.plain_parts(name)
    assert inside.plain_parts("a/b.png") == ("a", "b.png")


def test_links_are_refused_at_every_place_of_a_path(tmp_path: Path) -> None:
    real = tmp_path / "real"
    (real / "sub").mkdir(parents=True)
    (real / "sub" / "x").write_text("x", encoding="utf-8")
    (tmp_path / "link").symlink_to(real)
    (real / "way").symlink_to(real / "sub")
    (real / "sub" / "y").symlink_to(real / "sub" / "x")
    (real / "sub" / "gone").symlink_to(tmp_path / "nowhere")
    for folder, name in (
        (tmp_path / "link", "sub/x"),
        (real, "way/x"),
        (real, "sub/y"),
        (real, "sub/gone"),
    ):
        with pytest.raises(OutsideError):
            inside.path(folder, name)
    assert inside.path(real, "sub/x").read_text(encoding="utf-8") == "x"


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "zero").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "zero", "."):
        with pytest.raises(OutsideError):
            inside.open_regular(tmp_path / name)
    with pytest.raises(OutsideError):
        inside.open_regular(tmp_path / "link", follow=False)
    assert inside.read_regular(tmp_path / "link", 3) == b"abc"
    with pytest.raises(OutsideError):
        inside.read_regular(tmp_path / "file", 2)


@pytest.mark.parametrize("name", ["x" * 256, "a/" + "x" * 300 + "/b", "ä" * 200])
def test_names_that_no_file_can_have_are_refused(tmp_path: Path, name: str) -> None:
    if sys.platform == "win32" and len(name) < 256:
        pytest.skip("Windows counts letters")
    with pytest.raises(OutsideError):
        inside.path(tmp_path, name)
