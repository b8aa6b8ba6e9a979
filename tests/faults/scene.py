"""One case: the place where it happens, what may be done there, and what must hold after."""

from __future__ import annotations

import contextlib
import json
import random
import re
import time
from collections.abc import Callable, Collection
from pathlib import Path

import psutil

from spaceport_app.sogs import file as bundles

from . import inventory
from .base import FOLDERS, OPTIONS, STAGES, TIMED, Session, psnr_db
from .spaceport import Doing, Ended, children
from .verdict import HANG, LEFT, LOST, OUTSIDE, UNTYPED, WRONG, Fault, Verdict

_UNFINISHED = re.compile(r"\.(partial|scratch|old|removing|tmp)$")
_NEAR_DB = 1.5
"""Decibels that another result may be worse than the undisturbed one."""
_PATIENCE_S = 6.0


class NotHereError(Exception):
    """This computer lacks what the case needs; the text says what."""


class Scene:
    """Where one case happens.

    Attributes
    ----------
    chance : random.Random
        The only source of chance: the same seed is the same case.
    spaceport : Doing
        Starts commands there.
    verdict : Verdict
        What was found so far.
    """

    def __init__(self, session: Session, kind: str, seed: int) -> None:
        self.session = session
        self.chance = random.Random(f"{kind}:{seed}")
        self.verdict = Verdict(kind, seed)
        self.spaceport: Doing = session.doing()
        self.project, self.photos, self.folder = session.project, session.photos, session.case
        self._own: dict[str, inventory.Mark] = {}
        self._own_inside: dict[str, inventory.Mark] = {}
        self._began = time.monotonic()

    def did(self, words: str) -> None:
        """Note what is done to the run."""
        self.verdict.did = f"{self.verdict.did}, {words}" if self.verdict.did else words

    def fault(self, category: str, words: str) -> None:
        """Note what should not have happened."""
        self.verdict.faults.append(Fault(category, words))

    def begin(self, base: str) -> None:
        """Lay a base, and take what lies outside of the project as the person's own."""
        self.session.lay(base)
        self.guard()

    def guard(self, inside: Collection[Path] = ()) -> None:
        """Take what lies outside of the project now, and the files `inside`, as the person's."""
        self._own = {
            name: mark
            for name, mark in inventory.of(self.folder).items()
            if not _within(name, self.project.name)
        }
        self._own_inside = {
            path.relative_to(self.folder).as_posix(): inventory.mark(path) for path in inside
        }

    def forgo(self, path: Path) -> None:
        """No longer take a file as the person's: the case itself has changed it."""
        name = path.relative_to(self.folder).as_posix()
        self._own = {key: mark for key, mark in self._own.items() if not _within(key, name)}

    @property
    def whole(self) -> tuple[object, ...]:
        """The words of the command that makes the project from its photos, or goes on."""
        return ("run", self.photos, "-o", self.project, "--json", *OPTIONS)

    def judged(self, ended: Ended, expected: Collection[str] | None = None) -> Ended:
        """Note what is wrong with how a command ended.

        Parameters
        ----------
        expected : collection of str, optional
            Codes of refusals that are true here; by default any.
        """
        words = " ".join(ended.words[:2])
        if ended.hung:
            self.fault(HANG, f"{words} took over {ended.seconds:.0f} s")
        elif said := ended.untyped():
            self.fault(UNTYPED, f"{words}: {said}")
        elif ended.code not in (0, 130):
            code = str(ended.error.get("code"))
            if expected is not None and code not in expected:
                said = f"{ended.error.get('message')} {ended.error.get('remedy')}"
                self.fault(UNTYPED, f"{words} gave a reason that is not the one: {code}: {said}")
            else:
                self.verdict.told.append(code)
        return ended

    def go_on(
        self,
        *,
        may_run: Collection[str] | None = None,
        expected: Collection[str] | None = (),
        mend: Callable[[], None] | None = None,
        words: tuple[object, ...] | None = None,
        tries: int = 2,
    ) -> Ended:
        """Run again until all is done, and see that no finished stage is made anew.

        Parameters
        ----------
        may_run : collection of str, optional
            Stages that may be made again although they were finished; by default none.
        expected : collection of str or None
            Codes of refusals that are true here; None takes any.
        mend : callable, optional
            What the person does after a refusal, as it advises.
        """
        words = words or ("run", "-o", self.project, "--json")
        if not (self.project / "project.json").exists():
            words = self.whole
        for attempt in range(tries):
            done = self.finished()
            ended = self.judged(self.spaceport(*words), expected)
            again = [
                stage
                for stage in done
                if ended.ran.get(stage, "skipped") != "skipped" and stage not in (may_run or ())
            ]
            if again:
                self.fault(LOST, f"made again though finished: {', '.join(again)}")
            if ended.code == 0 or ended.hung:
                break
            if mend is not None and attempt == 0:
                mend()
        if ended.code != 0 and not ended.hung:
            error = ended.error
            said = f"{error.get('code')}: {error.get('message')} {error.get('remedy')}"
            self.fault(LOST, f"does not come to its end any more: {said}"[:400])
        return ended

    def finished(self) -> list[str]:
        """Return the stages whose results the project says are there."""
        try:
            document = json.loads((self.project / "project.json").read_text(encoding="utf-8"))
            stages = document["stages"]
            return [name for name in STAGES if (stages.get(name) or {}).get("published")]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return []

    def check(self, *, same: bool = True, whole: bool = True, kept: bool = False) -> None:
        """See that everything holds that must hold after any case.

        Parameters
        ----------
        same : bool
            The result must be the very bytes of the undisturbed run; else it must be about as
            good.
        whole : bool
            The project must have come to its end.
        kept : bool
            Files of the project that somebody has changed may be kept beside.
        """
        self._processes()
        self._person()
        if self.verdict.faults:
            return
        if whole:
            self._leftovers(kept)
            self._result(same)

    def close(self) -> Verdict:
        """Return what was found."""
        self.verdict.seconds = time.monotonic() - self._began
        for process in children(self.project):
            with contextlib.suppress(psutil.Error):
                process.kill()
        return self.verdict

    def _processes(self) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while (left := children(self.project)) and time.monotonic() < deadline:
            time.sleep(0.1)
        if left:
            words = [" ".join(one.info["cmdline"][-4:]) for one in left]
            self.fault(LEFT, f"processes: {'; '.join(words)}")

    def _person(self) -> None:
        now = {
            name: mark
            for name, mark in inventory.of(self.folder).items()
            if not _within(name, self.project.name)
        }
        for words in inventory.changes(self._own, now):
            if words.endswith("is new"):
                self.fault(OUTSIDE, words)
            else:
                self.fault(LOST, f"of the person's: {words}")
        for name in inventory.missing(self._own_inside, [self.project]):
            self.fault(LOST, f"of the person's in the project: {name} is gone")

    def _leftovers(self, kept: bool) -> None:
        own = {Path(name).parts[1] for name in self._own_inside}
        # What a try with other options has saved is kept, should a person go back to them.
        own |= {f".{stage}.scratch" for stage in self._tries()}
        for path in sorted(self.project.iterdir()):
            if path.name not in own and _UNFINISHED.search(path.name):
                self.fault(LEFT, path.name)
            known = {*FOLDERS, "project.json", "edits.json", "logs", ".lock", ".cloud", *own}
            if not kept and path.name not in known and not _UNFINISHED.search(path.name):
                self.fault(LEFT, f"{path.name} in the project")

    def _tries(self) -> list[str]:
        document = json.loads((self.project / "project.json").read_text(encoding="utf-8"))
        return [name for name, record in document["stages"].items() if record["latest"]]

    def _result(self, same: bool) -> None:
        found = sorted((self.project / "export").glob("*.sog"))
        if len(found) != 1:
            self.fault(WRONG, f"there are {len(found)} bundles in export")
            return
        try:
            count = len(bundles.read(found[0]))
        except Exception as error:
            self.fault(WRONG, f"the bundle cannot be read: {error}")
            return
        off = psnr_db(self.project) - self.session.psnr_db
        if not count or off < -_NEAR_DB:
            self.fault(WRONG, f"{count} Gaussians, {off:+.2f} dB on the held-out photos")
        if same:
            self.same_as_undisturbed()

    def same_as_undisturbed(self) -> None:
        """See that every file of the results has the bytes of the undisturbed run."""
        for name, mark in self.session.results.items():
            if name in TIMED:
                continue
            path = self.project / name
            if not path.is_file() or inventory.mark(path) != mark:
                self.fault(WRONG, f"{name} is not that of the undisturbed run")


def _within(name: str, folder: str) -> bool:
    return name == folder or name.startswith(f"{folder}/")
