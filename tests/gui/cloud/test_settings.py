"""The AWS connection as a person enters, tests, saves and ends it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cloud.client.service import KEY, Service
from cloud.client.test_connection import Keyring
from pytestqt.qtbot import QtBot

from spaceport_app.cloud.client import connection, preferences, prices
from spaceport_app.cloud.client.preferences import Preferences
from spaceport_app.cloud.client.secrets import VARIABLE
from spaceport_app.gui.cloud.account import Account
from spaceport_app.gui.cloud.prices_dialog import PricesDialog
from spaceport_app.gui.cloud.settings_dialog import AwsDialog
from spaceport_app.gui.window import MainWindow

from .driving import LONG_MS, click, closed, dialog


@pytest.fixture
def aws(window: MainWindow, qtbot: QtBot) -> AwsDialog:
    window.menus.aws.trigger()
    return dialog(window, AwsDialog, qtbot)


def enter(aws: AwsDialog, qtbot: QtBot, address: str, key: str) -> None:
    aws.address.clear()
    qtbot.keyClicks(aws.address, address)
    aws.key.clear()
    qtbot.keyClicks(aws.key, key)


def answered(aws: AwsDialog, qtbot: QtBot) -> str:
    qtbot.waitUntil(aws.test_button.isEnabled, timeout=LONG_MS)
    return aws.status.text()


def kept_key(folder: Path) -> list[Path]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if KEY.encode() in path.read_bytes()]


def test_address_and_key_are_tried_and_saved(
    aws: AwsDialog, service: Service, ring: Keyring, own_places: Path, qtbot: QtBot
) -> None:
    enter(aws, qtbot, service.url + "/", KEY)
    click(qtbot, aws.test_button)
    assert "answers" in answered(aws, qtbot)
    assert aws.status.property("role") == "good"
    assert not connection.endpoint() and not ring.kept
    click(qtbot, aws.save_button)
    closed(aws, qtbot)
    assert connection.endpoint() == service.url
    assert list(ring.kept.values()) == [KEY]
    assert kept_key(own_places) == []


def test_return_saves(aws: AwsDialog, service: Service, qtbot: QtBot) -> None:
    enter(aws, qtbot, service.url, KEY + "\r")
    closed(aws, qtbot)
    assert connection.endpoint() == service.url


@pytest.mark.parametrize(
    ("address", "key", "words"),
    [
        ("{url}", "wrong", "does not accept this API key. Check the key"),
        ("{url}", "", "There is no API key"),
        ("http://example.com/prod", KEY, "no secure address"),
        ("{url}/deeper", KEY, "no"),
        ("http://127.0.0.1:9/prod", KEY, "cannot be reached"),
        ("", KEY, "Enter the address of the service"),
    ],
)
def test_what_does_not_work_is_said_and_not_saved(
    aws: AwsDialog,
    service: Service,
    ring: Keyring,
    qtbot: QtBot,
    address: str,
    key: str,
    words: str,
) -> None:
    enter(aws, qtbot, address.format(url=service.url), key)
    for button in (aws.test_button, aws.save_button):
        click(qtbot, button)
        told = answered(aws, qtbot)
        assert words in told and told.endswith(".") and "spaceport cloud" not in told
        assert aws.status.property("role") == "error"
    assert aws.isVisible()
    assert not connection.endpoint() and not ring.kept


def test_without_a_keyring_the_key_lasts_for_the_session_and_that_is_said(
    aws: AwsDialog,
    window: MainWindow,
    service: Service,
    ring: Keyring,
    own_places: Path,
    qtbot: QtBot,
) -> None:
    ring.works = False
    enter(aws, qtbot, service.url, KEY)
    click(qtbot, aws.save_button)
    assert "held until Spaceport is closed" in answered(aws, qtbot)
    assert aws.isVisible() and not aws.key.text() and aws.close_button.text() == "Close"
    assert kept_key(own_places) == []
    account = window.workspace.account
    qtbot.waitUntil(lambda: account.place == "session", timeout=LONG_MS)
    assert "this session only" in account.words()
    with account.api() as api:
        assert api.health().service == "spaceport"
    click(qtbot, aws.close_button)
    window.menus.aws.trigger()
    again = dialog(window, AwsDialog, qtbot)
    qtbot.waitUntil(again.forget_button.isEnabled, timeout=LONG_MS)
    assert "until Spaceport is closed" in again.key.placeholderText()


def test_a_wrong_clock_is_told_beside_a_good_answer(
    aws: AwsDialog, service: Service, qtbot: QtBot
) -> None:
    service.clock_ahead_s = 7300
    enter(aws, qtbot, service.url, KEY)
    click(qtbot, aws.test_button)
    assert "2 hours behind" in answered(aws, qtbot)
    assert aws.status.property("role") == "warning"


def test_disconnecting_forgets_the_key(
    window: MainWindow, account: Account, ring: Keyring, qtbot: QtBot
) -> None:
    window.menus.aws.trigger()
    aws = dialog(window, AwsDialog, qtbot)
    qtbot.waitUntil(aws.forget_button.isEnabled, timeout=LONG_MS)
    assert aws.key.placeholderText() == "Saved in the keyring" and not aws.key.text()
    click(qtbot, aws.forget_button)
    assert "forgotten" in answered(aws, qtbot)
    assert not ring.kept and not account.connected
    assert not aws.forget_button.isEnabled()


def test_the_key_of_the_environment_decides(
    window: MainWindow, account: Account, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    window.menus.aws.trigger()
    aws = dialog(window, AwsDialog, qtbot)
    qtbot.waitUntil(lambda: not aws.key.isEnabled(), timeout=LONG_MS)
    assert VARIABLE in aws.key.placeholderText() and not aws.forget_button.isEnabled()


def test_limit_and_mail_are_saved_without_asking_the_service(
    aws: AwsDialog, service: Service, qtbot: QtBot
) -> None:
    assert aws.limit.text() == "No limit"
    aws.limit.selectAll()
    qtbot.keyClicks(aws.limit, "12.5")
    qtbot.keyClicks(aws.email, "nobody")
    click(qtbot, aws.save_button)
    assert "no mail address" in aws.status.text()
    qtbot.keyClicks(aws.email, "@example.org")
    click(qtbot, aws.save_button)
    closed(aws, qtbot)
    assert preferences.read() == Preferences(12.5, "nobody@example.org")
    assert service.requests == []


def test_prices_are_changed_and_ours_come_back(
    aws: AwsDialog, window: MainWindow, qtbot: QtBot
) -> None:
    click(qtbot, aws.prices_button)
    table = dialog(window, PricesDialog, qtbot)
    assert table.table() == prices.ours()
    table.rows["3dgs"][0].hour.setValue(1.5)
    table.rows["sfm"][0].start[0].setValue(99.0)
    click(qtbot, table.save_button)
    assert "swapped" in table.message.text() and table.isVisible()
    table.rows["sfm"][0].start[0].setValue(2.5)
    click(qtbot, table.save_button)
    assert not table.isVisible()
    assert prices.read().machines["3dgs"].usd_an_hour == 1.5
    assert "your own" in aws.prices_label.text()
    click(qtbot, aws.prices_button)
    table = dialog(window, PricesDialog, qtbot)
    assert table.rows["3dgs"][0].hour.value() == 1.5
    click(qtbot, table.reset_button)
    click(qtbot, table.save_button)
    assert prices.read() == prices.ours() and not prices.table_file().exists()
    assert "list prices" in aws.prices_label.text()


def test_a_damaged_table_is_told_and_mended_by_saving(
    own_places: Path, window: MainWindow, qtbot: QtBot
) -> None:
    prices.table_file().parent.mkdir(parents=True, exist_ok=True)
    prices.table_file().write_text("{", encoding="utf-8")
    window.menus.aws.trigger()
    aws = dialog(window, AwsDialog, qtbot)
    assert "cannot be read" in aws.prices_label.text()
    click(qtbot, aws.prices_button)
    table = dialog(window, PricesDialog, qtbot)
    assert "cannot be read" in table.message.text()
    click(qtbot, table.save_button)
    assert prices.read() == prices.ours()
