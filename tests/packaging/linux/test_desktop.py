"""What tells a desktop about Spaceport, and the control file of the .deb."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as Tree

import pytest
from linux import archive, deb, desktop

MOMENT = 1_795_000_000
HOME = "https://github.com/Some-Owner/spaceport"


@pytest.fixture
def share(tmp_path: Path) -> Path:
    desktop.lay_out(tmp_path, "/usr/bin/spaceport", "1.2.3", MOMENT, HOME)
    return tmp_path


def checked(program: str, *words: str | Path) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}")
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_menu_entry_opens_files_and_names_all_kinds(share: Path) -> None:
    entry = configparser.RawConfigParser()
    entry.read(share / "applications/spaceport.desktop")
    words = entry["Desktop Entry"]
    assert words["Exec"] == "/usr/bin/spaceport open %F"
    kinds = Tree.parse(share / "mime/packages/spaceport.xml").getroot()
    named = {kind.attrib["type"] for kind in kinds if "type" in kind.attrib}
    assert set(words["MimeType"].rstrip(";").split(";")) == named
    assert "inode/directory" not in named
    assert (share / f"icons/hicolor/scalable/apps/{words['Icon']}.svg").is_file()


def test_the_window_is_the_one_of_the_menu_entry() -> None:
    # Under this name a desktop joins the window to the entry's icon.
    source = (deb._ROOT / "spaceport_app/gui/app.py").read_text(encoding="utf-8")
    assert 'setDesktopFileName("spaceport")' in source


def test_the_icon_comes_in_all_usual_sizes(share: Path) -> None:
    found = {}
    for path in share.glob("icons/hicolor/*/apps/spaceport.png"):
        content = path.read_bytes()
        found[path.parts[-3]] = f"{int.from_bytes(content[16:20])}x{int.from_bytes(content[20:24])}"
    assert {"16x16", "32x32", "48x48", "64x64", "128x128", "256x256"} <= set(found)
    assert all(size == measured for size, measured in found.items())


def test_install_sh_copies_every_icon_and_replaces_the_command(share: Path) -> None:
    script = archive._INSTALL.read_text(encoding="utf-8")
    listed = re.search(r'^icons="([^"]*)"', script, re.MULTILINE)
    assert listed is not None
    icons = share / "icons/hicolor"
    assert set(listed[1].split()) == {
        path.relative_to(icons).as_posix() for path in icons.rglob("*") if path.is_file()
    }
    assert archive.COMMAND in script


def test_the_metadata_name_version_day_and_page(share: Path) -> None:
    root = Tree.parse(share / "metainfo/spaceport.metainfo.xml").getroot()
    assert root.findtext("id") == "io.github.some_owner.spaceport"
    release = root.find("releases/release")
    assert release is not None
    assert release.attrib == {"version": "1.2.3", "date": "2026-11-18"}
    assert root.findtext("url") == HOME
    assert Tree.fromstring(desktop.metadata("1.2.3", MOMENT)).find("url") is None


def test_the_tools_of_the_desktops_find_nothing_wrong(share: Path) -> None:
    checked("desktop-file-validate", share / "applications/spaceport.desktop")
    checked("appstreamcli", "validate", "--no-net", share / "metainfo/spaceport.metainfo.xml")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.ply", b"ply\nformat x\nproperty float x\nproperty float f_dc_0\n", desktop.SPLAT),
        ("mesh.ply", b"ply\nformat x\nproperty float x\n", None),
        ("b.sog", b"PK\3\4", desktop.SOG),
    ],
)
def test_files_are_told_apart(
    share: Path, tmp_path: Path, name: str, content: bytes, kind: str | None
) -> None:
    checked("update-mime-database", share / "mime")
    if shutil.which("gio") is None:
        pytest.skip("needs gio")
    (tmp_path / name).write_bytes(content)
    done = subprocess.run(
        ["gio", "info", "-a", "standard::content-type", tmp_path / name],
        env={"XDG_DATA_HOME": str(share), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    known = {desktop.SOG, desktop.SPLAT, desktop.PROJECT}
    assert known & set(done.stdout.split()) == ({kind} if kind else set())


def test_the_control_file_says_what_is_needed() -> None:
    text = deb.control("1.2.3", 5000, "A <a@example.org>", HOME)
    fields = dict(re.findall(r"^(\S+): (.*)$", text, re.MULTILINE))
    assert fields["Version"] == "1.2.3"
    assert fields["Installed-Size"] == "5"
    assert fields["Homepage"] == HOME
    assert "libxcb-cursor0" in fields["Depends"].split(", ")
    assert "python" not in fields["Depends"]
    assert "Homepage" not in deb.control("1.2.3", 5000, "A <a@example.org>")
