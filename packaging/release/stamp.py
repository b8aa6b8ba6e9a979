"""Writes into a laid-out Spaceport what only a release knows: licences, and where to ask."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from bundle import viewer

from release import bundled
from spaceport_app import licences, shipped

# Address of the JSON file that names the newest version, and the commit of the build.
UPDATES, COMMIT = "SPACEPORT_UPDATES", "SPACEPORT_COMMIT"


def write(root: Path, site: Path, interpreter: Sequence[Path] = ()) -> None:
    """Write ``release.json`` and ``LICENSES.txt`` into the package below `site`.

    Parameters
    ----------
    root : Path
        The checkout.
    site : Path
        Folder of the packages that are shipped, Spaceport among them.
    interpreter : sequence of Path
        Licence files of the Python that is shipped.
    """
    package = site / "spaceport_app"
    text = licence_text(root, site, interpreter)
    (package / shipped.LICENCES).write_text(text, encoding="utf-8", newline="\n")
    named = {"updates": os.environ.get(UPDATES, ""), "commit": os.environ.get(COMMIT, "")}
    line = json.dumps({name: value for name, value in named.items() if value}, sort_keys=True)
    (package / shipped.RELEASE).write_text(line + "\n", encoding="utf-8", newline="\n")


def licence_text(root: Path, site: Path, interpreter: Sequence[Path] = ()) -> str:
    """Return the licences of Spaceport, of all packages below `site`, and of the interpreter."""
    collected = licences.collect(metadata.distributions(path=[str(site)]))
    found = bundled.completed((one for one in collected if one.name != "spaceport"), site)
    own = [licences.Text("Spaceport", "", "Apache-2.0", (("LICENSE", _read(root / "LICENSE")),))]
    folder = root / "resources" / "viewer"
    known = viewer.record(folder)
    text = (("LICENSE", _read(folder / "LICENSE")),)
    own.append(licences.Text(known.name, known.version, known.licence, text))
    if interpreter:
        files = tuple((path.name, _read(path)) for path in interpreter)
        own.append(licences.Text("CPython", "", "PSF-2.0 and those of its parts", files))
    return licences.document("Spaceport and the parts that it ships", [*own, *found])


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
