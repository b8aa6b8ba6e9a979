"""What pip is about to fetch, and how large it is, before it starts."""

from __future__ import annotations

import json
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from locked import places

from development import web
from development.words import megabytes, say

_LARGEST = 6


def size_of(url: str) -> int | None:
    """Return the size in bytes of a file on disk or the web, or None if it is not told."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "file":
        path = Path(urllib.request.url2pathname(parts.path))
        return path.stat().st_size if path.is_file() else None
    try:
        request = urllib.request.Request(url, method="HEAD")
        with web.opened(request, timeout=5) as reply:
            length = reply.headers.get("Content-Length")
            return int(length) if length else None
    except (urllib.error.URLError, OSError, ValueError):
        return None


def announce(pip: Sequence[str], requirements: Path, options: Sequence[str] = ()) -> bool:
    """Say what an installation of a list would fetch, and return whether pip finds all of it.

    Parameters
    ----------
    pip : sequence of str
        The command.
    requirements : Path
        The list. With its hashes pip would fetch the files themselves to answer.
    options : sequence of str
        More arguments for pip.
    """
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / requirements.name
        text = requirements.read_text(encoding="utf-8")
        plain.write_text(places.without_hashes(text), encoding="utf-8")
        command = [*pip, "install", "--dry-run", "--quiet", "--report", "-", "--no-deps"]
        command += ["--only-binary", ":all:", *options, "--requirement", str(plain)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        say(summary(json.loads(done.stdout), size_of))
    except ValueError:
        if done.returncode == 0:
            say("pip does not tell beforehand what it will fetch; its own lines follow.")
    return done.returncode == 0


def summary(report: dict[str, object], size: Callable[[str], int | None]) -> str:
    """Return one line on the packages of a pip installation report.

    Parameters
    ----------
    report : dict
        The JSON object of ``pip install --report``.
    size : callable
        Tells the bytes of an address, or None.
    """
    entries = report.get("install")
    fetched: list[tuple[str, str]] = []
    for entry in entries if isinstance(entries, list) else []:
        if "archive_info" in entry["download_info"]:
            about = entry["metadata"]
            name = f"{about['name']} {about['version']}"
            fetched.append((name, entry["download_info"]["url"]))
    if not fetched:
        return "Nothing to fetch."
    with ThreadPoolExecutor(8) as pool:
        sizes = list(pool.map(size, [url for _, url in fetched]))
    known = sorted(
        ((bytes_, name) for (name, _), bytes_ in zip(fetched, sizes, strict=True) if bytes_),
        reverse=True,
    )
    text = f"Fetching {len(fetched)} package{'s' if len(fetched) > 1 else ''}"
    if known:
        text += f", {megabytes(sum(bytes_ for bytes_, _ in known))}"
    if len(known) < len(fetched):
        text += f" and {len(fetched) - len(known)} of unknown size"
    largest = ", ".join(f"{name} {megabytes(bytes_)}" for bytes_, name in known[:_LARGEST])
    return f"{text}: {largest}{' ...' if len(fetched) > _LARGEST else ''}" if known else f"{text}."
