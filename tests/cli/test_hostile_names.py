"""Names and EXIF text of somebody else on the terminal: nothing in them is obeyed."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from PIL import Image
from rich.console import Console

from spaceport_app import visible
from spaceport_app.cli import app, live
from spaceport_app.cli.output import Output
from spaceport_app.events import Notice, Progress
from spaceport_app.pipeline.runner import StageEvent, StageStarted
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

from .doors import LINUX, Spaceport

pytestmark = LINUX

TITLE = "\x1b]0;owned\x07"
CLIPBOARD = "\x1b]52;c;cm0gLXJmIH4K\x07"
NAMES = (
    "\x1b[2J\x1b[31mred",
    "eight\x9b31m",
    TITLE,
    CLIPBOARD,
    "Error\rgone",
    "back\b\b\b\b",
    "photo\u202egpj.exe",
    "two\u2028lines",
    "new\nError: line",
    "[red]x[|]",
    "[link=http:||there]x[|link]",
    ":bomb:",
    "del\x7f",
    os.fsdecode(b"no text \xff"),
)
ACTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")

Told = pytest.CaptureFixture[str]
named = pytest.mark.parametrize("name", NAMES, ids=ascii)


@pytest.fixture(scope="module")
def built() -> typer.Typer:
    return app.build()


@pytest.fixture(autouse=True)
def in_this_process(built: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The command line, which is built once and sets how log lines look on a terminal."""
    monkeypatch.setattr(app, "build", lambda: built)
    handler = logging.lastResort
    assert handler is not None
    before = handler.formatter
    yield
    handler.setFormatter(before)


def said(told: Told) -> tuple[str, str]:
    """Return what was written, none of which acts."""
    out, err = told.readouterr()
    assert not ACTS.search(out + err)
    return out, err


@named
def test_the_name_of_a_project(name: str, tmp_path: Path, capsys: Told) -> None:
    project = tmp_path / f"{name}.spaceport"
    Project.create(project, (tmp_path,), Settings("preview", "cpu"))
    assert app.run(["status", str(project)]) == 0
    assert f"{visible.line(name)}: preset" in said(capsys)[0]
    assert app.run(["run", "-o", str(tmp_path / f"{name} gone")]) == 3
    assert f"{visible.line(name)} gone" in said(capsys)[1]
    assert app.run(["status", str(project), "--json"]) == 0
    assert json.loads(said(capsys)[0])["name"] == name


@named
@pytest.mark.parametrize("words", ["NAME", "inspect --NAME", "inspect NAME", "stage NAME x"])
def test_a_wrong_word_on_the_command_line(name: str, words: str, capsys: Told) -> None:
    assert app.run([word.replace("NAME", name) for word in words.split()]) != 0
    out, err = said(capsys)
    assert out + err


def test_a_run(spaceport: Spaceport, texts: Path) -> None:
    """In a process of its own, as a person starts it."""
    name = "".join(NAMES)
    project = spaceport.folder / f"{name}.spaceport"
    ended = spaceport("run", texts, "-o", project)
    assert ended.code == 0
    assert visible.line(name) in spaceport("status", project).out
    (project / "project.json").write_text("[]", encoding="utf-8")
    again = spaceport("run", texts, "-o", project, "--json")
    assert again.code == 0 and again.lines[-1]["project"] == str(project)
    assert "damaged" in again.err, "the warning of the log"
    assert not ACTS.search(ended.out + ended.err + again.out + again.err)


def test_the_text_of_a_photo(tmp_path: Path, sample_flight: Path, capsys: Told) -> None:
    photo = tmp_path / f"{CLIPBOARD}.jpg"
    exif = Image.Exif()
    exif[0x010F] = f"DJI{TITLE}[red]"
    exif[0x0110] = "FC\x9b31m6310\x7f:bomb:"
    exif[0x0132] = "2026:01:01\x1b[2J00:00"
    with Image.open(next(sample_flight.glob("*.JPG"))) as image:
        image.resize((400, 300)).save(photo, exif=exif)
    assert app.run(["inspect", str(photo)]) == 0
    assert "DJI ]0;owned [red] FC" in said(capsys)[0]
    assert app.run(["inspect", str(photo), "--json"]) == 0
    assert json.loads(said(capsys)[0])["camera"].startswith("DJI ]0;owned [red]")


@named
@pytest.mark.parametrize("terminal", [False, True])
def test_what_stages_tell(name: str, terminal: bool, capsys: Told) -> None:
    """In lines, and in bars that are drawn in place."""
    output = Output()
    if terminal:
        output.console = Console(
            force_terminal=True, color_system=None, width=200, markup=False, emoji=False
        )
    stages = registry()
    listener = live.Bars(output, stages) if terminal else live.PlainLines(output)
    with listener:
        listener(StageStarted("import", "Reading", False))
        listener(StageEvent("import", Notice("x", name, name), None, 0.1))
        listener(
            StageEvent("import", Progress(step=name, done=1, total=10, fraction=0.1), None, 0.1)
        )
    out = capsys.readouterr().out
    shown = visible.line(name)
    assert f"Note: {shown}: {shown}" in out and out.count(shown) >= 3
    if terminal:
        # Rich's own: the cursor hidden, moved up, shown, lines cleared.
        out = re.sub(r"\x1b\[(\?25[lh]|1A|2K)|\r", "", out)
    assert not ACTS.search(out)


def test_a_fault_of_spaceport(monkeypatch: pytest.MonkeyPatch, capsys: Told) -> None:
    def broken(path: Path) -> None:
        raise RuntimeError(f"cannot read {CLIPBOARD}")

    monkeypatch.setattr(Project, "exists", broken)
    assert app.run(["inspect", "x"]) == 1
    assert "RuntimeError: cannot read \\x1b]52;" in said(capsys)[1]
