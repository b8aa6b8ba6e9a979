"""Cases in processes of their own, with little memory and time: what goes wrong there is seen."""

from __future__ import annotations

import hashlib
import io
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from . import mutations
from .reader import Reader

MEMORY_BYTES = 1 << 30
"""For one case, above what the program itself takes."""
CPU_S = 12.0
"""Of computing for one case: the largest good sample takes a twentieth."""
WALL_S = 60.0
"""Without a sign of life, however busy the computer is."""


_INPUT = "input"


class SlowError(BaseException):
    """A case took too much time; no reader may take it for a damaged file."""


@dataclass
class Fault:
    """Cases that went wrong in the same way."""

    kind: str
    words: str
    example: Path
    count: int = 1


@dataclass
class Found:
    """What came of all cases of one reader."""

    reader: str
    good: int = 0
    """Good samples that it takes: of no use is an attack with none."""
    tried: int = 0
    refused: int = 0
    accepted: int = 0
    faults: dict[str, Fault] = field(default_factory=dict)
    seconds: float = 0.0
    slowest_s: float = 0.0

    @property
    def faulty(self) -> int:
        """Return how many cases went wrong."""
        return sum(fault.count for fault in self.faults.values())


def attack(reader: Reader, cases: int, start: int, kept: Path) -> Found:
    """Try a reader with `cases` inputs drawn from the seed `start`.

    Parameters
    ----------
    kept : Path
        Folder for the inputs that went wrong.
    """
    found = Found(reader.name)
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="spaceport-fuzz-"))
    try:
        while found.tried < cases:
            before, found.good = found.tried, 0
            _one_child(reader, cases - found.tried, start, folder, kept, found)
            # A child that died takes its seed with it; without one case it never began.
            start += 1 << 20
            if found.tried == before:
                break
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found.seconds = time.monotonic() - began
    return found


def _one_child(
    reader: Reader, cases: int, start: int, folder: Path, kept: Path, found: Found
) -> None:
    reading, writing = os.pipe()
    number = os.fork()
    if number == 0:
        code = 1
        try:
            os.close(reading)
            _child(reader, cases, start, folder, writing, first=not found.tried)
            code = 0
        except BaseException as error:
            at = traceback.extract_tb(error.__traceback__)[-1]
            _tell(writing, "broken", f"{error!r:.300} at {at.name}:{at.lineno} of {at.filename}")
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as stream:
        ended = _listen(stream, folder, kept, found)
    if ended == "stuck":
        os.kill(number, signal.SIGKILL)
    _, status = os.waitpid(number, 0)
    if ended == "stuck":
        found.tried += 1
        _note(found, "hang", f"no sign of life for {WALL_S:.0f} s", folder / _INPUT, kept)
    elif ended == "gone":
        found.tried += 1
        how = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {status >> 8}"
        _note(found, "native crash", f"the process ended with {how}", folder / _INPUT, kept)


def _listen(stream: io.RawIOBase, folder: Path, kept: Path, found: Found) -> str:
    """Take what the child tells until it is done, gone or stuck."""
    rest = b""
    while True:
        ready, _, _ = select.select([stream], [], [], WALL_S)
        if not ready:
            return "stuck"
        block = stream.read(65536)
        if not block:
            return "gone"
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            kind, words, seconds, at = json.loads(line)
            example = folder / at
            found.slowest_s = max(found.slowest_s, seconds)
            if kind == "done":
                return "done"
            if kind == "broken":
                _note(found, "broken harness", words, example, kept)
                return "done"
            if kind.startswith("sample "):
                found.good += kind == "sample accepted"
                if kind not in ("sample accepted", "sample refused"):
                    _note(found, kind, words, example, kept)
                continue
            found.tried += 1
            if kind == "accepted":
                found.accepted += 1
            elif kind == "refused":
                found.refused += 1
            else:
                _note(found, kind, words, example, kept)
                example.unlink(missing_ok=True)


def _note(found: Found, kind: str, words: str, example: Path, kept: Path) -> None:
    """Keep one input a fault, the smallest that was met."""
    key = f"{kind}: {words}"
    data = example.read_bytes() if example.exists() else b""
    fault = found.faults.get(key)
    if fault is None:
        mark = hashlib.sha256(key.encode()).hexdigest()[:8]
        name = f"{found.reader.replace(' ', '-').replace('/', '-')}-{mark}"
        kept.mkdir(parents=True, exist_ok=True)
        (kept / name).write_bytes(data)
        found.faults[key] = Fault(kind, words, kept / name)
        return
    fault.count += 1
    if len(data) < fault.example.stat().st_size:
        fault.example.write_bytes(data)


def _child(reader: Reader, cases: int, start: int, folder: Path, pipe: int, *, first: bool) -> None:
    _quiet()
    made, place, outer = folder / "made", folder / "outer" / "case", folder / "outer"
    for path in (made, outer):
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
    # What is remembered of the person's own choices lies there.
    home = folder / "home"
    os.environ["HOME"] = str(home)
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        os.environ[f"XDG_{name}_HOME"] = str(home / name.lower())
    os.chdir(outer)
    samples, heavy = list(reader.samples(made)), list(reader.heavy(made))
    # Good ones first: all that is needed is loaded then, and is no part of what a case takes.
    for sample in samples:
        _write(folder, sample)
        said, words = _read(reader, sample, place, outer)
        _tell(pipe, f"sample {said}", words)
    del sample
    _limit()

    @seed(start)
    @settings(
        max_examples=cases,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(mutations.inputs(reader.how, samples))
    def drawn(data: bytes) -> None:
        tried(data)

    def tried(data: bytes) -> None:
        _write(folder, data)
        began = time.process_time()
        said, words = _read(reader, data, place, outer)
        # This process goes on, and what went wrong is kept until its parent has seen it.
        bad = said not in ("accepted", "refused")
        name = hashlib.sha256(data).hexdigest() if bad else _INPUT
        if bad:
            (folder / name).write_bytes(data)
        _tell(pipe, said, words, time.process_time() - began, name)

    for sample in heavy if first else ():
        tried(sample)
    drawn()
    _tell(pipe, "done", "")


def _quiet() -> None:
    import logging

    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    sys.stdout = sys.stderr = io.StringIO()
    sys.unraisablehook = lambda about: None
    # No case survives a power cut, and none needs to.
    os.fsync = lambda number: None


def _write(folder: Path, data: bytes) -> None:
    # The parent reads it if this process does not live to tell.
    (folder / _INPUT).write_bytes(data)


def _limit() -> None:
    import resource

    from spaceport_app import resources

    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES, used + MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, _over)
    # What it could have, as a computer with so little memory would say.
    resources.free_memory_bytes = lambda: MEMORY_BYTES * 3 // 4


def _over(number: int, frame: object) -> None:
    raise SlowError


def _read(reader: Reader, data: bytes, place: Path, outer: Path) -> tuple[str, str]:
    place.mkdir(exist_ok=True)
    limited = signal.getsignal(signal.SIGPROF) is _over
    try:
        if limited:
            signal.setitimer(signal.ITIMER_PROF, CPU_S)
        try:
            reader.read(data, place)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        said = "accepted", ""
    except reader.refuses:
        said = "refused", ""
    except SlowError:
        said = "hang", f"over {CPU_S:.0f} s of computing"
    except MemoryError as error:
        said = "over memory", _where(error)
    except Exception as error:
        said = type(error).__name__, _where(error)
    finally:
        left = sorted(path.name for path in outer.iterdir() if path != place)
        for path in outer.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return ("outside of the folder", ", ".join(left)) if left else said


def _where(error: BaseException) -> str:
    """Return the last place in Spaceport that the error went through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "spaceport_app" in frame.filename]
    at = (ours or list(frames) or [None])[-1]
    where = f"{at.filename.rpartition('spaceport_app/')[2]}:{at.name}" if at else "?"
    return f"{where} ({type(error).__name__})"


def _tell(pipe: int, kind: str, words: str, seconds: float = 0.0, name: str = _INPUT) -> None:
    os.write(pipe, json.dumps([kind, words, seconds, name]).encode() + b"\n")


def repeated(reader: Reader, data: bytes) -> tuple[str, str]:
    """Read one input again, here, without limits; for a person with a debugger."""
    with tempfile.TemporaryDirectory() as folder:
        outer = Path(folder) / "outer"
        outer.mkdir()
        return _read(reader, data, outer / "case", outer)


def all_attacked(
    readers: Sequence[Reader], cases: int, start: int, kept: Path, tell: Any = None
) -> list[Found]:
    """Try readers one after the other."""
    found = []
    for reader in readers:
        found.append(attack(reader, cases, start, kept))
        if tell is not None:
            tell(found[-1])
    return found
