import json
import math
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from spaceport_app.splats.engines.contract import EngineState
from spaceport_app.splats.training.checkpoint import Checkpoint, Checkpoints


def checkpoint(iteration: int) -> Checkpoint:
    rng = np.random.default_rng(iteration)
    arrays = {"means": rng.random((50, 3), np.float32), "steps": np.array(iteration)}
    return Checkpoint(iteration, EngineState(arrays), {"seconds": 1.5, "history": {"steps": []}})


def test_the_newest_comes_back_as_it_was(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "a")
    assert kept.latest() is None
    for i in (100, 2000, 30):
        kept.save(checkpoint(i))
    back = kept.latest()
    assert back is not None and back.iteration == 2000
    assert back.record == checkpoint(2000).record
    for name, array in checkpoint(2000).engine.arrays.items():
        assert np.array_equal(back.engine.arrays[name], array)
        assert back.engine.arrays[name].dtype == array.dtype


def test_two_are_kept(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "a")
    for i in range(5):
        kept.save(checkpoint(i))
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "checkpoint-00000003.npz",
        "checkpoint-00000004.npz",
    ]


@pytest.mark.parametrize("part", [0.0, 0.3, 0.95])
def test_a_cut_one_is_skipped_and_does_not_outlive_the_next(tmp_path: Path, part: float) -> None:
    kept = Checkpoints(tmp_path, "a")
    kept.save(checkpoint(1))
    newest = kept.save(checkpoint(9))
    data = newest.read_bytes()
    newest.write_bytes(data[: int(part * len(data))])
    back = kept.latest()
    assert back is not None and back.iteration == 1
    kept.save(checkpoint(2))
    back = kept.latest()
    assert back is not None and back.iteration == 2


def test_a_flipped_byte_is_found(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "a")
    path = kept.save(checkpoint(9))
    data = bytearray(path.read_bytes())
    middle = data.find(b"means.npy") + 300
    data[middle] ^= 0xFF
    path.write_bytes(data)
    assert kept.latest() is None


def test_those_of_another_run_are_not_used(tmp_path: Path) -> None:
    Checkpoints(tmp_path, "a").save(checkpoint(9))
    assert Checkpoints(tmp_path, "b").latest() is None


def test_clear_leaves_what_is_not_its_own(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "a")
    kept.save(checkpoint(9))
    (tmp_path / ".checkpoint-00000010.npz.77.partial").write_bytes(b"half")
    (tmp_path / "preview.jpg").write_bytes(b"x")
    kept.clear()
    assert [p.name for p in tmp_path.iterdir()] == ["preview.jpg"]


def npy(shape: str, data: bytes, kind: str = "<f4") -> bytes:
    """Return an .npy whose header says what one likes."""
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    padded = head.ljust(-(-(len(head) + 11) // 64) * 64 - 11) + "\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode() + data


def remade(path: Path, name: str, data: bytes | None, how: int = zipfile.ZIP_STORED) -> None:
    """Give another content to one member, or take it away."""
    with zipfile.ZipFile(path) as archive:
        members = {entry: archive.read(entry) for entry in archive.namelist()}
    members.pop(name)
    if data is not None:
        members[name] = data
    with zipfile.ZipFile(path, "w", how) as archive:
        for entry, content in members.items():
            archive.writestr(entry, content)


HEAD = {"fingerprint": "a", "iteration": 9, "record": {}}


def head(**changed: object) -> bytes:
    text = json.dumps({**HEAD, **changed}).encode()
    return npy(f"({len(text)},)", text, "|u1")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("engine.means.npy", npy("(4000000000, 59)", b"\0" * 600)),
        ("engine.means.npy", npy("(10**5, 10**5)", b"")),
        ("engine.means.npy", npy("(50, 3)", b"\0" * 599)),
        ("engine.means.npy", npy("(50, 3)", b"\0" * 601)),
        ("engine.means.npy", npy("(-1, 3)", b"\0" * 600)),
        ("engine.means.npy", npy("(1,)", b"\0" * 8, "|O")),
        ("engine.means.npy", npy("(1,)", b"\0" * 8, "<U2")),
        ("engine.means.npy", npy("((((((((((", b"")),
        ("engine.means.npy", b"\x93NUMPY\x09\x00"),
        ("engine.means.npy", b""),
        ("record.npy", None),
        ("record.npy", npy("(9,)", b"[[[[[[[[[", "|u1")),
        ("record.npy", npy("(0,)", b"", "|u1")),
        ("record.npy", head(iteration=10**400)),
        ("record.npy", head(iteration=8)),
        ("record.npy", head(iteration=None)),
        ("record.npy", head(record=[])),
    ],
)
def test_headers_that_promise_what_is_not_there_are_damage(
    tmp_path: Path, name: str, data: bytes | None
) -> None:
    kept = Checkpoints(tmp_path, "a")
    kept.save(checkpoint(1))
    remade(kept.save(checkpoint(9)), name, data)
    back = kept.latest()
    assert back is not None and back.iteration == 1
    assert kept.damaged == 1
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-00000001.npz"]


def test_one_that_is_packed_unpacks_to_nothing(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "a")
    path = kept.save(checkpoint(9))
    remade(path, "engine.means.npy", npy("(10000000, 3)", bytes(120_000_000)), zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1_000_000
    assert kept.latest() is None


def test_what_is_no_file_is_damage(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "a")
    kept.save(checkpoint(1))
    (tmp_path / "checkpoint-00000009.npz").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "checkpoint-00000010.npz")
    back = kept.latest()
    assert back is not None and back.iteration == 1


def test_numbers_that_json_lacks_do_not_cost_a_checkpoint(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "a")
    given = checkpoint(9)
    kept.save(Checkpoint(9, given.engine, {"psnr_db": math.inf, "seconds": 1.0}))
    back = kept.latest()
    assert back is not None and back.record == {"psnr_db": None, "seconds": 1.0}
