"""The command line answers at once and without anything heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .doors import ROOT, Spaceport

HEAVY = ("torch", "pycolmap", "numba", "scipy", "vtkmodules", "gsplat", "PIL", "numpy")


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from spaceport_app.cli.app import run\n"
        f"code = run({arguments!r})\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "sys.exit(f'imported {heavy}' if heavy else code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_help_is_fast(real_spaceport: Spaceport) -> None:
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = real_spaceport("--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert ended.code == 0
    # Processor time, since this machine may have other work: 0.3 s where it was measured.
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 1.0


def test_help_names_commands_and_exit_codes(real_spaceport: Spaceport) -> None:
    out = real_spaceport("--help").out
    for word in (
        "run",
        "stage",
        "status",
        "evaluate",
        "edit",
        "inspect",
        "export",
        "convert",
        "compare",
        "doctor",
        "cloud",
    ):
        assert word in out
    assert "130" in out


def test_every_option_has_its_flag_in_help(real_spaceport: Spaceport) -> None:
    from dataclasses import fields

    from spaceport_app.pipeline.stages import STAGES

    real_spaceport.environment["COLUMNS"] = "200"
    out = real_spaceport("run", "--help").out
    for stage in STAGES:
        for field in fields(stage.options_class()):
            assert f"--{stage.name}-{field.name}".replace("_", "-") in out


def test_version(real_spaceport: Spaceport) -> None:
    from spaceport_app import __version__

    ended = real_spaceport("--version")
    assert (ended.code, ended.out.strip()) == (0, f"spaceport {__version__}")
