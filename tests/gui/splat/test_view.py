"""The splat view in a real window: see view_cases.py for what is done in each case."""

from __future__ import annotations

import json

import pytest

CASES = (
    "photo_is_compared_and_measured",
    "resize_while_measuring_measures_again",
    "keys_go_from_photo_to_photo",
    "mouse_orbits_pans_and_zooms",
    "keys_fly",
    "full_picture_is_shown_at_rest",
    "pictures_get_finer_at_rest_unless_the_camera_moves",
    "bundle_is_opened_and_bad_file_is_told_of",
    "snapshots_replace_each_other_before_ones_eyes",
)


@pytest.fixture(scope="module")
def results(in_window, tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("view")
    in_window("view_cases.py", str(folder))
    found: dict[str, str] = json.loads((folder / "results.json").read_text())
    return found


def test_all_cases_are_known(results: dict[str, str]) -> None:
    assert tuple(results) == CASES


@pytest.mark.parametrize("case", CASES)
def test_in_window(results: dict[str, str], case: str) -> None:
    assert not results[case], results[case]
