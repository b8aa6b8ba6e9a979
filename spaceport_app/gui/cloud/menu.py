"""What the window's menu offers for AWS, and what is asked before a job there is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from PySide6.QtWidgets import QMainWindow

from spaceport_app.gui.session import Session
from spaceport_app.gui.workspace import Workspace

LEAVING: dict[Literal["sends", "computes"], tuple[str, str]] = {
    "computes": (
        "AWS works on this project.",
        "The job goes on on AWS; open the project again to follow it.",
    ),
    "sends": (
        "This project is being sent to AWS.",
        "What has arrived stays there; open the project again to send the rest.",
    ),
}
"""A question and more, before a window that follows a job closes or opens something else."""


class AwsMenu:
    """Opens the dialogs for AWS over a window; they are imported when they are first asked for."""

    def __init__(self, window: QMainWindow, session: Session, workspace: Workspace) -> None:
        self._window = window
        self._session = session
        self._workspace = workspace

    def connect(self) -> None:
        """Open the connection to AWS."""
        from spaceport_app.gui.cloud.settings_dialog import AwsDialog

        dialog = AwsDialog(self._workspace.account, self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def show_jobs(self) -> None:
        """List the jobs on AWS."""
        from spaceport_app.gui.cloud.jobs_dialog import JobsDialog

        dialog = JobsDialog(self._workspace.account, self._session.project, self._window)
        dialog.followed.connect(self._workspace.follow_job)
        dialog.fetched.connect(self._workspace.fetched)
        dialog.begun.connect(self._begun)
        dialog.finished.connect(self._seen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _begun(self, folder: Path) -> None:
        self._workspace.fetched.emit(folder)
        project = self._session.project
        if project is not None and project.folder == folder:
            self._workspace.follow_job()

    def _seen(self) -> None:
        # A job that was stopped or deleted there is none to go on with any more.
        if self._session.project is not None and not self._workspace.running():
            self._workspace.refresh()
