"""Hashes, signatures, bill of materials, licences and the check for equal builds."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bundle import fetch, viewer
from release import finish, reproduce, sbom, signing, stamp
from release.failure import ReleaseError

from spaceport_app import __version__, shipped, updates

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ROOT / "packaging" / "release"
PAGE = "https://releases.example/page"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / f"Spaceport-{__version__}-Setup.exe").write_bytes(b"setup")
    (folder / f"spaceport_{__version__}_amd64.deb").write_bytes(b"deb")
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site-packages"
    (folder / "spaceport_app").mkdir(parents=True)
    for name, stated in (("alpha_one", "MIT"), ("PySide6_Essentials", "LGPL-3.0-only")):
        about = folder / f"{name}-1.0.dist-info"
        about.mkdir()
        text = f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\nLicense-Expression: {stated}\n"
        (about / "METADATA").write_text(text, encoding="utf-8")
        (about / "RECORD").write_text("", encoding="utf-8")
    licensed(folder, "alpha_one")
    return folder


def licensed(site: Path, name: str) -> None:
    """Give a package a licence file."""
    about = site / f"{name}-1.0.dist-info"
    (about / "LICENSE").write_text(f"Do with {name} what you like.", encoding="utf-8")
    (about / "RECORD").write_text(f"{about.name}/LICENSE,,\n", encoding="utf-8")


def run(tool: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOLS / tool), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class TestFinish:
    def test_hashes_are_those_that_sha256sum_reads(self, dist: Path) -> None:
        done = run("finish.py", str(dist), "--page", PAGE, "--epoch", "86400")
        assert done.returncode == 0, done.stderr
        assert "Not signed" in done.stdout
        lines = (dist / "SHA256SUMS").read_text().splitlines()
        assert [line.split("  ")[1] for line in lines] == sorted(
            path.name for path in dist.iterdir() if path.name != "SHA256SUMS"
        )
        for line in lines:
            digest, name = line.split("  ")
            assert digest == fetch.digest(dist / name)

    def test_the_window_understands_the_file_that_names_the_newest_version(self) -> None:
        written = finish.latest(PAGE, "Flies better.", 86_400)
        found = updates._read(written.encode())
        assert found == updates.Release(__version__, PAGE, "1970-01-02", "Flies better.")

    def test_an_installer_of_another_version_is_refused(self, dist: Path) -> None:
        (dist / "spaceport_99.0.0_amd64.deb").write_bytes(b"x")
        with pytest.raises(ReleaseError, match=r"99\.0\.0_amd64\.deb is not of version"):
            finish.hash_list(dist)

    def test_an_empty_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ReleaseError, match="no installer"):
            finish.hash_list(tmp_path)

    def test_a_tag_of_another_version_is_refused(self, dist: Path) -> None:
        done = run("finish.py", str(dist), "--page", PAGE, "--epoch", "0", "--tag", "v99.0.0")
        assert done.returncode == 1 and "v99.0.0" in done.stderr


class TestSigning:
    def test_without_a_tool_nothing_is_signed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv(signing.SUMS, raising=False)
        assert not signing.sign(tmp_path / "x", signing.SUMS)

    def test_the_named_tool_gets_the_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "list of hashes"
        file.write_text("x")
        program = "import sys; open(sys.argv[1] + '.sig', 'w').write('signed')"
        monkeypatch.setenv(signing.SUMS, f'"{sys.executable}" -c "{program}" {{file}}')
        assert signing.sign(file, signing.SUMS)
        assert Path(f"{file}.sig").read_text() == "signed"

    def test_paths_of_windows_keep_their_backslashes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(signing.WINDOWS, r'"C:\Kits 10\signtool.exe" sign /a {file}')
        assert signing.command(signing.WINDOWS, r"D:\a b\Setup.exe") == [
            r"C:\Kits 10\signtool.exe",
            "sign",
            "/a",
            r"D:\a b\Setup.exe",
        ]

    @pytest.mark.parametrize("line", ["signtool sign", '"{file}-no-such-tool" {file}'])
    def test_a_tool_that_cannot_sign_ends_the_release(
        self, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(signing.SUMS, line)
        with pytest.raises(ReleaseError, match=signing.SUMS):
            signing.sign(tmp_path / "x", signing.SUMS)

    def test_a_failing_tool_does_not_tell_its_command_line(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        line = f'"{sys.executable}" -c "raise SystemExit(3)" --password geheim {{file}}'
        monkeypatch.setenv(signing.SUMS, line)
        with pytest.raises(ReleaseError) as caught:
            signing.sign(tmp_path / "x", signing.SUMS)
        assert "geheim" not in str(caught.value)


def test_licences_hold_every_part_and_the_lgpl_where_the_wheel_has_none(site: Path) -> None:
    stamp.write(ROOT, site, (ROOT / "LICENSE",))
    text = (site / "spaceport_app" / shipped.LICENCES).read_text(encoding="utf-8")
    for words in (
        "alpha_one 1.0: MIT",
        "GNU LESSER GENERAL PUBLIC LICENSE",
        "CPython",
        "PlayCanvas",
    ):
        assert words in text
    assert text.count("GNU GENERAL PUBLIC LICENSE") >= 1


def test_a_package_without_a_licence_ends_the_release(site: Path) -> None:
    (site / "alpha_one-1.0.dist-info" / "LICENSE").unlink()
    with pytest.raises(ReleaseError, match="alpha_one carries no licence"):
        stamp.licence_text(ROOT, site)


def test_libraries_inside_a_wheel_are_named_or_end_the_release(site: Path) -> None:
    (site / "alpha_one-1.0.dist-info").rename(site / "pycolmap-1.0.dist-info")
    about = site / "pycolmap-1.0.dist-info" / "METADATA"
    about.write_text("Metadata-Version: 2.4\nName: pycolmap\nVersion: 1.0\n", encoding="utf-8")
    licensed(site, "pycolmap")
    inside = site / "pycolmap.libs"
    inside.mkdir()
    known = ("spqr-807a879857ee822a86bc8000e067d70f.dll", "libgfortran-83c28eba.so.5.0.0")
    for name in (*known, ".load-order-pycolmap-1.0"):
        (inside / name).touch()
    text = stamp.licence_text(ROOT, site)
    assert "SPQR, CHOLMOD: GPL-2.0-or-later and LGPL-2.1-or-later (https://" in text
    assert "Version 2, June 1991" in text and "Version 2.1, February 1999" in text
    (inside / "libx265-0123456789abcdef.dll").touch()
    with pytest.raises(ReleaseError, match="holds libx265"):
        stamp.licence_text(ROOT, site)


def test_the_stamp_names_the_address_for_updates(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(stamp.UPDATES, "https://releases.example/latest.json")
    monkeypatch.delenv(stamp.COMMIT, raising=False)
    stamp.write(ROOT, site)
    written = json.loads((site / "spaceport_app" / shipped.RELEASE).read_text(encoding="utf-8"))
    assert written == {"updates": "https://releases.example/latest.json"}


def test_the_bill_of_materials_is_valid_and_the_same_twice(site: Path, tmp_path: Path) -> None:
    hashes = {"alpha-one": "ab" * 32}
    for name in ("one.json", "two.json"):
        sbom.write(site, tmp_path / name, "spaceport-linux", 86_400, hashes)
    text = (tmp_path / "one.json").read_text(encoding="utf-8")
    assert text == (tmp_path / "two.json").read_text(encoding="utf-8")
    found = json.loads(text)
    assert found["specVersion"] == "1.6"
    parts = {part["name"]: part for part in found["components"]}
    assert set(parts) == {"alpha_one", "PySide6_Essentials"}
    assert parts["alpha_one"]["purl"] == "pkg:pypi/alpha-one@1.0"
    assert parts["alpha_one"]["hashes"][0]["content"] == "ab" * 32
    with pytest.raises(ReleaseError):
        sbom.check(text.replace('"library"', '"libary"'))


def test_the_bill_names_the_viewer_and_its_files(site: Path, tmp_path: Path) -> None:
    folder = ROOT / "resources" / "viewer"
    shutil.copytree(folder, site / "spaceport_app" / "resources" / "viewer")
    sbom.write(site, tmp_path / "one.json", "spaceport-linux", 86_400)
    found = json.loads((tmp_path / "one.json").read_text(encoding="utf-8"))
    known = viewer.record(folder)
    (part,) = (one for one in found["components"] if one["name"] == known.name)
    assert (part["version"], part["purl"]) == (known.version, known.package)
    told = {one["name"]: one["hashes"][0]["content"] for one in part["components"]}
    assert told == known.files


def test_an_empty_folder_has_no_bill(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="no packages"):
        sbom.write(tmp_path, tmp_path / "x.json", "spaceport", 0)


class TestReproduce:
    def test_equal_builds_pass(self) -> None:
        program = "import sys, pathlib; pathlib.Path(sys.argv[1], 'a').write_text('same')"
        done = run("reproduce.py", "--", sys.executable, "-c", program, "{out}")
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("  a\n")

    def test_a_build_that_holds_its_folder_is_told(self) -> None:
        program = "import sys, pathlib; pathlib.Path(sys.argv[1], 'a').write_text(sys.argv[1])"
        done = run("reproduce.py", "--", sys.executable, "-c", program, "{out}")
        assert done.returncode == 1 and "Two builds differ in: a" in done.stderr

    def test_a_file_in_one_build_only_is_a_difference(self) -> None:
        assert reproduce.differences({"a": "1", "b": "2"}, {"a": "1"}) == ["b"]

    def test_a_failing_build_is_told(self) -> None:
        done = run("reproduce.py", "--", sys.executable, "-c", "raise SystemExit(4)", "{out}")
        assert done.returncode == 1 and "exit code 4" in done.stderr
