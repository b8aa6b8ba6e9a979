import pytest

from spaceport_app.errors import StageError
from spaceport_app.splats import held_out


def names(n: int) -> list[str]:
    return [f"{i:03d}.jpg" for i in range(n)]


@pytest.mark.parametrize(
    ("photos", "expected"),
    [(40, [4, 12, 20, 28, 36]), (8, [4]), (5, [4]), (4, []), (13, [4, 12])],
)
def test_every_eighth_from_the_fifth(photos: int, expected: list[int]) -> None:
    assert held_out.choose(names(photos)[::-1]) == tuple(names(photos)[i] for i in expected)


def test_named_photos_are_found_by_their_last_part() -> None:
    photos = ["a/1.jpg", "a/2.jpg", "b, c.jpg", "b/2.jpg"]
    assert held_out.choose(photos, "1.jpg, b/2.jpg") == ("a/1.jpg", "b/2.jpg")
    assert held_out.choose(photos, "b, c.jpg") == ("b, c.jpg",)
    assert held_out.choose(photos, "none") == ()


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("3.jpg", "unknown_photo"),
        ("2.jpg", "ambiguous_photo"),
        ("a/1.jpg,a/2.jpg,b/2.jpg", "nothing_to_train"),
    ],
)
def test_names_that_mean_nothing_are_told(rule: str, code: str) -> None:
    with pytest.raises(StageError) as caught:
        held_out.choose(["a/1.jpg", "a/2.jpg", "b/2.jpg"], rule)
    assert caught.value.code == code
