"""The engine that is set up, as processes that render take it; small modules stand for torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mutated import mutations

from spaceport_app import installed_engine
from spaceport_app.engine_setup import installing, switching
from spaceport_app.installed_engine import python_tag

WORKS = "__version__ = '9.9+cu999'\n"


def made(home: Path, name: str, torch: str = WORKS, **changed: Any) -> Path:
    folder = home / name
    package = folder / "site" / "torch"
    (package / "lib").mkdir(parents=True)
    (package / "__init__.py").write_text(torch)
    (package / "lib" / "libtorch_cuda.so").write_bytes(b"kernels")
    about = {
        "schema": 1,
        "python": python_tag(),
        "versions": {"torch": "9.9", "cuda": "99.9"},
        "installed_bytes": 7,
        "files": installing.libraries(folder),
    }
    (folder / "engine.json").write_text(json.dumps(about | changed))
    return folder


def process(code: str) -> Any:
    """What a fresh process says after `use`; its own torch is a small module as well."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    script = f"import json, sys\nfrom spaceport_app import installed_engine\n{code}"
    answer = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(answer.stdout)


USE = (
    "said = installed_engine.use()\nimport torch\n"
    "print(json.dumps([said, torch.__version__, int('torch.odd' in sys.modules)]))"
)


def test_nothing_is_set_up(home: Path) -> None:
    assert installed_engine.current() is None
    assert installed_engine.use() == ""


def test_a_process_takes_the_engine_in_use(home: Path) -> None:
    made(home, "one")
    switching.to(home, "one")
    engine = installed_engine.current()
    assert engine is not None and engine.trouble == ""
    assert engine.words() == "torch 9.9, CUDA 99.9"
    assert process(USE) == ["", "9.9+cu999", 0]


def test_an_engine_that_cannot_be_imported_leaves_the_program_s_own(home: Path) -> None:
    bad = "import torch.odd\nraise OSError('libcudart.so.13: cannot open shared object file')\n"
    folder = made(home, "one", bad)
    (folder / "site" / "torch" / "odd.py").write_text("")
    switching.to(home, "one")
    said, version, odd = process(USE)
    assert said.startswith("The GPU engine cannot be used, so the CPU engine works instead: ")
    assert "libcudart.so.13" in said and said.endswith(".")
    assert version != "9.9+cu999" and odd == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda folder: (folder / "site/torch/lib/libtorch_cuda.so").unlink(), "is gone"),
        (lambda folder: (folder / "site/torch/__init__.py").write_text(""), "damaged"),
        (lambda folder: (folder / "engine.json").write_text("{"), "damaged"),
        (lambda folder: (folder / "engine.json").unlink(), "damaged"),
    ],
)
def test_damage_is_noticed_before_torch_is_imported(home: Path, change: Any, words: str) -> None:
    folder = made(home, "one")
    switching.to(home, "one")
    change(folder)
    engine = installed_engine.current()
    assert engine is not None and words in engine.trouble
    before = list(sys.path)
    assert words in installed_engine.use()
    assert sys.path == before


@pytest.mark.parametrize("changed", [{"python": "2.7"}, {"schema": 2}, {"versions": None}])
def test_an_engine_for_another_program(home: Path, changed: dict[str, Any]) -> None:
    made(home, "one", **changed)
    switching.to(home, "one")
    assert installed_engine.use() != ""


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"active": 3}', '{"active": "../../x"}'])
def test_a_record_that_is_none_means_no_engine(home: Path, text: str) -> None:
    home.mkdir(parents=True)
    (home / "active.json").write_text(text)
    assert installed_engine.current() is None


def test_a_process_that_has_torch_already_says_so(home: Path) -> None:
    made(home, "one")
    switching.to(home, "one")
    said = process("import torch\nprint(json.dumps(installed_engine.use()))")
    assert "in use already" in said


@pytest.mark.parametrize("name", ["active.json", "one/engine.json"])
def test_records_with_anything_wrong_in_them_are_told(home: Path, name: str) -> None:
    made(home, "one")
    switching.to(home, "one")
    path = home / name
    for words, text in mutations(json.loads(path.read_bytes())):
        path.write_text(text, encoding="utf-8")
        try:
            engine = installed_engine.current()
        except Exception as error:
            pytest.fail(f"{words}: {error!r}")
        assert engine is None or len(engine.trouble) < 200, words
