"""An error keeps its parts on the way between processes."""

from __future__ import annotations

import pickle

from spaceport_app.errors import StageError


def test_an_error_says_what_happened_and_what_to_do() -> None:
    error = StageError("too_few_photos", "Only 2 photos can be used.", "Add photos.")
    assert str(error) == "Only 2 photos can be used. Add photos."


def test_an_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(StageError("code", "Message.", "Remedy.")))
    assert (error.code, error.message, error.remedy) == ("code", "Message.", "Remedy.")
