from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mutated import check_reader

from spaceport_app import installed_engine
from spaceport_app.engine_setup import plan, recipes
from spaceport_app.engine_setup.gpu import Card, Cards
from spaceport_app.engine_setup.recipes import Recipe
from spaceport_app.errors import StageError

from .conftest import NvidiaSmi
from .index import Server, recipe, table, wheel

SHIPPED = recipes.read()
LINUX = [one for one in SHIPPED if one.system == "linux-x86_64"]
WINDOWS = [one for one in SHIPPED if one.system == "windows-x86_64"]


def chosen(table: list[Recipe], driver: tuple[int, ...], capability: tuple[int, ...]) -> str:
    card = Card("a card", 8 << 30, capability)
    return plan.choose(table, Cards((card,), driver)).versions["cuda"]


@pytest.mark.parametrize(
    ("table", "driver", "capability", "cuda"),
    [
        (LINUX, (580, 65, 6), (8, 9), "13.0"),
        (LINUX, (590,), (12, 0), "13.0"),
        (LINUX, (535, 183, 1), (8, 6), "12.8"),
        # A card that CUDA 13 has left behind gets the older engine under a new driver too.
        (LINUX, (580, 65, 6), (7, 0), "12.8"),
        (LINUX, (580, 65, 6), (), "13.0"),
        (WINDOWS, (572, 16), (8, 9), "12.8"),
        (WINDOWS, (528, 33), (7, 5), "12.8"),
    ],
)
def test_the_driver_and_the_card_choose(
    table: list[Recipe], driver: tuple[int, ...], capability: tuple[int, ...], cuda: str
) -> None:
    assert chosen(table, driver, capability) == cuda


@pytest.mark.parametrize(
    ("driver", "capability", "code", "words"),
    [
        ((470, 42, 1), (8, 6), "driver_too_old", "470.42.01 is too old"),
        ((525, 60, 11), (8, 6), "driver_too_old", "525.60.13"),
        ((580, 65, 6), (6, 1), "card_too_old", "compute capability 6.1"),
    ],
)
def test_what_does_not_fit_is_said(
    driver: tuple[int, ...], capability: tuple[int, ...], code: str, words: str
) -> None:
    with pytest.raises(StageError) as caught:
        chosen(LINUX, driver, capability)
    assert caught.value.code == code
    assert words in caught.value.message


def test_a_card_may_need_a_newer_driver_than_the_oldest_recipe() -> None:
    new_only = [one for one in LINUX if one.versions["cuda"] == "13.0"]
    old_driver = [
        Recipe(**{**vars(one), "least_capability": (99,)})
        for one in LINUX
        if one.versions["cuda"] == "12.8"
    ]
    with pytest.raises(StageError) as caught:
        chosen([*new_only, *old_driver], (535,), (8, 6))
    assert caught.value.code == "driver_too_old" and "580 or newer" in caught.value.message


def test_no_engine_without_a_card(nvidia_smi: NvidiaSmi, home: Path) -> None:
    nvidia_smi("echo 'No devices were found'; exit 6")
    with pytest.raises(StageError) as caught:
        plan.make(SHIPPED, home)
    assert caught.value.code == "no_gpu"


def test_another_python_or_system(nvidia_smi: NvidiaSmi, home: Path) -> None:
    nvidia_smi('echo "RTX 4070, 580.65.06, 12282, 8.9"')
    here = LINUX[0]
    other = Recipe(**{**vars(here), "system": recipes.this_system(), "python": "2.7"})
    with pytest.raises(StageError, match=r"made for Python 2\.7"):
        plan.make([other], home)
    with pytest.raises(StageError, match="not made for"):
        plan.make([Recipe(**{**vars(here), "system": "amiga-68k"})], home)


def test_says_how_much_and_what_is_there(server: Server, home: Path, tmp_path: Path) -> None:
    data = wheel()
    read = recipes.read(table(tmp_path, recipe(server, {"spaceport_test_payload": data})))
    found = plan.make(read, home)
    assert (found.download_bytes, found.fetched_bytes) == (len(data), 0)
    assert found.hosts == ("127.0.0.1",)
    assert found.needed_bytes > 3 * len(data)
    downloads = home / "downloads"
    downloads.mkdir(parents=True)
    (downloads / f"{read[0].packages[0].file}.partial").write_bytes(data[:100])
    again = plan.make(read, home)
    assert (again.download_bytes, again.fetched_bytes) == (len(data) - 100, 100)
    assert json.loads(json.dumps(again.as_json()))["packages"][0]["bytes"] == len(data)


def test_a_disk_that_is_too_small(
    server: Server, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan.resources, "free_disk_bytes", lambda folder: 10_000)
    read = recipes.read(table(tmp_path, recipe(server, {"spaceport_test_payload": wheel()})))
    with pytest.raises(StageError) as caught:
        plan.make(read, home)
    assert caught.value.code == "disk_too_small"
    assert installed_engine.FOLDER_VARIABLE in caught.value.remedy


def test_the_shipped_table_is_honest() -> None:
    assert LINUX and WINDOWS
    for one in SHIPPED:
        assert one.device == "cuda" and {"torch", "gsplat"} <= set(one.imports)
        assert one.python == "3.11", "the installers carry 3.11"
        files = [package.file for package in one.packages]
        assert len(set(files)) == len(files)
        for package in one.packages:
            assert package.url.startswith("https://")
            # Nobody publishes a checksum of gsplat's wheels; of everything else there is one.
            assert (package.sha256 is None) == (package.name == "gsplat")
            assert (package.bytes is None) == (package.name == "gsplat")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": "ftp://x/a-1-py3-none-any.whl"}, "no address"),
        ({"url": "https://x/a.tar.gz"}, "no address"),
        ({"url": "https://x/..%2f..%2fa.whl%2f..%2f.whl"}, "no "),
        ({"url": "http://example.org/a-1-py3-none-any.whl", "sha256": None}, "secure"),
        ({"sha256": "abc"}, "SHA-256"),
        ({"bytes": "many"}, "many"),
    ],
)
def test_a_table_that_is_unsafe_or_wrong(
    server: Server, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    made = recipe(server, {"spaceport_test_payload": wheel()})
    made["files"][0] |= change
    with pytest.raises(StageError, match=words) as caught:
        recipes.read(table(tmp_path, made))
    assert caught.value.code == "bad_recipes"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 2, "recipes": []}', "nonsense"])
def test_a_table_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "recipes.json"
    path.write_text(text)
    with pytest.raises(StageError) as caught:
        recipes.read(path)
    assert caught.value.code == "bad_recipes"


@pytest.mark.parametrize("name", ["../out", ".hidden", "", "a/b"])
def test_a_recipe_s_name_stays_inside(server: Server, tmp_path: Path, name: str) -> None:
    made = recipe(server, {"spaceport_test_payload": wheel()}, name=name)
    with pytest.raises(StageError, match="no name"):
        recipes.read(table(tmp_path, made))


def test_a_table_with_anything_wrong_in_it_is_read_or_refused(
    server: Server, tmp_path: Path
) -> None:
    path = table(tmp_path, recipe(server, {"spaceport_test_payload": wheel()}))
    check_reader(path, lambda: recipes.read(path), "bad_recipes")
