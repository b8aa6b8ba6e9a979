"""Fetching, from a server that fails in every way a network does."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from spaceport_app.engine_setup import fetching, network, places, recipes
from spaceport_app.engine_setup.recipes import Package
from spaceport_app.errors import StageError
from spaceport_app.events import Event, Progress, ignore

from .index import Server, certificate, large, recipe, table

NAME = "spaceport_test_payload"


@pytest.fixture
def data() -> bytes:
    return large(NAME, 100)


@pytest.fixture
def packages(server: Server, data: bytes, tmp_path: Path) -> tuple[Package, ...]:
    return recipes.read(table(tmp_path, recipe(server, {NAME: data})))[0].packages


def get(packages: tuple[Package, ...], home: Path, **options: Any) -> dict[str, str]:
    cancel = options.pop("cancel", threading.Event())
    report = options.pop("report", ignore)
    return fetching.fetch(packages, home, cancel, report, pause_s=0.001)


def fails(packages: tuple[Package, ...], home: Path, code: str) -> StageError:
    with pytest.raises(StageError) as caught:
        get(packages, home)
    assert caught.value.code == code, caught.value
    return caught.value


def test_fetches_and_checks(packages: tuple[Package, ...], data: bytes, home: Path) -> None:
    told: list[Event] = []
    checksums = get(packages, home, report=told.append)
    target = places.target(home, packages[0])
    assert target.read_bytes() == data
    assert checksums == {target.name: hashlib.sha256(data).hexdigest()}
    steps = [event for event in told if isinstance(event, Progress)]
    assert [one.done for one in steps] == sorted(one.done for one in steps)
    assert steps[-1].done == steps[-1].total == len(data)
    assert steps[-1].fraction == 1.0
    assert list(places.downloads(home).iterdir()) == [target]


def test_goes_on_where_the_line_broke(
    packages: tuple[Package, ...], data: bytes, home: Path, server: Server
) -> None:
    broken: set[int] = set()

    def once(path: str, sent: int) -> bool:
        if sent in (30_000, 60_000) and sent not in broken:
            broken.add(sent)
            return False
        return True

    server.before_block = once
    get(packages, home)
    assert places.target(home, packages[0]).read_bytes() == data
    assert [wanted for _, wanted in server.asked] == ["", "bytes=30000-", "bytes=60000-"]


def test_a_server_without_ranges(
    packages: tuple[Package, ...], data: bytes, home: Path, server: Server
) -> None:
    server.ranges = False
    partial = places.target(home, packages[0])
    partial = partial.with_name(partial.name + places.PARTIAL)
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"x" * 50_000)
    get(packages, home)
    assert places.target(home, packages[0]).read_bytes() == data


def test_a_wrong_half_is_thrown_away_and_fetched_anew(
    packages: tuple[Package, ...], data: bytes, home: Path, server: Server
) -> None:
    partial = places.target(home, packages[0])
    partial = partial.with_name(partial.name + places.PARTIAL)
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"x" * 50_000)
    get(packages, home)
    assert places.target(home, packages[0]).read_bytes() == data
    assert [wanted for _, wanted in server.asked] == ["bytes=50000-", ""]


def test_what_is_there_is_not_fetched_again_but_checked(
    packages: tuple[Package, ...], data: bytes, home: Path, server: Server
) -> None:
    get(packages, home)
    get(packages, home)
    assert len(server.asked) == 1
    target = places.target(home, packages[0])
    target.write_bytes(data[:-1] + b"?")
    get(packages, home)
    assert target.read_bytes() == data


def test_another_file_than_expected(
    packages: tuple[Package, ...], data: bytes, home: Path, server: Server
) -> None:
    server.files[packages[0].file] = data[:-1] + b"?"
    error = fails(packages, home, "checksum_mismatch")
    assert packages[0].file in error.message and "127.0.0.1" in error.message
    assert list(places.downloads(home).iterdir()) == []


def test_a_longer_file_than_expected(
    packages: tuple[Package, ...], data: bytes, home: Path, server: Server
) -> None:
    server.files[packages[0].file] = data + b"?"
    fails(packages, home, "checksum_mismatch")


def test_without_size_and_checksum_it_is_fetched_whole(
    data: bytes, home: Path, server: Server, tmp_path: Path
) -> None:
    made = recipe(server, {NAME: data})
    made["files"][0] |= {"bytes": None, "sha256": None}
    packages = recipes.read(table(tmp_path, made))[0].packages
    partial = places.target(home, packages[0])
    partial = partial.with_name(partial.name + places.PARTIAL)
    partial.parent.mkdir(parents=True)
    partial.write_bytes(data[:50])
    checksums = get(packages, home)
    assert server.asked == [(packages[0].file, "")]
    assert checksums[packages[0].file] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("status", "code", "times"),
    [
        (404, "package_gone", 1),
        (403, "not_allowed", 1),
        (407, "proxy_login", 1),
        (503, "server_trouble", fetching.TRIES),
        (429, "server_trouble", fetching.TRIES),
    ],
)
def test_refusals(
    packages: tuple[Package, ...], home: Path, server: Server, status: int, code: str, times: int
) -> None:
    server.status[packages[0].file] = status
    fails(packages, home, code)
    assert len(server.asked) == times


def test_offline(data: bytes, home: Path, server: Server, tmp_path: Path) -> None:
    made = recipe(server, {NAME: data})
    # Nobody listens on the port of a server that has gone.
    with Server() as gone:
        made["files"][0]["url"] = f"{gone.address}/{NAME}-1.0-py3-none-any.whl"
    packages = recipes.read(table(tmp_path, made))[0].packages
    error = fails(packages, home, "no_network")
    assert "127.0.0.1 cannot be reached" in error.message


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [(407, "proxy_login", "name and a password"), (403, "proxy_refuses", "does not let")],
)
def test_a_proxy_that_refuses_is_named(
    data: bytes,
    home: Path,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: int,
    code: str,
    words: str,
) -> None:
    server.status["CONNECT"] = answer
    proxy = server.address.replace("http://", "http://somebody:secret@")
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    made = recipe(server, {NAME: data})
    made["files"][0]["url"] = f"https://packages.example.org/{NAME}-1.0-py3-none-any.whl"
    packages = recipes.read(table(tmp_path, made))[0].packages
    error = fails(packages, home, code)
    assert words in error.message and server.address.removeprefix("http://") in error.message
    assert "secret" not in str(error)
    assert server.asked[0] == ("packages.example.org:443", "CONNECT")


def test_a_proxy_gets_its_name_and_password(
    data: bytes, home: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = recipe(server, {NAME: data})
    made["files"][0]["url"] = f"http://packages.example.org/{NAME}-1.0-py3-none-any.whl"
    packages = recipes.read(table(tmp_path, made))[0].packages
    monkeypatch.setenv("HTTP_PROXY", server.address.replace("http://", "http://somebody:secret@"))
    get(packages, home)
    login = base64.b64encode(b"somebody:secret").decode()
    assert server.logins == [f"Basic {login}"]
    assert places.target(home, packages[0]).read_bytes() == data


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "socks://127.0.0.1:9", "ftp://x:9"])
def test_a_proxy_that_is_of_another_kind_is_said(
    packages: tuple[Package, ...], home: Path, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    error = fails(packages, home, "proxy_kind")
    assert ("SOCKS" in error.message) == proxy.startswith("socks")


@pytest.mark.parametrize("known", [True, False])
def test_a_page_to_sign_in_is_no_package(
    data: bytes, home: Path, server: Server, tmp_path: Path, known: bool
) -> None:
    made = recipe(server, {NAME: data})
    if not known:
        made["files"][0] |= {"bytes": None, "sha256": None}
    packages = recipes.read(table(tmp_path, made))[0].packages
    server.files[packages[0].file] = b"<!DOCTYPE html><title>Welcome to the airport</title>"
    error = fails(packages, home, "not_the_file")
    assert "sign in" in error.message and len(server.asked) == 1
    server.files[packages[0].file] = data
    get(packages, home)


def test_a_page_to_sign_in_costs_nothing_of_what_has_arrived(
    packages: tuple[Package, ...], data: bytes, home: Path, server: Server
) -> None:
    target = places.target(home, packages[0])
    target.parent.mkdir(parents=True)
    target.with_name(target.name + places.PARTIAL).write_bytes(data[:50_000])
    server.ranges, server.files[packages[0].file] = False, b"<html>Sign in</html>"
    fails(packages, home, "not_the_file")
    server.ranges, server.files[packages[0].file] = True, data
    get(packages, home)
    assert target.read_bytes() == data
    assert server.asked[-1][1] == "bytes=50000-"


def test_no_proxy_is_kept_to(
    packages: tuple[Package, ...], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert network.proxy_of(packages[0].url) is None
    get(packages, home)


def test_a_stop_keeps_what_has_arrived(
    packages: tuple[Package, ...], data: bytes, home: Path, server: Server
) -> None:
    cancel = threading.Event()
    # The rest comes after the stop: on a busy computer all of it may lie there at once.
    server.before_block = lambda path, sent: sent < 60_000 or cancel.wait(10)

    def report(event: Event) -> None:
        if isinstance(event, Progress) and event.done > 40_000:
            cancel.set()

    with pytest.raises(fetching.Cancelled):
        get(packages, home, cancel=cancel, report=report)
    left = places.fetched(home, packages)
    assert 0 < left < len(data)
    get(packages, home)
    assert server.asked[-1][1] == f"bytes={left}-"


def test_a_full_disk(packages: tuple[Package, ...], home: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("limits of POSIX")
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
        with pytest.raises(OSError) as caught:
            get(packages, home)
        assert caught.value.errno == errno.EFBIG
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    get(packages, home)


class TestRedirects:
    @pytest.fixture
    def secure(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
        own = certificate(tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(own))
        with Server(certificate=own) as started:
            yield started

    @staticmethod
    def unverified(server: Server, data: bytes, folder: Path) -> tuple[Package, ...]:
        made = recipe(server, {NAME: data})
        made["files"][0] |= {"bytes": None, "sha256": None}
        return recipes.read(table(folder, made))[0].packages

    @pytest.mark.parametrize("known", [True, False])
    def test_from_https_to_http_is_refused_and_nothing_is_asked_there(
        self, secure: Server, server: Server, data: bytes, home: Path, tmp_path: Path, known: bool
    ) -> None:
        packages = self.unverified(secure, data, tmp_path)
        if known:
            packages = recipes.read(table(tmp_path, recipe(secure, {NAME: data})))[0].packages
        file = packages[0].file
        server.files[file] = data
        secure.moved[file] = f"{server.address}/{file}"
        error = fails(packages, home, "insecure_redirect")
        assert "127.0.0.1" in error.message
        assert (len(secure.asked), server.asked) == (1, [])
        assert list(places.downloads(home).iterdir()) == []

    @pytest.mark.parametrize("to", ["http", "ftp", "file"])
    def test_from_this_computer_to_what_is_not_https_is_refused(
        self, packages: tuple[Package, ...], home: Path, server: Server, data: bytes, to: str
    ) -> None:
        with Server(files={packages[0].file: data}) as other:
            address = other.address.replace("http:", f"{to}:")
            server.moved[packages[0].file] = f"{address}/{packages[0].file}"
            fails(packages, home, "insecure_redirect")
            assert other.asked == []

    def test_within_https_it_is_followed(
        self, secure: Server, data: bytes, home: Path, tmp_path: Path
    ) -> None:
        packages = self.unverified(secure, data, tmp_path)
        with Server(files={packages[0].file: data}, certificate=secure.certificate) as other:
            secure.moved[packages[0].file] = f"{other.address}/{packages[0].file}"
            get(packages, home)
        assert places.target(home, packages[0]).read_bytes() == data

    def test_an_address_that_is_none_is_no_crash(
        self, packages: tuple[Package, ...], home: Path, server: Server
    ) -> None:
        server.moved[packages[0].file] = "https://[nowhere"
        fails(packages, home, "no_network")


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def test_a_kill_in_the_middle_is_gone_on_from(
    packages: tuple[Package, ...], data: bytes, home: Path, server: Server, tmp_path: Path
) -> None:
    """kill -9 while half of it has arrived: the rest comes by a range, the whole is checked."""
    held, half = threading.Event(), threading.Event()

    def stop_halfway(path: str, sent: int) -> bool:
        if sent == 50_000 and not held.is_set():
            half.set()
            held.wait(60.0)
        return True

    server.before_block = stop_halfway
    code = (
        "import sys, threading, pathlib\n"
        "from spaceport_app.engine_setup import fetching, recipes\n"
        "from spaceport_app.events import ignore\n"
        "packages = recipes.read(pathlib.Path(sys.argv[1]))[0].packages\n"
        "fetching.fetch(packages, pathlib.Path(sys.argv[2]), threading.Event(), ignore)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "recipes.json"), str(home)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    try:
        assert half.wait(60.0)
        wait_for(lambda: places.fetched(home, packages) == 50_000)
        process.kill()
        process.wait()
    finally:
        held.set()
        process.kill()
    get(packages, home)
    assert places.target(home, packages[0]).read_bytes() == data
    assert server.asked[-1][1] == "bytes=50000-"
