"""Licence texts: found in every package's metadata, listed first, then in full."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from spaceport_app import licences


def package(site: Path, name: str, about: str, files: dict[str, str]) -> None:
    folder = site / f"{name}-1.0.dist-info"
    folder.mkdir(parents=True)
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{about}\n"
    (folder / "METADATA").write_text(text, encoding="utf-8")
    for file, content in files.items():
        path = site / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    record = "".join(f"{file},,\n" for file in files)
    (folder / "RECORD").write_text(record, encoding="utf-8")


def collect(site: Path) -> tuple[licences.Text, ...]:
    return licences.collect(metadata.distributions(path=[str(site)]))


def test_licences_of_metadata_and_of_parts_within_are_found(tmp_path: Path) -> None:
    package(
        tmp_path,
        "Beta",
        "License-Expression: MIT",
        {
            "Beta-1.0.dist-info/licenses/LICENSE": "Beta may be used.",
            "beta/third/COPYING.txt": "So may this.",
            "beta/license.py": "code",
            "beta/data.txt": "data",
        },
    )
    package(tmp_path, "alpha", "Classifier: License :: OSI Approved :: BSD License", {})
    found = collect(tmp_path)
    assert [text.name for text in found] == ["alpha", "Beta"]
    assert [text.stated for text in found] == ["BSD License", "MIT"]
    assert found[1].files == (
        ("Beta-1.0.dist-info/licenses/LICENSE", "Beta may be used."),
        ("beta/third/COPYING.txt", "So may this."),
    )
    text = licences.document("Spaceport", found)
    assert text.splitlines()[:4] == ["Spaceport", "", "alpha 1.0: BSD License", "Beta 1.0: MIT"]
    assert text.index("Beta may be used.") < text.index("So may this.")


@pytest.mark.parametrize(
    ("about", "stated"),
    [
        ("License: UNKNOWN", ""),
        ("License: Zlib", "Zlib"),
        ("License: First line\n        second line", ""),
    ],
)
def test_a_licence_is_stated_in_one_line_or_not(tmp_path: Path, about: str, stated: str) -> None:
    package(tmp_path, "gamma", about, {})
    (found,) = collect(tmp_path)
    assert found.stated == stated


def test_a_file_that_is_gone_is_left_out(tmp_path: Path) -> None:
    package(tmp_path, "delta", "License: MIT", {"delta-1.0.dist-info/LICENSE": "x"})
    (tmp_path / "delta-1.0.dist-info" / "LICENSE").unlink()
    assert collect(tmp_path)[0].files == ()
