"""The script of Setup.exe, the launchers' source and the interpreter, without running Windows."""

from __future__ import annotations

import io
import re
import shutil
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from bundle import fetch as files
from bundle import lock
from bundle.failure import BuildError
from windows import icon, interpreter, script
from windows.interpreter import Source
from windows.script import Setup

FILES = ("Spaceport.exe", "bin/spaceport.exe", "runtime/a b/ü.py", "runtime/python.exe", "x$y.txt")


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    payload = tmp_path / "payload"
    for name in FILES:
        path = payload / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 600)
    return Setup(payload, tmp_path / "Setup.exe", "0.1.0", icon.ICON, tmp_path / "LICENSE")


def section(text: str, name: str) -> str:
    found = re.search(rf'Section "{name}"(.*?)SectionEnd', text, re.DOTALL)
    assert found is not None
    return found[1]


def test_every_file_goes_into_its_folder_in_a_fixed_order(setup: Setup) -> None:
    lines = section(script.text(setup), "Spaceport").splitlines()
    place, placed = "", []
    for line in lines:
        if line.startswith("SetOutPath"):
            place = line.split('"')[1]
        if line.startswith("File "):
            placed.append((place, Path(line.split('"')[1].replace("$$", "$")).name))
    assert placed == [
        (r"$INSTDIR\new", "Spaceport.exe"),
        (r"$INSTDIR\new\bin", "spaceport.exe"),
        (r"$INSTDIR\new\runtime\a b", "ü.py"),
        (r"$INSTDIR\new\runtime", "python.exe"),
        (r"$INSTDIR\new", "x$y.txt"),
    ]
    assert script.text(setup) == script.text(setup)


def test_it_is_for_one_person_without_an_administrator(setup: Setup) -> None:
    text = script.text(setup)
    assert "RequestExecutionLevel user" in text
    assert r'InstallDir "$LOCALAPPDATA\Programs\Spaceport"' in text
    assert "HKLM" not in text and "SetShellVarContext all" not in text


def test_ply_is_offered_and_not_taken(setup: Setup) -> None:
    text = script.text(setup)
    assert r'"${CLASSES}\.ply\OpenWithProgids" "Spaceport.Splat"' in text
    assert r'WriteRegStr HKCU "${CLASSES}\.ply"' not in text


def test_a_sog_of_another_program_stays_with_it(setup: Setup) -> None:
    text = section(script.text(setup), "Spaceport")
    taken = text.index(r'WriteRegStr HKCU "${CLASSES}\.sog" ""')
    assert '${If} $0 == ""' in text[:taken].rpartition("ReadRegStr")[2]


def test_what_is_written_into_the_registry_is_removed_again(setup: Setup) -> None:
    text = script.text(setup)
    written = set(re.findall(r'WriteReg\w+ HKCU "([^"]+)"', section(text, "Spaceport")))
    removed = set(
        re.findall(r'DeleteReg\w+ (?:/ifempty )?HKCU "([^"]+)"', section(text, "Uninstall"))
    )
    assert len(written) > 8
    for key in written:
        assert any(key == gone or key.startswith(gone + "\\") for gone in removed), key


def test_everything_installed_is_removed_and_no_folder_of_the_person(setup: Setup) -> None:
    text = section(script.text(setup), "Uninstall")
    for line in (r'RMDir /r "$INSTDIR\runtime"', r'RMDir /r "$INSTDIR\bin"'):
        assert line in text
    assert r'Delete "$INSTDIR\x$$y.txt"' in text
    assert 'RMDir /r "$INSTDIR"' not in text and "DOCUMENTS" not in text


def test_the_old_version_goes_only_after_all_files_are_written(setup: Setup) -> None:
    text = section(script.text(setup), "Spaceport")
    last_file = text.rindex("\nFile ")
    checked = text.index("${If} ${Errors}", last_file)
    assert last_file < checked < text.index("!insertmacro Switch")
    assert text.index("Call WaitUntilClosed") < text.index("\nFile ")


def test_a_folder_too_deep_for_windows_is_refused_before_anything_is_written(
    setup: Setup,
) -> None:
    whole = rf"{'x' * script.LONGEST_FOLDER}\new\{'y' * script.LONGEST_PATH}"
    assert len(whole) == 259
    assert f"!define LONGEST_FOLDER {script.LONGEST_FOLDER}\n" in script.text(setup)
    text = section(script.text(setup), "Spaceport")
    assert text.index("$0 > ${LONGEST_FOLDER}") < text.index("SetOutPath")


def test_nothing_is_signed_unless_a_tool_is_named(setup: Setup) -> None:
    assert "uninstfinalize" not in script.text(setup)
    signed = Setup(**{**vars(setup), "signing": 'signtool sign "%1"'})
    assert "!uninstfinalize 'signtool sign \"%1\"'" in script.text(signed)


def test_the_icon_has_all_sizes() -> None:
    data = icon.ICON.read_bytes()
    _, kind, count = struct.unpack_from("<HHH", data)
    sizes = {data[6 + 16 * number] or 256 for number in range(count)}
    assert kind == 1 and sizes == set(icon.SIZES)


class TestInterpreter:
    @pytest.fixture
    def embedded(self, tmp_path: Path) -> Path:
        archive = tmp_path / "python.zip"
        with zipfile.ZipFile(archive, "w") as file:
            for name in ("python.exe", "python311.zip", "python311._pth", "LICENSE.txt"):
                file.writestr(name, name)
        return archive

    def test_it_looks_at_its_own_folders_only(self, embedded: Path, tmp_path: Path) -> None:
        runtime = tmp_path / "runtime"
        interpreter.lay_out("python.org", embedded, runtime)
        text = (runtime / "python311._pth").read_text(encoding="utf-8")
        assert text.split() == ["python311.zip", ".", "site-packages"]
        assert "import site" not in text

    def test_what_a_release_takes_still_gets_fixes_and_fits_the_wheels(self) -> None:
        found = re.search(
            r"/cpython-(\d+\.\d+)\.(\d+)%2B", interpreter.SOURCES[interpreter.STANDALONE].url
        )
        assert found is not None
        assert found[1] == lock.PYTHON and found[1].replace(".", "") == interpreter.SERIES
        # The last one that python.org built.
        assert int(found[2]) > 9
        for source in interpreter.SOURCES.values():
            assert source.url.startswith("https://")
            assert re.fullmatch("[0-9a-f]{64}", source.sha256)

    def test_a_standalone_build_loses_what_nobody_needs(self, tmp_path: Path) -> None:
        archive = tmp_path / "standalone.tar.gz"
        kept = {"python.exe", "python311.dll", "LICENSE.txt", "Lib/os.py", "DLLs/_ssl.pyd"}
        gone = ("BUILD", "Lib/tkinter/x.py", "Lib/site-packages/pip/x.py", "DLLs/_tkinter.pyd")
        with tarfile.open(archive, "w:gz") as outer:
            for name in (*kept, *gone, "include/Python.h", "libs/python311.lib", "tcl/x.tcl"):
                about = tarfile.TarInfo(f"python/{name}")
                about.size = 1
                outer.addfile(about, io.BytesIO(b"x"))
        runtime = tmp_path / "runtime"
        interpreter.lay_out(interpreter.STANDALONE, archive, runtime)
        found = {path.relative_to(runtime).as_posix() for path in runtime.rglob("*.*")}
        assert found == kept | {"python311._pth"}
        paths = (runtime / "python311._pth").read_text(encoding="utf-8").split()
        assert paths == ["Lib", "DLLs", ".", "site-packages"]

    @pytest.mark.parametrize("name", ["python/../../outside.dll", "/outside.dll"])
    def test_an_archive_that_reaches_outside_is_refused(self, tmp_path: Path, name: str) -> None:
        archive = tmp_path / "standalone.tar.gz"
        with tarfile.open(archive, "w:gz") as outer:
            about = tarfile.TarInfo(name)
            outer.addfile(about, io.BytesIO(b""))
        with pytest.raises(BuildError, match="outside"):
            interpreter.lay_out(interpreter.STANDALONE, archive, tmp_path / "runtime")

    def test_an_archive_of_something_else_is_refused(self, tmp_path: Path) -> None:
        archive = tmp_path / "standalone.tar.gz"
        tarfile.open(archive, "w:gz").close()
        with pytest.raises(BuildError, match="no interpreter"):
            interpreter.lay_out(interpreter.STANDALONE, archive, tmp_path / "runtime")

    def test_the_whole_distribution_loses_what_nobody_needs(self, tmp_path: Path) -> None:
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as file:
            for name in (
                *("python.exe", "NEWS.txt", "Lib/os.py", "Lib/tkinter/__init__.py"),
                *("Lib/site-packages/pip/x.py", "DLLs/_ssl.pyd", "DLLs/tcl86t.dll", "tcl/x"),
            ):
                file.writestr(f"cp311/{name}", "x")
        archive = tmp_path / "x.tar.gz"
        with tarfile.open(archive, "w:gz") as outer:
            about = tarfile.TarInfo("x/data.zip")
            about.size = len(inner.getvalue())
            outer.addfile(about, io.BytesIO(inner.getvalue()))
        runtime = tmp_path / "runtime"
        interpreter.lay_out("pypi", archive, runtime)
        found = {path.relative_to(runtime).as_posix() for path in runtime.rglob("*.*")}
        assert found == {"python.exe", "Lib/os.py", "DLLs/_ssl.pyd", "python311._pth"}

    def test_another_file_than_the_pinned_one_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        served = tmp_path / "served" / "python.zip"
        served.parent.mkdir()
        served.write_bytes(b"something else")
        source = Source(served.as_uri(), "0" * 64)
        monkeypatch.setitem(interpreter.SOURCES, "python.org", source)
        cache = tmp_path / "cache"
        with pytest.raises(BuildError, match="SHA-256"):
            interpreter.fetch("python.org", cache)
        assert list(cache.iterdir()) == []
        fitting = Source(served.as_uri(), files.digest(served))
        monkeypatch.setitem(interpreter.SOURCES, "python.org", fitting)
        assert interpreter.fetch("python.org", cache).read_bytes() == b"something else"
        shutil.rmtree(served.parent)
        assert interpreter.fetch("python.org", cache).is_file()

    def test_no_connection_is_one_sentence(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = Source((tmp_path / "none.zip").as_uri(), "0" * 64)
        monkeypatch.setitem(interpreter.SOURCES, "python.org", source)
        with pytest.raises(BuildError, match="cannot be fetched"):
            interpreter.fetch("python.org", tmp_path / "cache")
