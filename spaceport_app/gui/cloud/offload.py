"""Where the stages of the open project run: this computer or AWS; and all that asks before."""

from __future__ import annotations

from typing import Literal, TypeAlias

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from spaceport_app.cloud.client.offer import Offer
from spaceport_app.cloud.client.submission import Submission
from spaceport_app.cloud.client.wishes import Wish, from_missing
from spaceport_app.cloud.layout import STAGES, STEPS
from spaceport_app.gui.cloud import work
from spaceport_app.gui.cloud.account import Account
from spaceport_app.gui.cloud.offer_dialog import OfferDialog
from spaceport_app.gui.cloud.prices_dialog import PricesDialog
from spaceport_app.gui.cloud.settings_dialog import AwsDialog
from spaceport_app.pipeline.stage import Registry
from spaceport_app.project.project import Project

Target: TypeAlias = Literal["here", "aws"]


class Offload(QObject):
    """Asks what has to be asked, and says what to run then.

    Parameters
    ----------
    account : Account
        The service.
    over : QWidget
        Dialogs open over its window.
    """

    go = Signal(object, bool)
    """Run with this `Maker`; whether another computer does the work."""
    changed = Signal()
    """The target is another, or the service is."""

    def __init__(self, account: Account, stages: Registry, over: QWidget) -> None:
        super().__init__(over)
        self.account = account
        account.changed.connect(self.changed)
        self.target: Target = "here"
        self._stages = stages
        self._over = over
        self._reading_for: str | None = None

    @property
    def aws(self) -> bool:
        """Whether AWS is to do the work."""
        return self.target == "aws"

    def choose(self, target: Target) -> None:
        """Have the work done here, or on AWS."""
        if target == self.target:
            return
        self.target = target
        if self.aws and self.account.place is None:
            self.account.look()
        self.changed.emit()

    def start(
        self, project: Project, job: Submission | None, stage: str | None, *, photos_read: bool
    ) -> None:
        """Do what has to be done before AWS can begin, and then say what to run.

        Parameters
        ----------
        job : Submission or None
            The project's open job, which is gone on with.
        stage : str or None
            The stage from which to begin; by default that which is missing first.
        photos_read : bool
            The list of photos holds.
        """
        self._reading_for = None
        if not self.account.endpoint:
            self.open_settings()
        elif job is not None:
            self.go.emit(work.following(self.account.api), True)
        elif not photos_read:
            # What leaves this computer follows from the photos.
            self._reading_for = stage or ""
            self.go.emit(work.reading, False)
        else:
            self._offer(project, stage)

    def read(self, project: Project, *, good: bool) -> None:
        """Go on after a run that has read the photos for an offer."""
        stage, self._reading_for = self._reading_for, None
        if good and stage is not None:
            self._offer(project, stage or None)

    def open_settings(self) -> AwsDialog:
        """Open the connection."""
        dialog = AwsDialog(self.account, self._over.window())
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def open_prices(self) -> None:
        """Open the table of prices."""
        dialog = PricesDialog(self._over.window())
        dialog.accepted.connect(self.changed)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _offer(self, project: Project, stage: str | None) -> None:
        wish = from_missing(project, self._stages, Wish())
        if stage is not None:
            first = next((step for step in STEPS if stage in STAGES[step]), wish.first)
            wish = Wish(first)
        dialog = OfferDialog(project, self._stages, wish, self.account, self._over.window())

        def taken() -> None:
            made = dialog.offer
            if made is not None:
                self._submit(made)

        dialog.accepted.connect(taken)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _submit(self, made: Offer) -> None:
        self.go.emit(work.submitting(self.account.api, made.wish, made.settings), True)
