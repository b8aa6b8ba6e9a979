"""What goes into the zip of a function: our files that it imports, and no others."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

SHARED = (
    "spaceport_app/__init__.py",
    "spaceport_app/errors.py",
    "spaceport_app/inside.py",
    "spaceport_app/cloud/__init__.py",
    "spaceport_app/cloud/job.py",
    "spaceport_app/cloud/layout.py",
    "spaceport_app/cloud/wire.py",
    "spaceport_app/cloud/backend/__init__.py",
)


def lay_out(target: Path, package: str) -> Path:
    """Copy the shared files and one package of the backend to `target` and return it."""
    folder = ROOT / "spaceport_app" / "cloud" / "backend" / package
    own = [file for file in folder.rglob("*") if file.suffix in {".py", ".json"}]
    for file in [*(ROOT / name for name in SHARED), *own]:
        place = target / file.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
    return target


def version() -> str:
    """Return Spaceport's version without importing what it needs to run."""
    text = (ROOT / "spaceport_app" / "__init__.py").read_text(encoding="utf-8")
    return text.split('__version__ = "')[1].split('"')[0]
