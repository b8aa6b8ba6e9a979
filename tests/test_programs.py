"""Programs are looked for where the owner of the computer put them, on every system."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import spaceport_app
from spaceport_app import programs

PACKAGE = Path(spaceport_app.__file__).parent


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which came from somebody else."""
    folder = tmp_path / "received"
    for name in (
        "tool",
        "tool.exe",
        "tool.bat",
        "tool.cmd",
        "tool.com",
        "sub/tool",
        "sub/tool.exe",
    ):
        put(folder / name)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("entries", ["", ".", "sub", "./sub", "..", ":", "~", "../received"])
def test_nothing_of_the_current_folder_is_found(here: Path, entries: str) -> None:
    assert programs.find("tool", {"PATH": entries}, windows=False) is None
    assert programs.find("tool", {"PATH": entries.replace(":", ";")}, windows=True) is None


def test_without_a_path_the_usual_folders_count(here: Path) -> None:
    assert programs.find("tool", {}, windows=False) is None
    assert programs.find("tool", {}, windows=True) is None
    assert programs.find("sh", {}, windows=False) in (Path("/usr/bin/sh"), Path("/bin/sh"))


def test_the_first_absolute_folder_with_it_wins(here: Path, tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "tool").mkdir()
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "tool").write_text("no program", encoding="utf-8")
    second, third = put(tmp_path / "second" / "tool"), put(tmp_path / "third" / "tool")
    path = f":.:{tmp_path}/first:{tmp_path}/plain:{second.parent}:{third.parent}"
    assert programs.find("tool", {"PATH": path}, windows=False) == second


class TestWindows:
    """With folders of this system in the place of its drives."""

    def test_the_system_comes_before_path(self, here: Path, tmp_path: Path) -> None:
        root, files = tmp_path / "Windows", tmp_path / "Program Files"
        on_path = put(tmp_path / "bin" / "nvidia-smi.exe")
        variables = {
            "SYSTEMROOT": str(root),
            "PROGRAMFILES": str(files),
            "PATH": f";.;{on_path.parent}",
        }
        put(here / "nvidia-smi.exe")
        assert programs.find("nvidia-smi", variables, windows=True) == on_path
        old = put(files / "NVIDIA Corporation" / "NVSMI" / "nvidia-smi.exe")
        assert programs.find("nvidia-smi", variables, windows=True) == old
        new = put(root / "System32" / "nvidia-smi.exe")
        assert programs.find("nvidia-smi", variables, windows=True) == new

    def test_only_exe_is_a_program(self, tmp_path: Path) -> None:
        for ending in ("", ".bat", ".cmd", ".com", ".ps1", ".py", ".js", ".vbs"):
            put(tmp_path / f"uv{ending}")
        variables = {"PATH": str(tmp_path), "PATHEXT": ".COM;.BAT;.CMD;.PS1;.PY;.JS;.VBS"}
        assert programs.find("uv", variables, windows=True) is None
        assert programs.find("uv", {"PATH": str(put(tmp_path / "uv.exe").parent)}, windows=True)

    def test_quoted_folders_of_path(self, tmp_path: Path) -> None:
        program = put(tmp_path / "two words" / "uv.exe")
        variables = {"PATH": f'"{program.parent}";'}
        assert programs.find("uv", variables, windows=True) == program

    @pytest.mark.parametrize("variable", ["SYSTEMROOT", "PROGRAMFILES"])
    def test_roots_that_are_no_absolute_folders(self, here: Path, variable: str) -> None:
        put(here / "System32" / "uv.exe")
        put(here / "NVIDIA Corporation" / "NVSMI" / "uv.exe")
        for value in ("", ".", "..\\received", "../received"):
            assert programs.find("uv", {variable: value, "PATH": ""}, windows=True) is None


@pytest.mark.parametrize(
    "name", ["", ".", "..", "./tool", "sub/tool", "sub\\tool", "c:tool", "a\0"]
)
def test_a_path_is_no_name(here: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no name of a program"):
        programs.find(name, {"PATH": "/usr/bin"})


BY_SHELL = {
    ("os", "system"),
    ("os", "popen"),
    ("os", "startfile"),
    ("subprocess", "getoutput"),
    ("subprocess", "getstatusoutput"),
    ("shutil", "which"),
}


def test_nobody_looks_for_a_program_in_another_way() -> None:
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if _is_another_way(node):
                place = path.relative_to(PACKAGE).as_posix()
                wrong.append(f"{place}:{node.lineno}: {ast.unparse(node)[:80]}")
    assert wrong == []


def _is_another_way(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        names = {alias.name for alias in node.names}
        return node.module == "subprocess" or (node.module == "shutil" and "which" in names)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        way = (node.value.id, node.attr)
        return way in BY_SHELL or (way[0] == "os" and way[1].startswith(("exec", "spawn")))
    if isinstance(node, ast.Call):
        return any(word.arg == "shell" for word in node.keywords)
    return isinstance(node, ast.List) and _is_a_bare_command(node)


def _is_a_bare_command(node: ast.List) -> bool:
    """Whether a list is the name of a program and options with dashes."""
    if not node.elts:
        return False
    first, *others = (one.value if isinstance(one, ast.Constant) else None for one in node.elts)
    return (
        isinstance(first, str)
        and not first.startswith("-")
        and any(isinstance(word, str) and word.startswith("-") for word in others)
        # What a person is told to type.
        and first != "spaceport"
    )
