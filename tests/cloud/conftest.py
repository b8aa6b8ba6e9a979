from __future__ import annotations

from collections.abc import Iterator

import pytest

from .emulators.stack import Stack, started


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Return an emulated AWS account; every test takes a job of its own in it."""
    with started(tmp_path_factory.mktemp("aws")) as running:
        yield running
