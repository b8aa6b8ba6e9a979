"""Diagnostics: every notation of a place, and every name, in every part of them."""

from __future__ import annotations

import getpass
import json
import logging
import platform
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spaceport_app.gui import diagnostics, withheld
from spaceport_app.gui.diagnostics import RecentLog
from spaceport_app.photos.decode import PHOTO_SUFFIXES
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.model import Settings, StageRecord, StageRun
from spaceport_app.project.project import Project

# The Eiffel Tower, as one may write it, and what of it must not be left.
PLACES = {
    "48.858370, 2.294481": "48.858 2.294",
    "48.858": "48.858",
    "48.9": "48.9",
    "48,858370 2,294481": "48,858 2,294",
    "48,858370N": "48,858",
    "N48.85837 E2.29448": "48.85 2.29",
    "+48.8583+002.2944/": "48.85 2.29",
    "4.885837e+01": "4.885",
    "48° 51' 30.2\" N": "48 51 30.2",
    "48°51'30.2\"N 2°17'40.1\"E": "48 51 30.2 17 40.1",
    "48°51′30,2″ N": "48 51 30,2",
    "48º 51’ 30” nord": "48 51 30",
    "48 deg 51' 30.00\" N": "48 51 30.00",
    "48 degrees 51 minutes 30 seconds": "48 51 30",
    "48d 51m 30.2s N": "48 51 30.2",
    "48:51:30.2N": "48 51 30.2",
    "48-51-30.2 N": "48 51 30.2",
    "48 51 30.2 N": "48 51 30.2",
    "48° 51.5022' N": "48 51.5",
    "4851.5022,N,00217.6689,E": "4851 217.66",
    "(48/1, 51/1, 3024/100)": "48 51 3024",
    "48/1 51/1 3024/100": "48 51 3024",
    "[48.0, 51.0, 30.24]": "48.0 51.0 30.24",
    "IFDRational(1510812, 50000)": "1510812 50000",
    "31U DQ 48251 11932": "DQ 48251 11932",
    "31UDQ4825111932": "31UDQ 48251",
    "31 U 448251 5411932": "448251 5411932",
    "zone 31N, 448251.8 m E, 5411932.7 m N": "448251 5411932",
    "EPSG:32631 448252 5411933": "32631 448252 5411933",
    "8FW4V75V+8Q": "8FW4 V75V",
    "V75V+8Q Paris": "V75V Paris",
    "4200952.12, 168340.58, 4780278.14": "4200952 168340 4780278",
    "X=4200952 Y=168340 Z=4780278": "4200952 168340 4780278",
    "geo:48.8583,2.2944": "48.85 2.29",
    "geo:48.8583,2.2944;u=10": "48.85 2.29",
    "https://www.openstreetmap.org/#map=18/48.85837/2.29448": "48.85 2.29 openstreetmap",
    "u09tunqu3": "u09t",
    "JN18DU54": "JN18",
    "OSGB TQ 30080 80160": "30080 80160",
    "lat=48.858370&lon=2.294481": "48.85 2.29",
    '{"latitude": 48.85837, "longitude": 2.294481}': "48.85 2.29",
    "POINT(2.294481 48.85837)": "48.85 2.29",
    "٤٨٫٨٥٨٣٧": "٤٨",
    "Champ de Mars, 5 Av. Anatole France, 75007 Paris": "Champ Mars Anatole 75007 Paris",
}
NAMES = {
    **{f"Oma{suffix}": "Oma" for suffix in sorted(PHOTO_SUFFIXES)},
    **{f"DJI_0042{suffix.upper()}": "DJI_0042" for suffix in sorted(PHOTO_SUFFIXES)},
    "Gertruds Dach.zip": "Gertruds Dach",
    "/home/gerda/flights over the farm/x.txt": "gerda farm",
    "'/media/gerda/my own place/x'": "gerda own",
    "C:\\Users\\Gerda Smith\\x.txt": "Gerda Smith",
    "\\\\nas\\gerdas photos\\2026": "nas gerdas",
    "//nas/gerda": "nas gerda",
    "~/flights/gerda": "gerda flights",
    "gerda@example.org": "gerda example.org",
    "Gerda Müller-Lüdenscheidt": "Gerda Müller Lüdenscheidt",
    "日本の家": "日本 家",
}
SECRETS = {**PLACES, **NAMES}
FRAMES = ("read {}", "{}", "the value ({}) is no place", "key={}", "{}: all is well", "'{}' is bad")

secrets = pytest.mark.parametrize(("secret", "parts"), SECRETS.items(), ids=ascii)


def left(text: str, parts: str) -> list[str]:
    return [part for part in parts.split() if part in text]


@secrets
def test_no_notation_is_left_in_a_text(secret: str, parts: str) -> None:
    for frame in FRAMES:
        text = withheld.reduced(frame.format(secret))
        assert not left(text, parts), text


@pytest.mark.parametrize(
    "line",
    [
        "2026-12-01 02:03:04,123 INFO spaceport_app.photos.importing: read 30 photos in 12.5 s",
        "[Errno 28] No space left on device",
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "the stage failed: ValueError: the list has no end",
        "UnicodeDecodeError: invalid start byte",
        '  File "spaceport_app/gui/app.py", line 30, in main',
        "I20261201 02:59:12.377845 1402 sift.cc:764] Creating SIFT CPU feature extractor",
        "training goes on at step 400",
    ],
)
def test_what_helps_is_kept(line: str) -> None:
    assert withheld.reduced(line) == line


def test_a_traceback_tells_where_it_was() -> None:
    text = withheld.reduced(
        "Traceback (most recent call last):\n"
        '  File "/home/gerda/x/lib/python3.11/site-packages/PIL/Image.py", line 3, in open\n'
        "    gerda = 48.858\n"
        '  File "C:\\Users\\Gerda\\spaceport_app\\gui\\app.py", line 53, in main\n'
        "    window = MainWindow(window_log=log)\n"
        "             ^^^^^^^^^^\n"
        '  File "/home/gerda/mine.py", line 3, in gerda\n'
        "RuntimeError: gerda lives at 48.858\n"
    )
    assert 'File "site-packages/PIL/Image.py", line 3, in open' in text
    assert 'File "spaceport_app\\gui\\app.py", line 53, in main' in text
    assert "    window = MainWindow(window_log=log)\n             ^^^" in text
    assert "RuntimeError: " in text
    assert not left(text, "gerda Gerda 48.858")


STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+", re.MULTILINE)
PARTS = ("first", "window", "log", "message", "code", "option", "preset", "trouble", "hint")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "Waldstraße 7.spaceport"
    project = Project.create(folder, (tmp_path / "gone",), Settings())
    (folder / "logs").mkdir()
    return project


def told(project: Project, part: str, secret: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the diagnostics of a project that has a secret in one part."""
    said = {name: secret if name == part else "all is well" for name in PARTS}
    found: dict[str, Any] = {
        "spaceport": "1", "python": "3", "system": "Linux", "processor": "x", "cores": 2,
        "memory_bytes": 1, "free_memory_bytes": 1, "free_disk_bytes": 1, "gpus": [],
        "gpu_engine": {"words": "x", "trouble": said["trouble"]}, "engines": [], "versions": {},
        "troubles": [said["trouble"]], "hints": [said["hint"]],
    }  # fmt: skip
    monkeypatch.setattr(diagnostics, "_examined", lambda folder: found)
    log = RecentLog()
    for line in (said["window"], "all is well"):
        log.emit(logging.LogRecord("spaceport_app", logging.INFO, "", 1, line, (), None))
    (project.folder / "logs" / "sfm.log").write_text(said["log"], encoding="utf-8")
    run = StageRun(
        "x", "failed", "2026-01-01T00:00:00+00:00", code=said["code"], message=said["message"]
    )
    project.document = replace(
        project.document,
        settings=Settings(said["preset"], "cpu", {"sfm": {said["option"]: said["option"]}}),
        stages={"sfm": StageRecord("sfm", None, run)},
    )
    return diagnostics.collect(project, log.text(), "Mesa", said["first"])


@pytest.mark.parametrize("part", PARTS)
def test_no_part_of_the_diagnostics_tells(
    part: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for secret, parts in SECRETS.items():
        text = told(project, part, secret, monkeypatch)
        assert "all is well" in text
        body = STAMP.sub("", text)
        assert not left(body, parts), (secret, body)


def test_folders_beside_the_project_and_who_works_here_are_not_named(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even by words that Spaceport uses itself."""
    for name in ("house", "Front Door", "north field"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(getpass, "getuser", lambda: "grid")
    monkeypatch.setattr(platform, "node", lambda: "tower.local")
    text = told(
        project, "log", "at the house by the front door, grid of tower, north field", monkeypatch
    )
    assert not left(text.lower(), "house front door grid tower field"), text


def test_photos_are_not_named_even_by_usual_words(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(project.document.settings, excluded=frozenset({"roof of the house.jpg"}))
    with project.locked():
        project.change(settings=settings)
    monkeypatch.setattr(diagnostics, "_examined", lambda folder: {"troubles": ["none"]})
    text = diagnostics.collect(project, "roof of the house was read", "Mesa")
    assert "roof" not in text and "[photo] was read" in text


def test_only_logs_of_stages_are_told_and_no_links(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("all of the window", encoding="utf-8")
    logs = project.folder / "logs"
    (logs / "other.log").write_text("all of the window", encoding="utf-8")
    (logs / "train.log").symlink_to(secret)
    monkeypatch.setattr(diagnostics, "_examined", lambda folder: {"troubles": ["none"]})
    text = diagnostics.collect(project, "", "Mesa")
    assert "all of the window" not in text and "other" not in text
    assert {stage.name for stage in registry()} >= {"train"}


def test_a_long_line_takes_no_time() -> None:
    for text in ("/", "4", "48° ", "1 ", "a.", "'/", "a/ ", "1° 1' "):
        assert len(withheld.reduced(text * 50_000)) < 20_000


def test_what_json_says_of_a_place() -> None:
    text = json.dumps({"latitude": 48.85837, "position": [48.85837, 2.29448]})
    assert "48" not in withheld.reduced(text)
