"""What becomes of every picture of a collection of awkward files, beside what ImageMagick says.

``python tests/benchmarks/awkward_pictures.py FOLDER [FOLDER ...] [--table OUT.json]``

Collections that many know: ``Tests/images`` of Pillow's source package, ``test/data`` of exiv2's,
``t/images`` of ExifTool's, ``tests`` of imagecodecs'. Each file goes through what ``inspect``
says of it, in a process of its own making, and all of a folder together through the import.

Counted: read, left out or refused with which reason, crashes, and the memory that one file took
at most. Where ImageMagick decodes a file to something else than Spaceport does, and where it
decodes one that is refused, the file is listed: those are to be looked at by eye.
"""

from __future__ import annotations

import argparse
import json
import re
import select
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

PICTURES = re.compile(
    r"""\.(jpe?g|jpe|jfif|jps|mpo|a?png|tiff?|btf|webp|avif|hei[cf]|hif|gif|bmp|dib|jp2|j2k|jpx|jxl
    |psd|dng|cr[23w]|nef|arw|sr2|orf|raf|rw2|pef|srw|3fr|ico|cur|pcx|tga|exr|hdr|p[pgbfn]m|dds
    |fits|fli|icns|im|sgi|rgb|eps|[we]mf|x[bp]m|msp|qoi|mic|fpx|iff)$""",
    re.IGNORECASE | re.VERBOSE,
)
_SECONDS = 120.0
_SIDE = 32
_DIFFERENT = 8.0
_MOST_BYTES = 1 << 30


@dataclass
class Outcome:
    """What became of one file.

    Parameters
    ----------
    said : str
        Reason's code and sentence where it is not read.
    peak_mb : float
        Memory that it took above what the program takes, in 10^6 bytes.
    other : str
        What ImageMagick makes of it: ``"width x height"``, or empty.
    difference : float or None
        Mean absolute difference of both pictures, 0 to 255.
    """

    file: str
    result: str
    code: str = ""
    said: str = ""
    size: str = ""
    peak_mb: float = 0.0
    other: str = ""
    difference: float | None = None


@dataclass
class Looker:
    """A process that looks at one file after the other; a new one where it dies."""

    child: subprocess.Popen[str] | None = None
    deaths: list[str] = field(default_factory=list)

    def look(self, path: Path) -> dict[str, Any]:
        if self.child is None or self.child.poll() is not None:
            self.child = subprocess.Popen(
                [sys.executable, __file__, "--child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self.child.stdin is not None and self.child.stdout is not None
        self.child.stdin.write(json.dumps(str(path)) + "\n")
        self.child.stdin.flush()
        ready, _, _ = select.select([self.child.stdout], [], [], _SECONDS)
        line = self.child.stdout.readline() if ready else ""
        if line:
            found: dict[str, Any] = json.loads(line)
            return found
        self.child.kill()
        code = self.child.wait()
        self.deaths.append(f"{path}: {'ended with ' + str(code) if ready else 'took too long'}")
        return {"result": "crash", "code": str(code), "said": self.deaths[-1]}

    def close(self) -> None:
        if self.child is not None and self.child.stdin is not None:
            self.child.stdin.close()
            self.child.wait()


def files_of(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and PICTURES.search(path.name):
            yield path


def child() -> None:
    """Say of each path on stdin, one JSON line each, what ``inspect`` makes of it."""
    from PIL import Image

    from spaceport_app.cli import inspecting
    from spaceport_app.errors import StageError
    from spaceport_app.photos import decode

    for line in sys.stdin:
        path = Path(json.loads(line))
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before = _high_water()
        found: dict[str, Any]
        try:
            about = inspecting.describe(path)
            found = {"result": "read", "said": str(about.get("kind", ""))}
            if "width" in about:
                found["size"] = f"{about['width']} x {about['height']}"
        except StageError as error:
            found = {"result": "refused", "code": error.code, "said": error.message}
        except OSError as error:
            found = {"result": "fault", "code": type(error).__name__, "said": str(error)}
        except Exception as error:
            found = {"result": "fault", "code": type(error).__name__, "said": str(error)[:300]}
        found["peak_mb"] = (_high_water() - before) / 1e6
        if found.get("size"):
            image = decode.open_rgb(path)
            small = image.resize((_SIDE, _SIDE), Image.Resampling.BOX)
            found["pixels"] = np.asarray(small).tobytes().hex()
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


def _high_water() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found.group(1)) * 1024 if found else 0


def other_reader(path: Path) -> tuple[str, npt.NDArray[np.uint8] | None]:
    """Return size and thumbnail as ImageMagick decodes the first picture of a file."""
    command = ["convert", "-limit", "memory", "1GiB", "-regard-warnings", f"{path}[0]"]
    as_rgb = ["-alpha", "off", "-colorspace", "sRGB", "-type", "TrueColor", "-filter", "Box"]
    small = ["-resize", f"{_SIDE}x{_SIDE}!", "-depth", "8", "rgb:-"]
    try:
        size, pixels = (
            subprocess.run([*command, *what], capture_output=True, timeout=_SECONDS, check=False)
            for what in (["-format", "%w x %h", "info:"], [*as_rgb, *small])
        )
    except subprocess.TimeoutExpired:
        return "", None
    if size.returncode or pixels.returncode or len(pixels.stdout) != 3 * _SIDE**2:
        return "", None
    return size.stdout.decode(), np.frombuffer(pixels.stdout, np.uint8)


def look_at(folder: Path) -> list[Outcome]:
    looker = Looker()
    outcomes = []
    for path in files_of(folder):
        found = looker.look(path)
        outcome = Outcome(
            str(path.relative_to(folder)),
            str(found["result"]),
            str(found.get("code", "")),
            str(found.get("said", "")),
            str(found.get("size", "")),
            float(found.get("peak_mb", 0.0)),
        )
        outcome.other, pixels = other_reader(path)
        if pixels is not None and "pixels" in found:
            ours = np.frombuffer(bytes.fromhex(found["pixels"]), np.uint8)
            outcome.difference = float(np.abs(ours.astype(float) - pixels).mean())
        outcomes.append(outcome)
    looker.close()
    return outcomes


def imported(folder: Path) -> tuple[str, Counter[str]]:
    """Import a folder as a whole and return how it ended, with photos by what became of them."""
    from spaceport_app.errors import StageError
    from spaceport_app.events import ignore
    from spaceport_app.photos import importing, store
    from spaceport_app.photos.options import ImportOptions

    with tempfile.TemporaryDirectory() as output:
        inputs = importing.ImportInputs((folder,), Path(output))
        try:
            importing.run(inputs, ImportOptions(), ignore)
        except StageError as error:
            return f"{error.code}: {error.message}", Counter()
        photos = store.read(Path(output))
    counts: Counter[str] = Counter(
        "used" if photo.used else f"not used, {photo.findings[-1].code}" for photo in photos.photos
    )
    counts.update(f"left out, {item.reason.code}" for item in photos.left_out)
    return "went through", counts


def report(folder: Path, outcomes: list[Outcome]) -> None:
    print(f"\n{folder}: {len(outcomes)} pictures by their names")
    counts = Counter((one.result, one.code) for one in outcomes)
    for (result, code), number in sorted(counts.items()):
        print(f"  {number:5}  {result} {code}")
    peak = max(outcomes, key=lambda one: one.peak_mb)
    print(f"  most memory for one file: {peak.peak_mb:.0f} MB ({peak.file})")
    over = [one.file for one in outcomes if one.peak_mb * 1e6 > _MOST_BYTES]
    print(f"  over 1 GiB: {len(over)} {over}")
    sentences = defaultdict(list)
    for one in outcomes:
        if one.result != "read":
            sentences[re.sub(r"^\S+: ", "", one.said)].append(one)
    print("  sentences, how often, how many of them ImageMagick decodes, and one of the files:")
    for sentence, those in sorted(sentences.items(), key=lambda item: -len(item[1])):
        decoded = sum(bool(one.other) for one in those)
        print(f"  {len(those):5} {decoded:5}  {sentence[:150]}  [{those[0].file}]")
    print("  decoded otherwise than by ImageMagick:")
    for one in outcomes:
        if one.difference is not None and (
            one.difference > _DIFFERENT or one.size != one.other.strip()
        ):
            print(f"    {one.difference:6.1f}  {one.size} | {one.other}  {one.file}")
    how, became = imported(folder)
    print(f"  import of all together: {how}")
    for what, number in became.most_common():
        print(f"  {number:5}  {what}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--table", type=Path, help="write all outcomes here as JSON")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child()
        return
    everything = {}
    for folder in arguments.folders:
        outcomes = look_at(folder)
        everything[str(folder)] = [asdict(one) for one in outcomes]
        report(folder, outcomes)
    if arguments.table:
        arguments.table.write_text(json.dumps(everything, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
