from __future__ import annotations

import pytest

from spaceport_app.quantities import size


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (2_097_152, "2.1 MB"),
        (999_940_000, "999.9 MB"),
        (999_960_000, "1.0 GB"),
        (169_000_000_000, "169.0 GB"),
    ],
)
def test_bytes_stand_in_the_unit_that_a_person_reads(number: float, words: str) -> None:
    assert size(number) == words
