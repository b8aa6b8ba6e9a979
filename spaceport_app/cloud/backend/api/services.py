"""The AWS services that the API calls, and all that a handler is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config

from spaceport_app.cloud.backend.api.configuration import Configuration

THREADS = 32
"""Calls to S3 made at the same time; a job may have thousands of objects."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services:
    """Clients of S3, Step Functions and SageMaker, the configuration and the clock."""

    configuration: Configuration
    s3: Any
    states: Any
    sagemaker: Any
    now: Callable[[], datetime] = _now


def connect(configuration: Configuration) -> Services:
    """Return clients in the region and with the role of the function."""
    # An answer has 29 s at API Gateway: no call may hang for the 60 s that boto3 waits by default.
    patience = {"connect_timeout": 3, "read_timeout": 10, "retries": {"mode": "standard"}}
    config = Config(max_pool_connections=THREADS, **patience)
    # Virtual-host addresses only come with the region in them if it is asked for: others are
    # redirected, which a presigned PUT does not survive.
    s3 = Config(signature_version="s3v4", s3={"us_east_1_regional_endpoint": "regional"}).merge(
        config
    )
    return Services(
        configuration,
        boto3.client("s3", config=s3),
        boto3.client("stepfunctions", config=config),
        boto3.client("sagemaker", config=config),
    )
