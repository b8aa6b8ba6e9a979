from __future__ import annotations

from collections.abc import Iterator

import boto3
import httpx
import pytest
from botocore.config import Config

from spaceport_app.cloud.backend.api.configuration import Configuration
from spaceport_app.cloud.backend.api.handler import serve
from spaceport_app.cloud.backend.api.services import Services

from .backend.api.cloud import KEYS, SEEDS, Cloud, machine
from .emulators.gateway import served
from .emulators.stack import REGION, Stack, started


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Return an emulated AWS account; every test takes a job of its own in it."""
    with started(tmp_path_factory.mktemp("aws")) as running:
        yield running


@pytest.fixture(scope="session")
def waiting_machine(stack: Stack) -> str:
    return machine(stack)


@pytest.fixture(scope="session")
def seeds(stack: Stack) -> str:
    """Return a bucket that is on the allow-list."""
    s3 = stack.client("s3")
    for bucket in (SEEDS, "foreign-bucket"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return SEEDS


@pytest.fixture(scope="session")
def running_cloud(stack: Stack, waiting_machine: str, seeds: str) -> Iterator[Cloud]:
    """Return the API behind an address, with the emulated account behind it."""
    configuration = Configuration(
        stack.uploads,
        stack.artifacts,
        waiting_machine,
        seed_buckets=frozenset({seeds}),
        stop_wait_s=15,
        poll_s=0.2,
    )
    s3 = boto3.client(
        "s3",
        endpoint_url=stack.endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(signature_version="s3v4", max_pool_connections=32),
    )
    services = Services(configuration, s3, stack.client("stepfunctions"), stack.client("sagemaker"))
    made: list[Cloud] = []
    with (
        served(lambda event: serve(event, lambda: made[0].services), KEYS) as address,
        httpx.Client(
            base_url=address, headers={"x-api-key": "secret-of-the-owner-01"}, timeout=60
        ) as one,
        httpx.Client(
            base_url=address, headers={"x-api-key": "secret-of-the-other-02"}, timeout=60
        ) as two,
        httpx.Client(timeout=60) as plain,
    ):
        made.append(Cloud(one, two, plain, stack, services))
        yield made[0]
