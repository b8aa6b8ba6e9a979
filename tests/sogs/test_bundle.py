from __future__ import annotations

import json

import numpy as np
import pytest

from spaceport_app.errors import StageError
from spaceport_app.sogs import bundle


@pytest.mark.parametrize("name", ["a.webp", "ä b.webp", "..webp"])
def test_plain_names(name: str) -> None:
    assert bundle.is_plain_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", "../a", "a/b", "a\\b", "/a", "C:a", "a\0"])
def test_names_that_lead_elsewhere(name: str) -> None:
    assert not bundle.is_plain_name(name)


def test_numbers() -> None:
    assert bundle.numbers_of(2, "x", 1).tolist() == [2.0]
    assert bundle.numbers_of([1, 2.5], "x", 2).tolist() == [1.0, 2.5]
    for bad in (None, "12", [1], [1, True], [1, None], [1, float("inf")], {"0": 1}):
        with pytest.raises(StageError, match=r"^The bundle cannot be read: x "):
            bundle.numbers_of(bad, "x", 2)


def test_counts() -> None:
    assert bundle.count_of(7, "x") == 7
    for bad in (0, -1, 2.0, True, None, "7", 10**12):
        with pytest.raises(StageError, match="x is not a number from 1 to"):
            bundle.count_of(bad, "x")


def test_meta_may_begin_with_a_mark() -> None:
    assert bundle.parse_meta(b"\xef\xbb\xbf" + json.dumps({"version": 2}).encode()) == {
        "version": 2
    }


def test_meta_never_holds_what_json_does_not_know() -> None:
    with pytest.raises(ValueError, match="JSON"):
        bundle.encode_meta({"x": float(np.nan)})
