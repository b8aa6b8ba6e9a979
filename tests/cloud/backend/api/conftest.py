from __future__ import annotations

from collections.abc import Iterator

import pytest

from .cloud import Cloud


@pytest.fixture
def cloud(running_cloud: Cloud) -> Iterator[Cloud]:
    """Return the API as it was deployed; what a test changes in it is undone."""
    services = running_cloud.services
    yield running_cloud
    running_cloud.services = services
