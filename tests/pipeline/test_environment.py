from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import spaceport_app
from spaceport_app import resources
from spaceport_app.pipeline import environment, processes


def test_all_pools_get_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "cores", lambda: 3)
    found = environment.for_child({"PATH": "/bin"})
    assert found["PATH"] == "/bin"
    for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        assert found[name] == "3"
    assert found["OMP_WAIT_POLICY"] == "PASSIVE"


def test_what_the_user_set_stays() -> None:
    found = environment.for_child({"OMP_NUM_THREADS": "1", "NUMBA_CACHE_DIR": "/mine"})
    assert (found["OMP_NUM_THREADS"], found["NUMBA_CACHE_DIR"]) == ("1", "/mine")


def test_compiled_code_stays_beside_sources_that_can_be_written() -> None:
    assert environment.numba_cache() is None


def test_an_installed_program_keeps_compiled_code_with_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environment.os, "access", lambda path, mode: False)
    monkeypatch.setattr(
        environment.platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path / "cache")
    )
    assert environment.numba_cache() == tmp_path / "cache" / "numba"
    assert (tmp_path / "cache" / "numba").is_dir()
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(
        environment.platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path / "file")
    )
    found = environment.numba_cache()
    assert found is not None
    assert found.parent.is_dir()


def test_code_is_never_loaded_from_the_current_folder() -> None:
    given = {
        "PYTHONSAFEPATH": "",
        "PYTHONPATH": os.pathsep.join(("", "/mine", "", "sub", "")),
        "LD_LIBRARY_PATH": f"{os.pathsep}/lib/mine{os.pathsep}",
        "DYLD_LIBRARY_PATH": "",
    }
    found = environment.for_child(given)
    assert found["PYTHONSAFEPATH"] == "1"
    modules = found["PYTHONPATH"].split(os.pathsep)
    assert modules[-2:] == ["/mine", str(Path.cwd() / "sub")]
    assert all(Path(entry).is_absolute() for entry in modules)
    assert (found["LD_LIBRARY_PATH"], found["DYLD_LIBRARY_PATH"]) == ("/lib/mine", "")


def test_a_child_finds_the_package_that_its_parent_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "psutil.py").write_text("raise SystemExit('not of here')", encoding="utf-8")
    code = "import os, psutil, spaceport_app; print(spaceport_app.__file__); print(os.getcwd())"
    variables = environment.for_child({"PATH": os.environ["PATH"]})
    process = processes.start([sys.executable, "-c", code], variables, "")
    assert process.stdout is not None
    said = process.stdout.read().splitlines()
    process.wait()
    assert said == [str(Path(spaceport_app.__file__)), str(Path(sys.executable).parent)]
