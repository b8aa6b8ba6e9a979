"""Jobs as the API leaves them in S3, for tests that begin behind the API."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend import definition
from spaceport_app.cloud.backend.api.configuration import Configuration
from spaceport_app.cloud.backend.api.execution import machine_input
from spaceport_app.cloud.backend.api.records import Record
from spaceport_app.cloud.job import CloudFile, CloudJob
from spaceport_app.cloud.layout import STEPS, Step

from .emulators.server import ACCOUNT
from .emulators.stack import REGION, Stack

ROLE_PATH = "/spaceport/test/"
SAMPLE = Path(__file__).parents[2] / "resources" / "sample_flight"
TINY: dict[str, Any] = {
    "preset": "preview",
    "device": "cpu",
    "excluded": [],
    "options": {
        "sfm": {"feature_image_size": 640, "max_features": 1500, "view_size": 320},
        "train": {
            "image_size": 200,
            "iterations": 150,
            "max_gaussians": 4000,
            "sh_degree": 0,
        },
    },
}
"""As small as it gets with every stage real."""


def sample_photos(count: int) -> dict[str, bytes]:
    """Return the first photos of the sample flight, which overlap, by their names."""
    return {path.name: path.read_bytes() for path in sorted(SAMPLE.glob("*.JPG"))[:count]}


@dataclass(frozen=True)
class Put:
    """A job whose files lie in S3."""

    stack: Stack
    id: str
    job: CloudJob

    def keys(self, prefix: str) -> list[str]:
        """Return the keys of the artifacts bucket below a prefix."""
        found = self.stack.client("s3").list_objects_v2(Bucket=self.stack.artifacts, Prefix=prefix)
        return [item["Key"] for item in found.get("Contents", [])]

    def read(self, key: str) -> bytes:
        """Return an object of the artifacts bucket."""
        answer = self.stack.client("s3").get_object(Bucket=self.stack.artifacts, Key=key)
        body: bytes = answer["Body"].read()
        return body

    def progress(self, step: Step) -> dict[str, Any]:
        """Return what the worker tells of a step."""
        found: dict[str, Any] = json.loads(self.read(layout.progress(self.id, step)))
        return found

    def manifest(self, step: Step) -> dict[str, Any]:
        """Return what a step has made."""
        found: dict[str, Any] = json.loads(self.read(layout.manifest(self.id, step)))
        return found

    def results(self, step: Step) -> dict[str, bytes]:
        """Return all files of a step by their paths, each checked against the manifest."""
        found = {}
        for file in self.manifest(step)["files"]:
            data = self.read(layout.result(self.id, step, file["path"]))
            assert len(data) == file["bytes"]
            assert hashlib.sha256(data).hexdigest() == file["sha256"]
            found[file["path"]] = data
        return found

    def machine_input(self, **more: Any) -> dict[str, Any]:
        """Return the input of the state machine."""
        configuration = Configuration(
            self.stack.uploads, self.stack.artifacts, "", waits_s=dict.fromkeys(STEPS, 4)
        )
        now = datetime.now(UTC)
        record = Record(self.id, "key", now, now, self.job)
        return {**machine_input(configuration, record), **more}


def put(
    stack: Stack,
    files: Mapping[str, bytes],
    settings: Mapping[str, Any] | None = None,
    first: Step = "sfm",
    last: Step = "compression",
    email: str = "",
    name: str = "Flug über Öland",
    source: str = "",
) -> Put:
    """Put a job's files and record to S3 as the API does."""
    job = "".join(secrets.choice("0123456789abcdefghjkmnpqrstvwxyz") for _ in range(26))
    asked = CloudJob(
        name,
        tuple(
            CloudFile(path, len(data), hashlib.sha256(data).hexdigest())
            for path, data in files.items()
        ),
        TINY if settings is None else settings,
        first,
        last,
        email,
    )
    s3 = stack.client("s3")
    for number, data in enumerate(files.values()):
        s3.put_object(Bucket=stack.uploads, Key=layout.upload(job, number), Body=data)
    now = datetime.now(UTC)
    body = json.dumps(Record(job, "key", now, now, asked, source).as_json()).encode()
    s3.put_object(Bucket=stack.artifacts, Key=layout.record(job), Body=body)
    return Put(stack, job, asked)


def machine(stack: Stack, name: str, cpu: str = "cpu", train: str = "train", **more: str) -> str:
    """Make the state machine with given images and return its ARN."""
    account = f"{REGION}:123456789012"
    values = {
        "Uploads": stack.uploads,
        "Artifacts": stack.artifacts,
        "Roles": f"arn:aws:iam::{ACCOUNT}:role{ROLE_PATH}sp-",
        "RolePath": ROLE_PATH,
        "Boundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
        "Partition": "aws",
        "Account": ACCOUNT,
        "CpuImage": cpu,
        "TrainImage": train,
        "Subnets": "subnet-1,subnet-2",
        "SecurityGroups": "sg-1",
        "MailFunction": f"arn:aws:lambda:{account}:function:mail",
        "Topic": f"arn:aws:sns:{account}:failures",
        **more,
    }
    answer = stack.client("stepfunctions").create_state_machine(
        name=name,
        definition=definition.text(values),
        roleArn="arn:aws:iam::123456789012:role/machine",
    )
    return str(answer["stateMachineArn"])


@dataclass(frozen=True)
class Execution:
    """One run of a state machine."""

    stack: Stack
    arn: str

    def described(self) -> dict[str, Any]:
        """Return its description."""
        states = self.stack.client("stepfunctions")
        found: dict[str, Any] = states.describe_execution(executionArn=self.arn)
        return found

    def ended(self, patience_s: float = 60.0) -> dict[str, Any]:
        """Return its description once it has ended."""
        until = time.monotonic() + patience_s
        while (found := self.described())["status"] == "RUNNING":
            assert time.monotonic() < until, f"still running: {self.states()}"
            time.sleep(0.1)
        return found

    def states(self) -> list[str]:
        """Return the states in the order in which they were entered."""
        states = self.stack.client("stepfunctions")
        history = states.get_execution_history(executionArn=self.arn, maxResults=1000)
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in history["events"]
            if "stateEnteredEventDetails" in event
        ]


def start(job: Put, machine: str, **more: Any) -> Execution:
    """Start the state machine for a job."""
    answer = job.stack.client("stepfunctions").start_execution(
        stateMachineArn=machine, name=job.id, input=json.dumps(job.machine_input(**more))
    )
    return Execution(job.stack, answer["executionArn"])
