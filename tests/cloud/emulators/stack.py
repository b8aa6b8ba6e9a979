"""One emulated AWS account of the tests: its buckets, its clients, its state machine."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from .sagemaker import THROTTLE

REGION = "us-west-2"
SENDER, SEAL = "spaceport@example.org", "alias/spaceport-seal"
UPLOADS, ARTIFACTS = "spaceport-uploads", "spaceport-artifacts"

_MAKING = threading.Lock()
_TESTS = Path(__file__).parents[2]
_ROOT = _TESTS.parent


@dataclass(frozen=True)
class Stack:
    """A running server and the folder in which its jobs work.

    Parameters
    ----------
    endpoint : str
        ``http://127.0.0.1:PORT``: S3, Step Functions, SageMaker, SES, IAM and Lambda alike.
    folder : Path
        The jobs' files: ``NAME/RUN/...`` takes the place of ``/opt/ml``, ``NAME/pid`` is the
        running process.
    """

    endpoint: str
    folder: Path
    uploads: str = UPLOADS
    artifacts: str = ARTIFACTS
    _clients: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def client(self, service: str) -> Any:
        """Return the boto3 client of this account, which all tests and threads share."""
        with _MAKING:
            if service not in self._clients:
                # Every one takes a tenth of a second to make: it reads the model of its service.
                self._clients[service] = boto3.client(
                    service,
                    endpoint_url=self.endpoint,
                    region_name=REGION,
                    aws_access_key_id="test",
                    aws_secret_access_key="test",
                    config=Config(retries={"max_attempts": 1}, max_pool_connections=32),
                )
            return self._clients[service]

    def environment(self) -> dict[str, str]:
        """Return what a process needs to work with this account."""
        return {**account(), "AWS_ENDPOINT_URL": self.endpoint}

    def throttle(self, requests: int) -> None:
        """Have SageMaker refuse the next requests as too many."""
        (self.folder / THROTTLE).write_text(str(requests))

    def throttled(self) -> int:
        """Return how many requests are still to be refused."""
        return int((self.folder / THROTTLE).read_text())


def account() -> dict[str, str]:
    """Return the environment of any process with this account, but for the address."""
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SPACEPORT_UPLOADS": UPLOADS,
        "SPACEPORT_ARTIFACTS": ARTIFACTS,
        # Of the mail function, which runs in the server.
        "SPACEPORT_SENDER": SENDER,
        "SPACEPORT_SEAL": SEAL,
        "SPACEPORT_LINKS": "https://api.example.org/v1/links",
        "SPACEPORT_LINK_SECONDS": "604800",
    }


@contextmanager
def started(folder: Path, more: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """Start a server as a process, make the buckets, and end it with its jobs.

    `more` goes to the environment of the server and of its jobs.
    """
    path = os.pathsep.join([str(_ROOT), str(_TESTS), os.environ.get("PYTHONPATH", "")])
    log = folder / "server.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "cloud.emulators.server", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **account(), "PYTHONPATH": path, **(more or {})},
        ) as process,
    ):
        assert process.stdin is not None and process.stdout is not None
        try:
            port = process.stdout.readline().decode().strip()
            assert port, f"the server did not start: {log.read_text()[-2000:]}"
            stack = Stack(f"http://127.0.0.1:{port}", folder)
            s3 = stack.client("s3")
            for bucket in (UPLOADS, ARTIFACTS):
                place = {"LocationConstraint": REGION}
                s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
            yield stack
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
