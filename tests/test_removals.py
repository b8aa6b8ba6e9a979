"""Every place in the code that renames or removes something, tried beside a person's own files.

`PLACES` lists them all: a new one fails the first test until it is written down with a trial. Each
trial works in a folder where a person's files lie around, and where links lead out of it; none of
them may be touched.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import spaceport_app
from spaceport_app import atomic, removing, stopping
from spaceport_app.cloud.client import preparing, prices
from spaceport_app.cloud.client.sights import Sights
from spaceport_app.engine_setup import places, switching
from spaceport_app.gui import session
from spaceport_app.gui.export.taking import take_away
from spaceport_app.photos import zips
from spaceport_app.project import document
from spaceport_app.project.errors import ProjectError
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project
from spaceport_app.sfm import database
from spaceport_app.sogs import file as sogs_file
from spaceport_app.splats.edits import file as edits
from spaceport_app.splats.engines.contract import EngineState
from spaceport_app.splats.training.checkpoint import Checkpoint, Checkpoints

ROOT = Path(spaceport_app.__file__).parent
NAMES = {
    "unlink", "rmdir", "rename", "renames", "rmtree", "remove", "removedirs", "replace", "move",
    "truncate", "ftruncate", "try_to_remove", "copytree", "copyfile", "copy2",
}  # fmt: skip
_OF_MODULES = {"os", "shutil", "removing", "places", "publish"}


def found() -> set[str]:
    """Return ``module:function`` of every call that renames or removes a file or folder."""
    calls: set[str] = set()
    for path in sorted(ROOT.rglob("*.py")):
        module = path.relative_to(ROOT).with_suffix("").as_posix()
        _visit(ast.parse(path.read_text(encoding="utf-8")), module, [], calls)
    return calls


def _visit(node: ast.AST, module: str, inside: list[str], calls: set[str]) -> None:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        inside = [*inside, node.name]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        name, base = node.func.attr, ast.unparse(node.func.value)
        # Text, lists, dates and dataclasses have methods of the same names.
        of_file = base in _OF_MODULES or name in ("unlink", "rmdir", "rename", "truncate")
        of_path = name == "replace" and len(node.args) == 1 and not node.keywords
        if name in NAMES and (of_file or of_path):
            calls.add(f"{module}:{'.'.join(inside)}")
    for child in ast.iter_child_nodes(node):
        _visit(child, module, inside, calls)


class Person:
    """Files of a person around and inside a folder, and links in it to more of them."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.elsewhere = top / "elsewhere"
        self._write(self.elsewhere)
        self._before: dict[Path, bytes] = {}

    def around(self, *folders: Path) -> None:
        """Put files into each folder, with links out of it."""
        for folder in folders:
            self._write(folder)
            if not (folder / "a link").is_symlink():
                (folder / "a link").symlink_to(self.elsewhere)

    def _write(self, folder: Path) -> None:
        (folder / "mine").mkdir(parents=True, exist_ok=True)
        for name in ("mine.txt", "mine/photo.jpg", ".hidden", "notes.partial", "old.removing"):
            (folder / name).write_text(f"{folder.name}/{name}", encoding="utf-8")

    def remember(self) -> None:
        """Take what is there now as what must stay."""
        self._before = self._files()

    def check(self) -> None:
        """See that every file is still somewhere below the top, as it was."""
        now = sorted(self._files().values())
        for data in self._before.values():
            assert data in now, data
        assert {p: d for p, d in self._files().items() if self.elsewhere in p.parents} == {
            p: d for p, d in self._before.items() if self.elsewhere in p.parents
        }

    def _files(self) -> dict[Path, bytes]:
        wanted = ("mine.txt", "photo.jpg", ".hidden", "notes.partial", "old.removing")
        return {p: p.read_bytes() for p in self.top.rglob("*") if p.name in wanted and p.is_file()}


def publish(project: Project, text: str) -> None:
    project.begin("sfm", "sfm", text)
    (project.scratch("sfm") / "state").write_text(text)
    (project.partial("sfm") / "model").write_text(text)
    project.publish("sfm", {}, output=text, seconds=1.0, peak_memory_bytes=1)


def life_of_a_project(top: Path, person: Person) -> None:
    project = Project.create(top / "a.spaceport", (), Settings())
    with project.locked():
        publish(project, "one")
    folder = project.folder
    person.around(folder, folder / "sfm", folder / "splats", folder / "logs", folder / ".sfm.old")
    (folder / "bundle").symlink_to(person.elsewhere)
    (folder / ".train.scratch").symlink_to(person.elsewhere)
    (folder / ".cloud").symlink_to(person.elsewhere)
    (folder / ".project.json.1.partial").symlink_to(person.elsewhere / "mine.txt")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (folder / f".project.json.{ended.pid}.partial").write_text("{")
    person.remember()
    with project.locked():
        publish(project, "two")
        for stage, result in (("train", "splats"), ("compress", "bundle")):
            run = project.begin(stage, result, "x")
            project.ended(stage, run, discard_scratch=True)
            project.begin(stage, result, "y")
            (project.partial(stage) / "made").write_text("y")
            project.publish(stage, {}, output="y", seconds=1.0, peak_memory_bytes=1)
            project.settle(stage)
        project.begin("sfm", "sfm", "three")
    again = Project.open(folder)
    with again.locked():
        # An interrupted publication: the old result lies aside, the new one never came.
        (folder / "sfm").rename(folder / ".sfm.old")
    with again.locked():
        publish(again, "four")


def a_damaged_project(top: Path, person: Person) -> None:
    project = Project.create(top / "a.spaceport", (), Settings())
    with project.locked():
        publish(project, "one")
    person.around(project.folder, project.folder / "sfm")
    person.remember()
    (project.folder / "project.json").write_bytes(b"{")
    document.keep_damaged(project.folder)
    with pytest.raises(ProjectError):
        Project.create(top, (), Settings())
    again = Project.create(project.folder, (), Settings())
    with again.locked():
        publish(again, "two")


def a_project_that_cannot_be_made(top: Path, person: Person) -> None:
    person.around(top)
    person.remember()
    original = document.write

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    document.write = full  # type: ignore[assignment]
    try:
        with pytest.raises(ProjectError):
            Project.create(top / "new.spaceport", (), Settings())
    finally:
        document.write = original
    assert not (top / "new.spaceport").exists()


def files_written_in_one_step(top: Path, person: Person) -> None:
    person.around(top)
    person.remember()
    (top / f".a.json.{os.getpid()}.partial").symlink_to(person.elsewhere / "mine.txt")
    atomic.write_json(top / "a.json", {})
    atomic.remove_leftovers(top, "a.json")
    edits.keep_aside(top / "a.json")
    stopping.withdraw(top)


def removing_what_holds_links(top: Path, person: Person) -> None:
    person.remember()
    for number, remove in enumerate((removing.remove, removing.try_to_remove)):
        doomed = top / f"doomed {number}"
        doomed.mkdir()
        (doomed / "in").symlink_to(person.elsewhere)
        (top / "link").symlink_to(person.elsewhere)
        remove(doomed)
        remove(top / "link")


def work_of_stages(top: Path, person: Person) -> None:
    person.around(top)
    person.remember()
    (top / "database.db").write_bytes(b"x")
    database.remove(top / "database.db")
    kept = Checkpoints(top, "f")
    for iteration in range(4):
        state = EngineState({"means": np.zeros((1, 3), np.float32)})
        kept.save(Checkpoint(iteration, state, {}))
    (top / "checkpoint-00000009.npz").write_bytes(b"damaged")
    kept.latest()
    kept.clear()
    database.prepare(top / "database.db", (), "SIMPLE_RADIAL")


def a_zip_that_is_a_bomb(top: Path, person: Person) -> None:
    import io
    import zipfile

    with zipfile.ZipFile(top / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.jpg", bytes(200 << 20))
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, "JPEG")
    with zipfile.ZipFile(top / "b.zip", "w") as archive:
        archive.writestr("cut.jpg", buffer.getvalue())
    data = bytearray((top / "b.zip").read_bytes())
    data[80] ^= 0xFF
    (top / "b.zip").write_bytes(data)
    person.around(top)
    person.remember()
    for name in ("a.zip", "b.zip"):
        out = top / f"out of {name}"
        zips.extract(top / name, out, 1 << 30, lambda _: False, lambda *_: None)


def a_bundle_over_another(top: Path, person: Person) -> None:
    person.around(top)
    person.remember()
    for number in (b"1", b"2"):
        sogs_file.write_folder(top / "bundle", {"meta.json": number})
    assert (top / "bundle" / "meta.json").read_bytes() == b"2"
    person.around(top / "bundle")
    person.remember()
    with pytest.raises(Exception, match="other files"):
        sogs_file.write_folder(top / "bundle", {"meta.json": b"3"})


def copies_for_the_person(top: Path, person: Person) -> None:
    project = Project.create(top / "a.spaceport", (), Settings())
    with project.locked():
        publish(project, "one")
    out = top / "out"
    person.around(out, top, project.folder)
    person.remember()
    session.copy_project(project, out / "b.spaceport")
    assert (out / "b.spaceport" / "a link").is_symlink()
    take_away((project.folder / "sfm",), out)
    for again in (
        lambda: session.copy_project(project, out / "b.spaceport"),
        lambda: take_away((project.folder / "sfm",), out),
    ):
        with pytest.raises(Exception, match="exists already"):
            again()


def work_for_aws(top: Path, person: Person) -> None:
    project = Project.create(top / "a.spaceport", (), Settings())
    photos = project.folder / ".cloud" / "photos"
    person.around(project.folder, photos, photos.parent)
    (photos / f"{'0' * 32}.jpg").write_bytes(b"a reduced photo")
    person.remember()
    preparing.discard(project)
    assert not (photos / f"{'0' * 32}.jpg").exists()
    sights = photos.parent / "now"
    sights.mkdir()
    (sights / "in").symlink_to(person.elsewhere)
    Sights(sights, threading.Event()).clear()
    prices.write(prices.ours(), top / "prices.json")


def engines(top: Path, person: Person) -> None:
    home = top / "engines"
    for name in ("downloads", "one", ".two.partial"):
        (home / name).mkdir(parents=True)
        (home / name / "in").symlink_to(person.elsewhere)
    (home / "one" / "engine.json").write_text("{}")
    person._write(home / "a letter")
    person.remember()
    places.remove(home / "one")
    places.remove_leftovers(home)
    switching.remove_all(home)
    assert [path.name for path in home.iterdir()] == ["a letter"]


Trial = Callable[[Path, Person], None]
_OF_JOB = "on the machine of a job, where no person works"
_FETCHED = "the half of a file that it fetches itself, into a folder of its own"
ELSEWHERE: dict[str, str] = {
    "cloud/backend/checkpoints:Mirror._look": _OF_JOB,
    "cloud/backend/checkpoints:Mirror.clear": _OF_JOB,
    "cloud/backend/checkpoints:Mirror.restore": _OF_JOB,
    "cloud/backend/checkpoints:_copy": _OF_JOB,
    "cloud/backend/unpacking:_write": _OF_JOB,
    "cloud/client/downloading:Downloader._fetch": _FETCHED,
    "cloud/client/downloading:Downloader._get": _FETCHED,
    "engine_setup/fetching:_go_on": _FETCHED,
    "engine_setup/fetching:_whole": _FETCHED,
    "engine_setup/installing:install": "the cache beside the engine that it has just made",
    "cloud/client/run:CloudRun._follow": "removing.remove of its own .cloud/results",
    "cloud/client/run:CloudRun._salvage": "removing.remove of its own .cloud/results",
    "cloud/client/taking:_link": "writes into the fresh partial folder of a stage",
    "cloud/client/taking:_publish": "writes the log after begin() has made room for it",
    "cli/converting:_export_to": "a file that the person names to be written",
    "sfm/growing:Growing.__init__": "numbered folders in the scratch folder of its stage",
    "sfm/growing:Growing._write": "numbered folders in the scratch folder of its stage",
}
"""Places with the reason why no person's files can be there, or why it is they who say so."""
PLACES: dict[str, Trial] = {
    "atomic:remove_leftovers": files_written_in_one_step,
    "atomic:replacing": files_written_in_one_step,
    "cloud/client/preparing:discard": work_for_aws,
    "cloud/client/prices:write": work_for_aws,
    "cloud/client/sights:Sights._unpack": work_for_aws,
    "cloud/client/sights:Sights.clear": work_for_aws,
    "engine_setup/places:remove": engines,
    "engine_setup/places:remove_leftovers": engines,
    "engine_setup/setup:set_up": engines,
    "engine_setup/switching:_remove": engines,
    "engine_setup/switching:remove_all": engines,
    "gui/export/taking:take_away": copies_for_the_person,
    "gui/session:copy_project": copies_for_the_person,
    "photos/zips:_unpack": a_zip_that_is_a_bomb,
    "photos/zips:extract": a_zip_that_is_a_bomb,
    "project/document:keep_damaged": a_damaged_project,
    "project/lock:held": life_of_a_project,
    "project/project:Project._complete": life_of_a_project,
    "project/project:Project._make_room_for_log": life_of_a_project,
    "project/project:Project._recover": life_of_a_project,
    "project/project:Project.begin": life_of_a_project,
    "project/project:Project.create": a_project_that_cannot_be_made,
    "project/project:Project.ended": life_of_a_project,
    "project/project:Project.settle": life_of_a_project,
    "project/publish:_drop_empty": life_of_a_project,
    "project/publish:_keep": life_of_a_project,
    "project/publish:clear_aside": life_of_a_project,
    "project/publish:put_back": life_of_a_project,
    "project/publish:remove": life_of_a_project,
    "project/publish:swap": life_of_a_project,
    "project/publish:take_aside": life_of_a_project,
    "project/publish:without_links": life_of_a_project,
    "removing:_unlink": removing_what_holds_links,
    "removing:remove": removing_what_holds_links,
    "removing:try_to_remove": removing_what_holds_links,
    "sfm/database:prepare": work_of_stages,
    "sfm/database:remove": work_of_stages,
    "sogs/file:write_folder": a_bundle_over_another,
    "splats/edits/file:keep_aside": files_written_in_one_step,
    "splats/training/checkpoint:Checkpoints.clear": work_of_stages,
    "splats/training/checkpoint:Checkpoints.latest": work_of_stages,
    "splats/training/checkpoint:Checkpoints.save": work_of_stages,
    "stopping:withdraw": files_written_in_one_step,
}


def test_every_place_is_known() -> None:
    assert found() == {*PLACES, *ELSEWHERE}


@pytest.mark.parametrize("trial", sorted(set(PLACES.values()), key=lambda t: t.__name__))
def test_nothing_of_a_person_is_touched(tmp_path: Path, trial: Trial) -> None:
    person = Person(tmp_path)
    trial(tmp_path, person)
    person.check()
