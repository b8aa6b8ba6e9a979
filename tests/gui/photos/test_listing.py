from __future__ import annotations

from pathlib import Path

import pytest

from gui.photos.builders import photo, photos
from spaceport_app.gui.photos.listing import PhotoListing


def shown(listing: PhotoListing) -> list[str]:
    return [entry.name for entry in listing.shown()]


@pytest.fixture
def listing() -> PhotoListing:
    listing = PhotoListing()
    listing.set_photos(
        photos(
            photo("IMG_10.jpg", sharpness=3.0, taken_at="2026-05-01T10:00:00"),
            photo("IMG_2.jpg", "blurred", "no_gps", sharpness=0.1, taken_at="2026-05-01T10:00:05"),
            photo("IMG_3.jpg", "duplicate", used=False, sharpness=2.0),
            photo("IMG_4.jpg", "excluded", used=False, sharpness=1.0),
            unreadable=("broken.jpg",),
        )
    )
    return listing


def test_names_are_counted_not_spelled(listing: PhotoListing) -> None:
    assert shown(listing) == ["broken.jpg", "IMG_2.jpg", "IMG_3.jpg", "IMG_4.jpg", "IMG_10.jpg"]


def test_order_by_sharpness_puts_what_has_none_last(listing: PhotoListing) -> None:
    listing.sort = "sharpness"
    assert shown(listing) == ["IMG_2.jpg", "IMG_4.jpg", "IMG_3.jpg", "IMG_10.jpg", "broken.jpg"]


def test_order_by_time_puts_what_has_none_last(listing: PhotoListing) -> None:
    listing.sort = "time"
    assert shown(listing)[:2] == ["IMG_10.jpg", "IMG_2.jpg"]


def test_order_by_problems_puts_the_gravest_first(listing: PhotoListing) -> None:
    listing.set_not_placed({"IMG_10.jpg": "It overlaps with nothing."})
    listing.sort = "marks"
    assert shown(listing) == ["IMG_10.jpg", "broken.jpg", "IMG_2.jpg", "IMG_3.jpg", "IMG_4.jpg"]


def test_filters_offer_what_is_there_with_its_count(listing: PhotoListing) -> None:
    assert [(f.key, f.count) for f in listing.filters()] == [
        ("all", 5),
        ("used", 2),
        ("unused", 3),
        ("unreadable", 1),
        ("no_gps", 1),
        ("blurred", 1),
        ("duplicate", 1),
        ("excluded", 1),
    ]


@pytest.mark.parametrize("choice", ["all", "used", "unused", "unreadable", "blurred", "excluded"])
def test_each_filter_shows_as_many_as_it_says(listing: PhotoListing, choice: str) -> None:
    listing.filter = choice
    said = {f.key: f.count for f in listing.filters()}[choice]
    assert len(shown(listing)) == said


def test_search_takes_any_case_and_part(listing: PhotoListing) -> None:
    listing.text = "mg_1"
    assert shown(listing) == ["IMG_10.jpg"]


def test_taking_out_marks_the_photo_and_takes_it_from_the_used(listing: PhotoListing) -> None:
    assert listing.exclude(["IMG_10.jpg"], True)
    entry = next(e for e in listing.entries if e.name == "IMG_10.jpg")
    assert (entry.used, entry.by_hand) == (False, True)
    assert [mark.label for mark in entry.marks] == ["Taken out"]
    assert listing.excluded == {"IMG_10.jpg", "IMG_4.jpg"}
    assert [p.name for p in listing.used_photos] == ["IMG_2.jpg"]


def test_taking_in_again_undoes_it(listing: PhotoListing) -> None:
    assert listing.exclude(["IMG_4.jpg"], False)
    entry = next(e for e in listing.entries if e.name == "IMG_4.jpg")
    assert (entry.used, entry.marks) == (True, ())
    assert listing.excluded == frozenset()


def test_what_the_import_left_out_by_its_rules_cannot_be_taken_in(listing: PhotoListing) -> None:
    assert not listing.exclude(["IMG_3.jpg", "broken.jpg"], False)
    assert not listing.exclude(["IMG_3.jpg", "broken.jpg"], True)
    assert listing.excluded == {"IMG_4.jpg"}


def test_reasons_of_the_reconstruction_go_away_with_new_photos(listing: PhotoListing) -> None:
    listing.set_not_placed({"IMG_10.jpg": "It overlaps with nothing."})
    assert "not_placed" in [f.key for f in listing.filters()]
    listing.set_photos(photos(photo("IMG_10.jpg")))
    assert [f.key for f in listing.filters()] == ["all"]


def test_dropped_files_can_be_taken_out_before_they_are_read() -> None:
    listing = PhotoListing()
    listing.set_files([("a.jpg", Path("/x/a.jpg")), ("b.jpg", Path("/x/b.jpg"))])
    assert listing.exclude(["a.jpg"], True)
    assert [(e.name, e.used) for e in listing.entries] == [("a.jpg", False), ("b.jpg", True)]
