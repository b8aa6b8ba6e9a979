"""Projects on disks and in folders that do not take them, or that were damaged there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .doors import LINUX, Spaceport, letters


@LINUX
def test_a_full_disk(spaceport: Spaceport, texts: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs rights that this user lacks")
    try:
        project = disk / "a.spaceport"
        assert spaceport("run", texts, "-o", project).code == 0
        ended = spaceport("run", "-o", project, "--count-letters", "a", "--count-fault", "fill")
        assert ended.code == 1
        assert "disk" in ended.err
        assert "full" in ended.err
        # The results before it are whole, and with room again it goes on.
        assert letters(project) == 90
        assert spaceport("run", "-o", project, "--count-fault", "none").code == 0
        assert letters(project) == 30
        # Not even room for the project file.
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="space"):
            while True:
                file.write(b"x" * 4096)
        ended = spaceport("run", "-o", project, "--count-letters", "b")
        assert ended.code in (1, 3)
        assert "full" in ended.err
        other = spaceport("run", texts, "-o", disk / "new.spaceport")
        assert other.code in (1, 3)
        assert "full" in other.err
        filler.unlink()
        assert spaceport("run", "-o", project, "--count-letters", "b").code == 0
        assert letters(project) == 30
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@LINUX
def test_a_folder_that_cannot_be_written(spaceport: Spaceport, texts: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    if os.geteuid() == 0:
        mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(closed)]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            pytest.skip("root can write everywhere, and mounting is not allowed")
    else:
        closed.chmod(0o500)
    try:
        ended = spaceport("run", texts, "-o", closed / "a.spaceport")
        assert ended.code == 3
        assert "cannot be written" in ended.err
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", str(closed)], check=True)


def test_a_file_in_place_of_the_folder(spaceport: Spaceport, texts: Path, tmp_path: Path) -> None:
    (tmp_path / "a.spaceport").write_text("mine")
    ended = spaceport("run", texts, "-o", "a.spaceport")
    assert ended.code == 3
    assert "a file has that name" in ended.err
    assert (tmp_path / "a.spaceport").read_text() == "mine"


def test_a_damaged_project_file_is_kept(spaceport: Spaceport, texts: Path, tmp_path: Path) -> None:
    spaceport("run", texts, "-o", "a.spaceport")
    file = tmp_path / "a.spaceport" / "project.json"
    text = file.read_text()[:200]
    file.write_text(text)
    for arguments in (["run", "-o", "a.spaceport"], ["status", "a.spaceport"]):
        ended = spaceport(*arguments)
        assert ended.code == 3
        assert "is damaged" in ended.err
        assert file.read_text() == text
    assert spaceport("run", texts, "-o", "a.spaceport").code == 0
    assert letters(tmp_path / "a.spaceport") == 90
    assert (tmp_path / "a.spaceport" / "project.damaged-1.json").read_text() == text


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("preset", "splendid", "no preset called splendid"),
        ("options", {"count": {"letters": 7}}, "cannot be 7"),
        ("options", {"count": {"colour": "red"}}, "no option called colour"),
        ("options", {"count": 5}, "is damaged"),
        ("excluded", 5, "is damaged"),
    ],
)
def test_a_project_with_bad_settings_cannot_be_used(
    spaceport: Spaceport, texts: Path, tmp_path: Path, key: str, value: object, told: str
) -> None:
    assert spaceport("run", texts, "-o", "a.spaceport").code == 0
    file = tmp_path / "a.spaceport" / "project.json"
    raw = json.loads(file.read_text())
    raw["settings"][key] = value
    file.write_text(json.dumps(raw))
    for arguments in (["run", "-o", "a.spaceport"], ["status", "a.spaceport"]):
        ended = spaceport(*arguments)
        assert (ended.code, told in ended.err) == (3, True), ended.err
    if "damaged" not in told:
        mended = spaceport("run", "-o", "a.spaceport", "--preset", "preview")
        assert mended.code == 0, mended.err


def test_a_bad_option_of_a_good_project_is_wrong_use(
    spaceport: Spaceport, texts: Path, tmp_path: Path
) -> None:
    assert spaceport("run", texts, "-o", "a.spaceport").code == 0
    assert spaceport("run", "-o", "a.spaceport", "--preset", "splendid").code == 2
    assert spaceport("run", "-o", "a.spaceport", "--count-fault", "nonsense").code == 2


@LINUX
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_full_standard_output_is_no_full_disk(
    spaceport: Spaceport, texts: Path, tmp_path: Path, more: tuple[str, ...]
) -> None:
    project = tmp_path / "a.spaceport"
    with open("/dev/full", "w") as full:  # noqa: PTH123
        command = [sys.executable, "-m", "spaceport_app", "run", str(texts), "-o", str(project)]
        ended = subprocess.run(
            [*command, *more],
            env=spaceport.environment,
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    assert "Standard output cannot be written (No space left on device)." in ended.stderr
    assert "disk of" not in ended.stderr and "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr
    # What is missing is made by the next start.
    assert spaceport("run", "-o", project).code == 0
