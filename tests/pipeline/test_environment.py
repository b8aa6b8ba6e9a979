from __future__ import annotations

from pathlib import Path

import pytest

from spaceport_app import resources
from spaceport_app.pipeline import environment


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
