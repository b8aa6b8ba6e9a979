"""The folder .venv: made once, stamped when complete, made again when it was left half-made."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from locked import places

from development import downloads, system, torch_choice
from development.torch_choice import TorchChoice
from development.words import SetupError, say


@dataclass(frozen=True)
class Environment:
    """The virtual environment of a checkout.

    Parameters
    ----------
    root : Path
        Root of the repository.
    """

    root: Path

    @property
    def folder(self) -> Path:
        """Folder of the environment."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """Python of the environment."""
        inside = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
        return self.folder / inside

    @property
    def stamp(self) -> Path:
        """File that is there only while the environment is complete."""
        return self.folder / "spaceport-complete.json"

    @property
    def unfinished(self) -> Path:
        """File that is there while a set-up works, and after one was killed."""
        return self.folder / "spaceport-unfinished"

    def wanted(self, kind: str) -> dict[str, str]:
        """Return the stamp of a complete environment with a `kind` of torch."""
        packaging = self.root / "packaging"
        lists = sorted((packaging / "locked").glob("*.txt"))
        files = (packaging / "constraints.txt", self.root / "pyproject.toml", *lists)
        digest = hashlib.sha256()
        for file in files:
            # Line ends differ between checkouts of one commit; the content does not.
            digest.update(file.read_bytes().replace(b"\r\n", b"\n") + b"\0")
        return {"requirements": digest.hexdigest(), "torch": kind}

    def stamped(self) -> dict[str, str]:
        """Return the stamp that is there, or an empty one."""
        try:
            found = json.loads(self.stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def complete(self, kind: str) -> bool:
        """Return whether nothing needs to be done for a `kind` of torch."""
        ready = self.python.exists() and not self.unfinished.exists()
        return ready and self.stamped() == self.wanted(kind)


def set_up(environment: Environment) -> None:
    """Make the environment complete, fetching only what is missing.

    Raises
    ------
    SetupError
        If a step fails, with what to do about it.
    """
    missing = system.missing_libraries()
    install = system.install if system.can_install() else None
    system.require_libraries(missing, install)
    choice = torch_choice.choose(torch_choice.nvidia_driver, torch_choice.answers)
    before = environment.stamped().get("torch", choice.kind)
    _make(environment)
    _install(environment, choice, again=before != choice.kind)
    text = json.dumps(environment.wanted(choice.kind), indent=1) + "\n"
    environment.stamp.write_text(text, encoding="utf-8")
    environment.unfinished.unlink()


def _make(environment: Environment) -> None:
    """Make the bare environment; one that was left half-made goes first."""
    if environment.unfinished.exists():
        say("The last set-up did not finish; making .venv again.")
        shutil.rmtree(environment.folder)
    elif environment.folder.exists() and not _has_pip(environment):
        say("The folder .venv has no working Python; making it again.")
        shutil.rmtree(environment.folder)
    fresh = not environment.folder.exists()
    environment.folder.mkdir(exist_ok=True)
    environment.unfinished.write_text("A set-up began here.\n", encoding="utf-8")
    environment.stamp.unlink(missing_ok=True)
    if not fresh:
        return
    _require_venv()
    say(f"Making .venv with Python {sys.version.split()[0]}")
    _run([sys.executable, "-m", "venv", str(environment.folder)], "The virtual environment failed")


def _has_pip(environment: Environment) -> bool:
    try:
        command = [str(environment.python), "-m", "pip", "--version"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _require_venv() -> None:
    """See that this Python can make environments: Debian ships that part on its own."""
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        return
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if system.can_install():
        system.install([package])
        return
    raise SetupError(
        f"This Python cannot make virtual environments. Run: {system.install_line([package])}"
    )


def _install(environment: Environment, choice: TorchChoice, again: bool) -> None:
    pip = [str(environment.python), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    trouble = "pip stopped (see above). Check the network and the disk, then run this again"
    lists = environment.root / "packaging" / "locked"
    say(f"torch: {choice.reason}.")
    *others, last = (lists / name for name in choice.lists)
    fetched = [one for one in others if downloads.announce(pip, one, choice.arguments)]
    if not fetched:
        downloads.announce(pip, last, choice.arguments)
    options = [*choice.arguments, *(["--force-reinstall"] if again else [])]
    torch = (fetched or [last])[0]
    _run([*pip, "install", *places.STRICT, *options, "--requirement", str(torch)], trouble)
    rest = lists / places.DEVELOPMENT
    downloads.announce(pip, rest)
    _run([*pip, "install", *places.STRICT, "--requirement", str(rest)], trouble)
    # Spaceport itself, with the setuptools that is there by now: nothing more is fetched.
    own = ["--no-deps", "--no-index", "--no-build-isolation", "--editable", str(environment.root)]
    _run([*pip, "install", *own], trouble)


def _run(command: list[str], trouble: str) -> None:
    # What a caller set for another Python must not leak into this one.
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONPATH")}
    if subprocess.run(command, env=clean, check=False).returncode:
        raise SetupError(f"{trouble}.")
