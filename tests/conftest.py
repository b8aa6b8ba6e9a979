"""Fixtures for every room."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

# Before torch or Numba load OpenMP: waiting threads that spin make small steps many times slower
# on a busy machine. The pipeline sets the same for its child processes.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# What tests agree to is not remembered for whoever runs them.
_STATE = tempfile.TemporaryDirectory(prefix="spaceport-tests-")
os.environ["XDG_STATE_HOME"] = _STATE.name


@pytest.fixture(scope="session")
def sample_flight() -> Path:
    """Return the folder of the sample flight: 30 photos and ground_truth.json."""
    return Path(__file__).parents[1] / "resources" / "sample_flight"
