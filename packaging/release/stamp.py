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

from spaceport_app import licences, shipped

# Address of the JSON file that names the newest version, and the commit of the build.
UPDATES, COMMIT = "SPACEPORT_UPDATES", "SPACEPORT_COMMIT"
_TEXTS = Path(__file__).parent / "texts"
# These wheels carry no licence file. Qt and PySide6 are used under the LGPL, which is an
# addition to the GPL.
_UNDER_LGPL = ("pyside6_essentials", "shiboken6")
_LGPL = ("LGPL-3.0.txt", "GPL-3.0.txt")


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
    found = []
    for text in licences.collect(metadata.distributions(path=[str(site)])):
        if text.name.lower() == "spaceport":
            continue
        if text.name.lower() in _UNDER_LGPL and not text.files:
            files = tuple((name, _read(_TEXTS / name)) for name in _LGPL)
            found.append(licences.Text(text.name, text.version, "LGPL-3.0-only", files))
        else:
            found.append(text)
    own = [licences.Text("Spaceport", "", "Apache-2.0", (("LICENSE", _read(root / "LICENSE")),))]
    viewer = root / "resources" / "viewer" / "LICENSE"
    own.append(
        licences.Text("SuperSplat viewer with PlayCanvas", "", "MIT", (("LICENSE", _read(viewer)),))
    )
    if interpreter:
        files = tuple((path.name, _read(path)) for path in interpreter)
        own.append(licences.Text("CPython", "", "PSF-2.0 and those of its parts", files))
    return licences.document("Spaceport and the parts that it ships", [*own, *found])


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
