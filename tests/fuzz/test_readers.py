"""No reader is left out of the attack, and the attack finds what it is there to find."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from . import cage
from .json_values import changed
from .reader import Reader
from .readers import READERS

ROOM = Path(__file__).resolve().parents[2] / "spaceport_app"
READS = re.compile(
    r"json\.loads?\(|msgspec\.|records\.(decode|parse|convert|RecordFile)|RecordFile\(|wire\.read\("
    r"|Image\.open\(|np\.load\(|np\.fromfile\(|zipfile\.ZipFile\(|read_vertices\(|fromstring\("
    r"|sqlite3\.connect\(|tomllib|pickle|ImageFile\(|_opener\("
)
NOT_ATTACKED = {
    "records.py": "the typed reader of all the others",
    "cloud/wire.py": "the reader of all that comes over the network",
    "cloud/backend/api/configuration.py": "the deployment's own environment",
    "cloud/backend/api/cost.py": "a table that is shipped",
    "cloud/backend/sights.py": "writes a zip",
    "gui/diagnostics.py": "what our own process has printed",
    "gui/run/engine.py": "what our own process has printed",
    "shipped.py": "a file that is shipped",
}


def test_no_reader_is_left_out() -> None:
    attacked = {name for reader in READERS for name in reader.covers}
    reading = {
        path.relative_to(ROOM).as_posix()
        for path in ROOM.rglob("*.py")
        if READS.search(path.read_text(encoding="utf-8"))
    }
    left_out = reading - attacked - set(NOT_ATTACKED)
    assert not left_out, f"no entry in tests/fuzz/readers covers {sorted(left_out)}"
    gone = {name for name in attacked | set(NOT_ATTACKED) if not (ROOM / name).is_file()}
    assert not gone, f"the table of readers names what is not there: {sorted(gone)}"


def test_names_are_unique() -> None:
    names = [reader.name for reader in READERS]
    assert len(set(names)) == len(names)


def _samples(folder: Path) -> Sequence[bytes]:
    return [b'{"a": 1, "b": [1, 2, {"c": "d"}]}']


def _reader(read: object) -> Reader:
    return Reader("of a test", _samples, read, "bytes", ())  # type: ignore[arg-type]


def _careless(data: bytes, folder: Path) -> None:
    json.loads(data)


def _greedy(data: bytes, folder: Path) -> None:
    if data != _samples(folder)[0]:
        bytearray(4 << 30)


def _endless(data: bytes, folder: Path) -> None:
    while data != _samples(folder)[0]:
        pass


def _asleep(data: bytes, folder: Path) -> None:
    if data != _samples(folder)[0]:
        time.sleep(600)


def _dies(data: bytes, folder: Path) -> None:
    if data != _samples(folder)[0]:
        os.kill(os.getpid(), signal.SIGSEGV)


def _strays(data: bytes, folder: Path) -> None:
    if data != _samples(folder)[0]:
        (folder.parent / "outside").write_bytes(data)


def _careful(data: bytes, folder: Path) -> None:
    (folder / "inside").write_bytes(data)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
@pytest.mark.parametrize(
    ("read", "kind"),
    [
        (_careless, "JSONDecodeError"),
        (_greedy, "over memory"),
        (_endless, "hang"),
        (_asleep, "hang"),
        (_dies, "native crash"),
        (_strays, "outside of the folder"),
        (_careful, ""),
    ],
)
def test_what_goes_wrong_is_seen(
    read: object, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cage, "CPU_S", 0.2)
    # A process that falls dumb is waited for, the others speak in time.
    monkeypatch.setattr(cage, "WALL_S", 1.0 if read is _asleep else 60.0)
    found = cage.attack(_reader(read), 2, 0, tmp_path)
    kinds = {fault.kind for fault in found.faults.values()}
    assert kinds - {"UnicodeDecodeError"} <= {kind} and bool(kinds) == bool(kind)
    assert found.tried == 2
    for fault in found.faults.values():
        assert fault.example.is_file()


def test_the_same_seed_is_the_same_attack() -> None:
    sample = _samples(Path())[0]
    first = [changed(sample, random.Random(seed)) for seed in range(200)]
    assert first == [changed(sample, random.Random(seed)) for seed in range(200)]
    assert len(set(first)) > 100
