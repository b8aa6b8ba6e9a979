"""Fixtures for every room."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def sample_flight() -> Path:
    """Return the folder of the sample flight: 30 photos and ground_truth.json."""
    return Path(__file__).parents[1] / "resources" / "sample_flight"
