"""Three real little stages: read text files, count their letters, pack the result.

They stand for the big ones where only the running of stages is tested, and can be told to
fail in every way in which a stage can fail.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from spaceport_app import atomic, stopping
from spaceport_app.errors import StageError
from spaceport_app.events import JsonValue, Metric, Notice, Progress, Report
from spaceport_app.options import option
from spaceport_app.pipeline import identity
from spaceport_app.pipeline.stage import Place, Registry, Stage
from spaceport_app.project.project import Project

FAULTS = (
    "none",
    "stage_error",
    "exception",
    "full",
    "forbidden",
    "memory",
    "segfault",
    "abort",
    "exit",
    "hang",
    "silent_work",
    "orphan",
    "noise",
    "fill",
)


@dataclass(frozen=True)
class CollectOptions:
    upper: bool = option(False, "Capitals", "Turn everything into capitals.")


@dataclass(frozen=True)
class CountOptions:
    letters: str = option("abc", "Letters", "Letters to count.")
    rounds: int = option(5, "Rounds", "How often to count.", minimum=1, maximum=10_000)
    pause_s: float = option(0.0, "Pause", "Seconds between rounds.", unit="s", minimum=0.0)
    fault: str = option("none", "Fault", "How to fail halfway.", choices=FAULTS)
    threads: int = option(1, "Threads", "Changes nothing but speed.", minimum=1)


@dataclass(frozen=True)
class PackOptions:
    formats: tuple[str, ...] = option(("zip",), "Formats", "What to write.")


@dataclass(frozen=True)
class Inputs:
    sources: tuple[Path, ...]
    output: Path
    scratch: Path


def collect(inputs: Inputs, options: CollectOptions, report: Report) -> dict[str, JsonValue]:
    texts = {}
    files = [path for source in inputs.sources for path in sorted(source.glob("*.txt"))]
    if not files:
        raise StageError("no_texts", "There is no text.", "Add a .txt file.")
    for done, path in enumerate(files, 1):
        text = path.read_text(encoding="utf-8")
        texts[path.name] = text.upper() if options.upper else text
        report(Progress(f"Reading {len(files)} texts", done, len(files), done / len(files)))
    atomic.write_json(inputs.output / "texts.json", texts)
    return {"texts": len(files)}


def count(inputs: Inputs, options: CountOptions, report: Report) -> dict[str, JsonValue]:
    text = "".join(json.loads((inputs.sources[0] / "texts.json").read_text()).values())
    state = inputs.scratch / "state.json"
    done, total = json.loads(state.read_text()) if state.exists() else (0, 0)
    first = done
    while done < options.rounds:
        if stopping.asked(inputs.scratch):
            raise stopping.StoppedOnRequest(f"round {done} of {options.rounds}")
        if done == options.rounds // 2:
            fail(options.fault, inputs)
        total += sum(text.count(letter) for letter in options.letters)
        done += 1
        atomic.write_json(state, [done, total])
        report(Progress("Counting letters", done, options.rounds, done / options.rounds))
        report(Metric({"round": done, "letters": total}))
        time.sleep(options.pause_s)
    if not total:
        report(Notice("no_letters", "None of the letters occurs.", options.letters))
    atomic.write_json(inputs.output / "count.json", {"letters": total})
    return {"letters": total, "rounds": done, "first_round": first}


def pack(inputs: Inputs, options: PackOptions, report: Report) -> dict[str, JsonValue]:
    target = inputs.output / "count.zip"
    with zipfile.ZipFile(target, "w") as file:
        file.write(inputs.sources[0] / "count.json", "count.json")
    report(Progress("Packing", 1, 1, 1.0))
    return {"bytes": target.stat().st_size}


def fail(fault: str, inputs: Inputs) -> None:
    if fault == "stage_error":
        raise StageError("too_few_letters", "There are too few letters.", "Write more.")
    if fault == "exception":
        raise KeyError("nobody expected this")
    if fault == "full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(inputs.output / "x"))
    if fault == "forbidden":
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/etc/some file")
    if fault == "memory":
        raise MemoryError
    if fault == "segfault":
        ctypes.string_at(0)
    if fault == "abort":
        os.write(2, b"a native library says good bye\n")
        os.abort()
    if fault == "exit":
        os._exit(3)
    if fault == "hang":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    if fault == "silent_work":
        began = time.monotonic()
        while time.monotonic() - began < 4:
            pass
    if fault == "orphan":
        code = "import time; time.sleep(600)"
        subprocess.Popen([sys.executable, "-c", code], stdout=None)
        time.sleep(600)
    if fault == "noise":
        print("printed by a stage")
        os.write(1, b"written by native code\n")
    if fault == "fill":
        with (inputs.output / "large").open("wb") as file:
            while True:
                file.write(b"x" * (1 << 20))


def _texts(project: Project) -> JsonValue:
    return identity.of_sources(project.sources, lambda name: name.startswith("."))


STAGES: Registry = (
    Stage(
        "collect",
        "Collecting texts",
        "texts",
        "small_stages:collect",
        "small_stages:CollectOptions",
        lambda place: Inputs(place.project.sources, place.output, place.scratch),
        facts=_texts,
    ),
    Stage(
        "count",
        "Counting letters",
        "count",
        "small_stages:count",
        "small_stages:CountOptions",
        lambda place: _after(place, "texts"),
        reads=("collect",),
        neutral=frozenset({"threads", "pause_s", "fault"}),
        saves=True,
    ),
    Stage(
        "pack",
        "Packing",
        "packed",
        "small_stages:pack",
        "small_stages:PackOptions",
        lambda place: _after(place, "count"),
        reads=("count",),
    ),
)


def _after(place: Place, folder: str) -> Inputs:
    return Inputs((place.project.folder / folder,), place.output, place.scratch)
