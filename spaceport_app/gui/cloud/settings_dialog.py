"""The AWS connection: address and key, tried out before they are saved; limit, mail, prices."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from spaceport_app.cloud.client import preferences, prices
from spaceport_app.cloud.client.connecting import Answer
from spaceport_app.cloud.client.preferences import Preferences
from spaceport_app.cloud.client.secrets import VARIABLE, Place
from spaceport_app.errors import StageError
from spaceport_app.gui import theme
from spaceport_app.gui.buttons import push_button
from spaceport_app.gui.cloud import mail
from spaceport_app.gui.cloud.account import Account
from spaceport_app.gui.cloud.prices_dialog import PricesDialog
from spaceport_app.gui.cloud.words import in_window
from spaceport_app.gui.dialogs import fit, grow
from spaceport_app.gui.plain import Label, add_row, set_tip
from spaceport_app.gui.run.options_form import NumberBox
from spaceport_app.gui.run.stage_row import small_label
from spaceport_app.gui.theme import numbers

_KEYS: dict[Place, str] = {
    "": "As the deployment gave it",
    "environment": f"Taken from {VARIABLE}",
    "session": "Held until Spaceport is closed",
    "keyring": "Saved in the keyring",
}
_NO_KEYRING = (
    "Connected. This computer has no keyring that takes the key, and Spaceport writes it into no "
    "file: it is held until Spaceport is closed."
)


class AwsDialog(QDialog):
    """Settings of the AWS service; nothing is saved that was not found to work."""

    def __init__(self, account: Account, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("AWS connection")
        self.setObjectName("aws")
        self._account = account
        self._background = account.background
        self._place: Place | None = account.place
        self._before = account.endpoint
        usual = account.preferences

        about = small_label(
            "muted",
            "Spaceport can do the work in an AWS account of your own. Whoever deploys its "
            "service there gets an address and an API key.",
        )
        self.address = QLineEdit(self._before)
        self.address.setObjectName("address")
        self.address.setPlaceholderText("https://…")
        self.key = QLineEdit()
        self.key.setObjectName("key")
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.test_button = push_button("Test connection", self.test, "test")
        set_tip(self.test_button, "Ask the service with this address and key; nothing is saved")
        self.forget_button = push_button("Disconnect", self.disconnect_account, "disconnect")
        set_tip(self.forget_button, "Forget the API key on this computer")
        self.status = Label()
        self.status.setObjectName("status")
        self.status.setWordWrap(True)
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.limit = NumberBox()
        self.limit.setObjectName("limit")
        self.limit.setRange(0.0, 100_000.0)
        self.limit.setSpecialValueText("No limit")
        self.limit.setSuffix(" Mbit/s")
        self.limit.setValue(usual.upload_mbit)
        set_tip(self.limit, "Photos are sent no faster than this; 0 means no limit")
        numbers.set_up(self.limit)
        self.email = QLineEdit(usual.email)
        self.email.setObjectName("email")
        self.email.setPlaceholderText("Nobody")
        set_tip(self.email, "Who gets a mail when a job is over")
        self.prices_label = small_label("muted")
        self.prices_button = push_button("Prices…", self.edit_prices, "prices")
        set_tip(self.prices_button, "Change the prices from which costs are reckoned")
        self.save_button = push_button("Save", self.save, "save")
        self.save_button.setProperty("main", True)
        self.save_button.setDefault(True)
        self.close_button = push_button("Cancel", self.reject, "close")

        self._lay_out(about)
        self.address.textChanged.connect(self._edited)
        self.key.textChanged.connect(self._edited)
        self._show_prices()
        self._show_place()
        fit(self, 560, self.sizeHint().height())
        if self._before:
            self._background.start(
                "saved key", lambda: account.keys.place(self._before), self._found_place
            )
        (self.key if self._before else self.address).setFocus()

    def _lay_out(self, about: Label) -> None:
        form = QFormLayout()
        form.setSpacing(theme.spacing)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        add_row(form, "Address", self.address)
        add_row(form, "API key", self.key)
        tries = QHBoxLayout()
        tries.addWidget(self.test_button)
        tries.addWidget(self.forget_button)
        tries.addStretch(1)
        add_row(form, "", tries)
        line = QFrame()
        line.setProperty("role", "line")
        more = QFormLayout()
        more.setSpacing(theme.spacing)
        more.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        add_row(more, "Upload at most", self.limit)
        add_row(more, "Mail at the end to", self.email)
        table = QHBoxLayout()
        table.addWidget(self.prices_label, 1)
        table.addWidget(self.prices_button)
        add_row(more, "Prices", table)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.save_button)
        buttons.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.wide] * 4)
        layout.setSpacing(theme.spacing + 4)
        layout.addWidget(about)
        layout.addLayout(form)
        layout.addWidget(self.status)
        layout.addWidget(line)
        layout.addLayout(more)
        layout.addStretch(1)
        layout.addLayout(buttons)
        self.status.hide()

    # What a person does

    def test(self) -> None:
        """Ask the service with what is entered."""
        address, key = self.address.text(), self.key.text()
        if not self._has_address():
            return
        self._work("Asking the service…", lambda: self._account.try_out(address, key), self._tested)

    def save(self) -> None:
        """Save what is entered; address and key only if they work."""
        trouble = mail.trouble(self.email.text())
        if trouble:
            self._say(trouble, "error")
            self.email.setFocus()
            return
        wanted = Preferences(self.limit.value(), self.email.text().strip())
        address, key = self.address.text().strip(), self.key.text()
        anew = bool(key.strip()) or address.rstrip("/") != self._before
        if anew and not self._has_address():
            return

        def do() -> Answer | None:
            preferences.save(wanted)
            return self._account.connect_to(address, key) if anew else None

        self._work("Asking the service…" if anew else "Saving…", do, self._saved)

    def disconnect_account(self) -> None:
        """Forget the key."""

        def done(_: object) -> None:
            self._idle()
            self.key.clear()
            self._account.place = self._place = ""
            self._account.changed.emit()
            self._show_place()
            self._say("The API key is forgotten on this computer.", "muted")

        self._work("Forgetting the key…", self._account.forget, done)

    def edit_prices(self) -> None:
        """Open the table of prices."""
        dialog = PricesDialog(self)
        dialog.accepted.connect(self._show_prices)
        dialog.accepted.connect(self._account.changed)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def done(self, result: int) -> None:
        """Drop answers that nobody waits for any more."""
        self._background.forget("ask")
        self._background.forget("saved key")
        super().done(result)

    # What comes of it

    def _has_address(self) -> bool:
        if self.address.text().strip():
            return True
        self._say("Enter the address of the service.", "error")
        self.address.setFocus()
        return False

    def _work(self, words: str, work: Callable[[], object], done: Callable[..., None]) -> None:
        for button in (self.test_button, self.forget_button, self.save_button):
            button.setEnabled(False)
        self._say(words, "muted")

        def failed(sentence: str) -> None:
            self._idle()
            self._say(sentence, "error")

        self._background.start("ask", in_window(work), done, failed)

    def _idle(self) -> None:
        for button in (self.test_button, self.save_button):
            button.setEnabled(True)
        self._show_place()

    def _tested(self, answer: Answer) -> None:
        self._idle()
        if answer.warning is not None:
            self._say(f"{answer.words()} {answer.warning}", "warning")
        else:
            self._say(answer.words(), "good")

    def _saved(self, answer: Answer | None) -> None:
        self._idle()
        if answer is None:
            self._account.changed.emit()
            self.accept()
            return
        self.key.clear()
        self._before = answer.endpoint
        self.address.setText(answer.endpoint)
        self._account.place = None
        self._account.changed.emit()
        self._account.look()
        if answer.kept and answer.warning is None:
            self.accept()
            return
        words = "" if answer.kept else _NO_KEYRING
        if answer.warning is not None:
            words = f"{words} {answer.warning}".strip()
        self._say(words, "warning")
        self._found_place("keyring" if answer.kept else "session")
        self.close_button.setText("Close")
        self.close_button.setFocus()

    def _found_place(self, place: Place) -> None:
        self._place = place
        self._show_place()

    def _show_place(self) -> None:
        self.key.setPlaceholderText(_KEYS[self._place or ""])
        # The environment decides over whatever is entered here.
        self.key.setEnabled(self._place != "environment")
        self.forget_button.setEnabled(self._place in ("session", "keyring"))

    def _edited(self) -> None:
        self.close_button.setText("Cancel")
        self._say("", "muted")

    def _show_prices(self) -> None:
        try:
            table = prices.read()
        except StageError as error:
            self.prices_label.setText(f"{error.message} Open them and save them anew.")
            return
        own = "your own" if table != prices.ours() else "unchecked list prices"
        self.prices_label.setText(f"{table.source()}, {own}")

    def _say(self, words: str, role: str) -> None:
        self.status.setProperty("role", role)
        self.status.style().polish(self.status)
        self.status.setText(words)
        self.status.setVisible(bool(words))
        grow(self)
