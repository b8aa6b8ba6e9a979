"""Closes a release: hashes, signatures, and the file that names the newest version.

``python packaging/release/finish.py DIST --page https://… [--summary "One line"]``
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bundle.fetch import digest

from release import signing
from release.failure import ReleaseError
from release.stamp import ROOT
from spaceport_app import __version__

HASHES, LATEST = "SHA256SUMS", "latest.json"


def hash_list(folder: Path) -> str:
    """Return the hashes of a folder's files as ``sha256sum --check`` reads them.

    Raises
    ------
    ReleaseError
        If there is nothing to release, or a file is of another version.
    """
    files = sorted(
        path for path in folder.iterdir() if path.is_file() and not path.name.startswith(HASHES)
    )
    installers = [path for path in files if path.suffix in (".exe", ".deb", ".xz", ".gz", ".zst")]
    if not installers:
        raise ReleaseError(f"There is no installer in {folder}.")
    for path in installers:
        if __version__ not in path.name:
            raise ReleaseError(f"{path.name} is not of version {__version__}.")
    return "".join(f"{digest(path)}  {path.name}\n" for path in files)


def latest(page: str, summary: str, moment: int) -> str:
    """Return the JSON that answers the question for updates."""
    if not page.startswith("https://"):
        raise ReleaseError("The page of the release must begin with https://.")
    day = datetime.fromtimestamp(moment, UTC).date().isoformat()
    found = {"version": __version__, "page": page, "published": day, "summary": summary}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Close the release in a folder and return the exit code."""
    parser = argparse.ArgumentParser(description=f"Close a release of {ROOT.name}.")
    parser.add_argument("dist", type=Path, help="folder with the installers")
    parser.add_argument("--page", required=True, help="where a person reads about it")
    parser.add_argument("--summary", default="", help="what is new, in one line")
    parser.add_argument("--epoch", type=int, required=True, help="time in seconds since 1970")
    parser.add_argument("--tag", default="", help="must be v and the version, if given")
    given = parser.parse_args(arguments)
    if given.tag and given.tag != f"v{__version__}":
        raise ReleaseError(f"The tag {given.tag} is not v{__version__}.")
    text = latest(given.page, given.summary, given.epoch)
    (given.dist / LATEST).write_text(text, encoding="utf-8", newline="\n")
    sums = given.dist / HASHES
    sums.write_text(hash_list(given.dist), encoding="utf-8", newline="\n")
    signed = signing.sign(sums, signing.SUMS)
    sys.stdout.write(sums.read_text(encoding="utf-8"))
    sys.stdout.write("Signed.\n" if signed else f"Not signed: {signing.SUMS} is not set.\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ReleaseError as error:
        sys.exit(str(error))
