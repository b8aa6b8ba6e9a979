"""The address in a file, the key in the keyring or nowhere; failures in words."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from pathlib import Path
from types import ModuleType

import httpx
import pytest

from spaceport_app.cloud.client import connection, failures
from spaceport_app.cloud.client.api import Api
from spaceport_app.cloud.client.backoff import AnyOf, Patience
from spaceport_app.cloud.client.connection import Connection
from spaceport_app.cloud.client.failures import CloudError, Halted, IncompleteError
from spaceport_app.cloud.client.secrets import VARIABLE, Keys, Secret
from spaceport_app.cloud.job import CloudFile, CloudJob

from .conftest import QUICK
from .service import KEY, Service

HOST = "https://a.example/prod"


class Keyring(ModuleType):
    """A keyring that works, or raises at every touch."""

    def __init__(self, works: bool) -> None:
        super().__init__("keyring")
        self.works = works
        self.kept: dict[tuple[str, str], str] = {}

    def _look(self) -> None:
        if not self.works:
            raise RuntimeError("no recommended backend was available")

    def get_password(self, service: str, name: str) -> str | None:
        self._look()
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, password: str) -> None:
        self._look()
        self.kept[service, name] = password

    def delete_password(self, service: str, name: str) -> None:
        self._look()
        del self.kept[service, name]


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Keyring:
    made = Keyring(True)
    monkeypatch.setitem(sys.modules, "keyring", made)
    monkeypatch.delenv(VARIABLE, raising=False)
    return made


def test_a_key_is_kept_in_the_keyring(ring: Keyring) -> None:
    keys = Keys()
    assert keys.place(HOST) == ""
    assert keys.keep(HOST, Secret("abc"))
    assert keys.place(HOST) == "keyring"
    assert Keys().find(HOST) == Secret("abc")
    assert Keys().find("https://other.example") is None
    Keys().forget(HOST)
    assert Keys().find(HOST) is None and not ring.kept


def test_without_a_keyring_a_key_lasts_for_the_session(ring: Keyring) -> None:
    ring.works = False
    keys = Keys()
    assert not keys.keep(HOST, Secret("abc"))
    assert keys.find(HOST) == Secret("abc")
    assert keys.place(HOST) == "session"
    assert Keys().find(HOST) is None


def test_scripts_give_the_key_by_the_environment(
    ring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    Keys().keep(HOST, Secret("abc"))
    monkeypatch.setenv(VARIABLE, " from-outside ")
    found = Keys().find(HOST)
    assert found is not None and found.reveal() == "from-outside"


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("abc")
    assert "abc" not in f"{secret} {secret!r} {Connection(HOST, secret)}"


def test_the_settings_file_holds_the_address_alone(ring: Keyring, tmp_path: Path) -> None:
    file = tmp_path / "settings" / "cloud.json"
    keys = Keys()
    keys.keep(HOST, Secret(KEY))
    connection.save(HOST + "/", file)
    assert connection.find(keys, file=file) == Connection(HOST, Secret(KEY))
    assert KEY not in file.read_text(encoding="utf-8")
    file.write_text("{", encoding="utf-8")
    with pytest.raises(CloudError) as caught:
        connection.find(keys, file=file)
    assert caught.value.code == "no_endpoint"


@pytest.mark.parametrize(
    "address",
    ["http://a.example/prod", "a.example", "ftp://a", "https://", "https://u:p@a.example", "",
     "https://a.example/?x=1", "https://[1"],
)  # fmt: skip
def test_no_key_goes_to_an_address_that_is_not_secure(address: str) -> None:
    with pytest.raises(CloudError) as caught:
        connection.checked(address)
    assert caught.value.code == "bad_endpoint"
    assert connection.checked(" http://127.0.0.1:8000/prod/ ") == "http://127.0.0.1:8000/prod"


def told(service: Service, endpoint: str = "", key: str = KEY) -> CloudError:
    where = Connection(endpoint or service.url, Secret(key))
    with Api(where, patience=Patience(3, 0.001, 0.002)) as api, pytest.raises(CloudError) as caught:
        api.health()
    return caught.value


def test_a_wrong_key_is_told(service: Service) -> None:
    assert told(service, key="wrong").code == "wrong_key"


def test_a_wrong_address_is_told(service: Service) -> None:
    assert told(service, service.url.replace("/prod", "")).code == "wrong_endpoint"


def test_no_network_is_told(service: Service) -> None:
    error = told(service, "http://127.0.0.1:9")
    assert (error.code, "127.0.0.1" in error.message) == ("no_network", True)
    assert told(service, "https://spaceport.invalid/prod").code == "no_network"


@pytest.mark.parametrize("fault", ["503", "429", "reset"])
def test_a_service_that_fails_is_asked_again(api: Api, service: Service, fault: str) -> None:
    faults = iter([fault] * 4)
    service.fault = lambda method, path: next(faults, None)
    assert api.health().service == "spaceport"
    assert len(service.requests) == 5


def test_a_service_that_goes_on_failing_is_told(service: Service) -> None:
    service.fault = lambda method, path: "503"
    assert told(service).code == "service_busy"
    assert len(service.requests) == 3


@pytest.mark.parametrize(
    ("code", "remedy", "shown"),
    [
        ("too_many_running", "Start again when one has ended.", "Start again when one has ended."),
        ("too_many_today", "Try again in 3 h 5 min.", "Try again in 3 h 5 min."),
        # API Gateway's own, when the calls of the day are used up.
        ("quota", None, "Try again tomorrow, or ask whoever runs the service for more."),
    ],
)
def test_a_limit_of_the_key_is_told_at_once_in_its_own_words(
    service: Service, code: str, remedy: str | None, shown: str
) -> None:
    said = {"status": 429, "error": "That is too much.", "code": code, "remedy": remedy}
    service.fault = lambda method, path: json.dumps(said)
    error = told(service)
    assert (error.code, error.message, error.remedy) == (code, "That is too much.", shown)
    assert len(service.requests) == 1


def test_a_refusal_brings_its_remedy(service: Service) -> None:
    said = {"status": 400, "error": "No mail to x@y.org.", "code": "mail_not_allowed"}
    service.fault = lambda method, path: json.dumps({**said, "remedy": "Leave it out."})
    assert (told(service).message, told(service).remedy) == ("No mail to x@y.org.", "Leave it out.")
    service.fault = lambda method, path: json.dumps(said)
    assert told(service).remedy == "Mend that and try again."


@pytest.mark.parametrize(
    "body", ["1e999", "1" + "0" * 400, "[" * 5_000, "NaN", '{"service": 1e999}']
)
def test_an_answer_that_no_number_holds_is_no_service_of_ours(
    service: Service, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    monkeypatch.setattr(httpx.Response, "content", property(lambda _: body.encode()))
    assert told(service).code == "wrong_endpoint"


def test_waits_grow_and_end_with_a_stop() -> None:
    patience = Patience(base_s=1.0, most_s=8.0)
    assert [patience.bound_s(failed) for failed in (1, 2, 3, 4, 5, 99)] == [1, 2, 4, 8, 8, 8]
    one, other = threading.Event(), threading.Event()
    threading.Timer(0.2, other.set).start()
    began = time.monotonic()
    with pytest.raises(Halted):
        Patience(base_s=1e9, most_s=1e9).wait(9, AnyOf(one, other))
    assert time.monotonic() - began < 5.0


def test_a_long_list_comes_in_pages(api: Api) -> None:
    made = [api.create(CloudJob(str(number), ())).job for number in range(5)]
    assert [listed.job for listed in api.jobs()] == made[::-1]


def test_files_that_are_missing_have_their_numbers(api: Api) -> None:
    job = api.create(CloudJob("x", (CloudFile("a", 1, "0"), CloudFile("b", 1, "0")))).job
    with pytest.raises(IncompleteError) as caught:
        api.start(job)
    assert caught.value.missing == (0, 1)


def test_a_job_of_somebody_else_is_not_there(api: Api) -> None:
    with pytest.raises(CloudError) as caught:
        api.look("0" * 26)
    assert caught.value.code == "no_job"


def test_neither_key_nor_signed_addresses_are_logged(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with Api(Connection(service.url, Secret(KEY)), patience=QUICK) as api:
        api.health()
        faults = iter(["503", "reset"])
        service.fault = lambda method, path: next(faults, None)
        api.jobs()
    assert caplog.text
    assert KEY not in caplog.text and "expires=" not in caplog.text


def test_clocks_are_named_in_hours() -> None:
    assert "2 hours ahead" in failures.clock_skew(7300).message
    assert "10 minutes behind" in failures.clock_skew(-600).message
