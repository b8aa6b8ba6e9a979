"""What cases begin from: photos, a finished project, projects stopped on the way.

Each is made once a session and copied for each case, always to the same place: a project knows
its photos by path and time.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spaceport_app.events import JsonValue
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project
from spaceport_app.sogs import file as bundles

from . import inventory
from .spaceport import LIMIT_S, ROOT, Doing, Ended, environment

PHOTOS = 6
TINY: dict[str, dict[str, JsonValue]] = {
    "sfm": {"feature_image_size": 500, "max_features": 1500, "view_size": 256, "threads": 1},
    "train": {
        "iterations": 24,
        "max_gaussians": 1000,
        "image_size": 128,
        "sh_degree": 0,
        "checkpoint_every_s": 0.2,
    },
}
"""As small as it gets with every stage real."""
OPTIONS = ["--device", "cpu", "--preset", "preview"] + [
    word
    for stage, options in TINY.items()
    for name, value in options.items()
    for word in (f"--{stage}-{name.replace('_', '-')}", str(value))
]
LONG_STEPS = 600
"""Training steps of the run that is stopped in training: so many that it can be met there."""
STAGES = ("import", "sfm", "train", "compress", "export")
FOLDERS = ("photos", "sfm", "splats", "bundle", "export")
TIMED = frozenset({"bundle/quality.json", "splats/history.json", "splats/quality.json"})
"""Files of results that hold how long something took."""


class BrokenError(Exception):
    """The undisturbed run does not work: there is nothing to compare with."""


@dataclass
class Session:
    """A folder for all cases, and what they begin from."""

    root: Path
    deeds: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """What the undisturbed commands did to files, by what ran: the places to trip at."""
    results: Mapping[str, inventory.Mark] = field(default_factory=dict)
    """Every file of the undisturbed results."""
    psnr_db: float = 0.0

    @staticmethod
    def made(folder: Path | None = None) -> Session:
        """Return a new session in a folder of its own."""
        root = Path(folder or tempfile.mkdtemp(prefix="spaceport-faults-"))
        for name in ("bases", "home", "said"):
            (root / name).mkdir(parents=True)
        return Session(root)

    @property
    def case(self) -> Path:
        """Where every case happens."""
        return self.root / "case"

    @property
    def project(self) -> Path:
        """The project of every case."""
        return self.case / "o.spaceport"

    @property
    def photos(self) -> Path:
        """The photos of every case."""
        return self.case / "flight"

    def doing(self) -> Doing:
        """Return what starts commands in the folder of the case."""
        return Doing(self.case, self.root / "said", environment(self.root / "home"))

    def close(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self.root, ignore_errors=True)

    def lay(self, name: str) -> None:
        """Lay a base into the folder of the case, as if nothing had been there."""
        kept = self.root / "bases" / name
        if not kept.is_dir():
            _MAKERS[name](self)
            shutil.copytree(self.case, kept, symlinks=True)
        clear(self.case)
        shutil.copytree(kept, self.case, symlinks=True)

    def note_deeds(self, what: str, *words: object) -> Ended:
        """Run a command undisturbed, and note what it does to files."""
        listed = self.root / f"{what}.deeds"
        ended = self.doing()(*words, FAULTS_LIST=str(listed), FAULTS_FOLDER=str(self.project))
        if ended.code:
            raise BrokenError(f"{' '.join(ended.words)}: {ended.out[-2000:]}{ended.err[-2000:]}")
        for line in listed.read_text(encoding="utf-8").splitlines():
            who, rest = line.split(" ", 1)
            self.deeds[f"{what} {who}"].append(rest)
        return ended


def clear(folder: Path) -> None:
    """Remove a folder of cases, whatever a case did to its permissions."""
    if folder.exists():
        for path in (folder, *folder.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
        shutil.rmtree(folder)


def psnr_db(project: Path) -> float:
    """Return how good the held-out photos of a trained project came out."""
    document = json.loads((project / "project.json").read_text(encoding="utf-8"))
    return float(document["stages"]["train"]["published"]["report"]["psnr_db"])


def _photos(session: Session) -> None:
    clear(session.case)
    session.photos.mkdir(parents=True)
    sample = ROOT / "resources" / "sample_flight"
    for photo in sorted(sample.glob("*.JPG"))[:PHOTOS]:
        shutil.copy2(photo, session.photos / photo.name)


def _finished(session: Session) -> None:
    session.lay("photos")
    words = ("run", session.photos, "-o", session.project, "--json", *OPTIONS)
    session.note_deeds("run", *words)
    session.results = {
        f"{folder}/{name}": mark
        for folder in FOLDERS
        for name, mark in inventory.of(session.project / folder).items()
        if mark[0] == "file"
    }
    bundles.read(session.project / "export" / "o.sog")
    session.psnr_db = psnr_db(session.project)


def _read(session: Session) -> None:
    session.lay("photos")
    Project.create(session.project, (session.photos,), Settings("preview", "cpu", TINY))
    ended = session.doing()("stage", "import", session.project, "--json")
    if ended.code:
        raise BrokenError(ended.out + ended.err)


def _stopped(session: Session, stage: str) -> None:
    """Make a project that was killed in the middle of a stage, with what it saved there."""
    for wait in (0.0, 0.3, 0.6, 1.0, 1.5, 0.1):
        session.lay("photos")
        words = ("run", session.photos, "-o", session.project, "--json", *OPTIONS)
        options = ["--train-iterations", LONG_STEPS] if stage == "train" else []
        run = session.doing().start(*words, *options)
        scratch = session.project / f".{stage}.scratch"
        marker = "*checkpoint*" if stage == "train" else "*.db"
        while not run.over and not list(scratch.glob(f"**/{marker}")):
            time.sleep(0.02)
            if time.monotonic() - run.began > LIMIT_S:
                break
        run.wait(wait)
        run.send()
        run.finish()
        if scratch.is_dir() and list(scratch.glob(f"**/{marker}")):
            return
    raise BrokenError(f"no run could be stopped in {stage}")


_MAKERS = {
    "photos": _photos,
    "finished": _finished,
    "read": _read,
    "in sfm": lambda session: _stopped(session, "sfm"),
    "in train": lambda session: _stopped(session, "train"),
}
