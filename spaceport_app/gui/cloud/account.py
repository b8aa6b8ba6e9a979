"""The AWS service that the window works with: where it is, and where the key to it is."""

from __future__ import annotations

import threading
from urllib.parse import urlsplit
from weakref import WeakSet

from PySide6.QtCore import QObject, Signal

from spaceport_app.cloud.client import connecting, connection, preferences
from spaceport_app.cloud.client.api import Api
from spaceport_app.cloud.client.connecting import Answer
from spaceport_app.cloud.client.preferences import Preferences
from spaceport_app.cloud.client.secrets import Keys, Place
from spaceport_app.gui.background import Background

_PLACES: dict[Place, str] = {
    "environment": ", with the key of SPACEPORT_API_KEY",
    "session": ", with a key for this session only",
}


class Account(QObject):
    """Address, key and preferences for all that the window does on AWS.

    One lives as long as the window: a key that no keyring takes is held in it.
    """

    changed = Signal()
    """The address is another, or the key is elsewhere."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.keys = Keys()
        self.place: Place | None = None
        """Where the key is; None as long as nobody has looked."""
        self.background = Background(self, 3)
        """For all that asks the service: a dialog that closes must not wait for an answer."""
        self._halts = WeakSet[threading.Event]()

    @property
    def endpoint(self) -> str:
        """The address of the service, or an empty text."""
        return connection.endpoint()

    @property
    def connected(self) -> bool:
        """Whether there are an address and, as far as one knows, a key."""
        return bool(self.endpoint) and self.place != ""

    @property
    def preferences(self) -> Preferences:
        """What a person wants of every job."""
        return preferences.read()

    def look(self) -> None:
        """Find out off the GUI thread where the key is: a keyring may ask a person."""
        endpoint = self.endpoint
        if endpoint:
            self.background.start("place", lambda: self.keys.place(endpoint), self._found)

    def api(self) -> Api:
        """Open the service with its key; for background threads.

        Raises
        ------
        CloudError
            ``no_endpoint``, ``bad_endpoint`` or ``no_key``.
        """
        return Api(connection.find(self.keys))

    def quick_api(self, halted: threading.Event) -> Api:
        """Open it for somebody who waits for the answer, until `halted` is set."""
        self._halts.add(halted)
        return Api(connection.find(self.keys), halted, connecting.PATIENCE)

    def try_out(self, address: str, key: str) -> Answer:
        """Test an address and a key; for background threads. Raises as `connecting.try_out`."""
        return connecting.try_out(self.keys, address, key, halted=self._halt())

    def connect_to(self, address: str, key: str) -> Answer:
        """Test and save both; for background threads. Raises as `connecting.connect`."""
        return connecting.connect(self.keys, address, key, halted=self._halt())

    def forget(self) -> None:
        """Forget the key; for background threads."""
        self.keys.forget(self.endpoint)

    def words(self) -> str:
        """Return in one line which service is used."""
        if not self.connected:
            return "Not connected yet"
        host = urlsplit(self.endpoint).hostname or self.endpoint
        return f"Service at {host}{_PLACES.get(self.place or '', '')}"

    def close(self) -> None:
        """End what is under way, also where no answer comes."""
        for halted in list(self._halts):
            halted.set()
        self.background.wait()

    def _halt(self) -> threading.Event:
        halted = threading.Event()
        self._halts.add(halted)
        return halted

    def _found(self, place: Place) -> None:
        self.place = place
        self.changed.emit()
