"""The window beside a real HTTP server that keeps the contract of the service on AWS."""

from __future__ import annotations

import sys

import pytest
from cloud.client.conftest import QUICK, project, read_project, results, service
from cloud.client.service import KEY, Service
from cloud.client.test_connection import Keyring
from pytestqt.qtbot import QtBot

from spaceport_app.cloud.client import api as client
from spaceport_app.cloud.client import connecting, connection
from spaceport_app.cloud.client.secrets import VARIABLE
from spaceport_app.gui.cloud import work
from spaceport_app.gui.cloud.account import Account
from spaceport_app.gui.results import Results
from spaceport_app.gui.run.panel import StagePanel
from spaceport_app.gui.window import MainWindow
from spaceport_app.project.project import Project

from .driving import choose_aws, opened

__all__ = ["project", "read_project", "results", "service"]


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Keyring:
    """A keyring of the test alone."""
    made = Keyring(True)
    monkeypatch.setitem(sys.modules, "keyring", made)
    monkeypatch.delenv(VARIABLE, raising=False)
    return made


@pytest.fixture(autouse=True)
def quick(ring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look and try again often; results of the tests hold nothing to be read."""
    monkeypatch.setattr(client, "Patience", lambda: QUICK)
    monkeypatch.setattr(work, "poll_s", 0.05)
    monkeypatch.setattr(Results, "load", lambda self, project, stage: None)


@pytest.fixture
def account(window: MainWindow, service: Service) -> Account:
    """The window's account, with address and key in their places."""
    connecting.connect(window.workspace.account.keys, service.url, KEY, QUICK)
    assert connection.endpoint() == service.url
    return window.workspace.account


@pytest.fixture
def panel(window: MainWindow, account: Account, project: Project, qtbot: QtBot) -> StagePanel:
    """The stages of a project whose photos are read, to be done on AWS."""
    panel = opened(window, project, qtbot)
    choose_aws(panel, qtbot)
    return panel
