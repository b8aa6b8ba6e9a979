"""The API over HTTP with an emulated AWS behind it, and what the tests do with both."""

from __future__ import annotations

import base64
import hashlib
import json
import textwrap
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api.services import Services
from spaceport_app.cloud.layout import Step

from ...emulators.stack import Stack

OWNER, OTHER = "ownerkey01", "otherkey02"
KEYS = {"secret-of-the-owner-01": OWNER, "secret-of-the-other-02": OTHER}
SEEDS = "allowed-seeds"

_MACHINE = {
    "StartAt": "Wait",
    "States": {
        "Wait": {"Type": "Wait", "Seconds": 3600, "Next": "Done"},
        "Done": {"Type": "Succeed"},
    },
}


@dataclass
class Cloud:
    """What a test has at hand.

    Parameters
    ----------
    http, other, plain : httpx.Client
        Send the keys of two owners, and none: S3 is given no key.
    services : Services
        With which the handler answers; a test may replace it.
    """

    http: httpx.Client
    other: httpx.Client
    plain: httpx.Client
    stack: Stack
    services: Services

    def configure(self, **changes: Any) -> None:
        configuration = replace(self.services.configuration, **changes)
        self.services = replace(self.services, configuration=configuration)

    def make(self, *contents: bytes, **fields: Any) -> str:
        """Make a job of files with these contents."""
        answer = self.http.post("/jobs", json={**asked(*contents), **fields})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["job"])

    def sign(self, job: str, *parts: tuple[int, int, bytes]) -> list[dict[str, Any]]:
        wanted = [{"file": f, "part": p, "sha256": base64_sha(c)} for f, p, c in parts]
        answer = self.http.post(f"/jobs/{job}/parts", json={"parts": wanted})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["parts"]
        return found

    def upload(self, job: str, *parts: tuple[int, int, bytes]) -> None:
        """Upload parts as a client does."""
        for signed, (_, _, content) in zip(self.sign(job, *parts), parts, strict=True):
            sent = self.plain.put(signed["url"], content=content, headers=signed["headers"])
            assert sent.status_code == 200, sent.text

    def running(self, *contents: bytes, **fields: Any) -> str:
        """Make a job, upload its files and start it."""
        job = self.make(*contents, **fields)
        self.upload(job, *((number, 1, content) for number, content in enumerate(contents)))
        answer = self.http.post(f"/jobs/{job}/start", json={})
        assert answer.status_code == 200, answer.text
        return job

    def status(self, job: str, **query: Any) -> dict[str, Any]:
        answer = self.http.get(f"/jobs/{job}", params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def compute(self, job: str, step: Step, script: str) -> None:
        """Start the SageMaker job of a step as the state machine does; it runs this script."""
        name = layout.compute_name(job, step)
        path = self.stack.folder / f"{name}.py"
        path.write_text(textwrap.dedent(script), encoding="utf-8")
        role, sagemaker = "arn:aws:iam::123456789012:role/job-role", self.stack.client("sagemaker")
        entry = {"ContainerEntrypoint": ["python"], "ContainerArguments": [step]}
        if step == "3dgs":
            sagemaker.create_training_job(
                TrainingJobName=name,
                AlgorithmSpecification={
                    "TrainingImage": f"script:{path}",
                    "TrainingInputMode": "File",
                    **entry,
                },
                RoleArn=role,
                InputDataConfig=[
                    {
                        "ChannelName": "job",
                        "DataSource": {
                            "S3DataSource": {
                                "S3DataType": "S3Prefix",
                                "S3Uri": f"s3://{self.stack.artifacts}/{layout.record(job)}",
                            }
                        },
                    }
                ],
                OutputDataConfig={"S3OutputPath": f"s3://{self.stack.artifacts}/models/"},
                ResourceConfig={
                    "InstanceType": "ml.g4dn.xlarge",
                    "InstanceCount": 1,
                    "VolumeSizeInGB": 50,
                },
                StoppingCondition={"MaxRuntimeInSeconds": 600},
            )
            return
        sagemaker.create_processing_job(
            ProcessingJobName=name,
            AppSpecification={"ImageUri": f"script:{path}", **entry},
            RoleArn=role,
            ProcessingResources={
                "ClusterConfig": {
                    "InstanceCount": 1,
                    "InstanceType": "ml.c6i.2xlarge",
                    "VolumeSizeInGB": 50,
                }
            },
            StoppingCondition={"MaxRuntimeInSeconds": 600},
        )

    def compute_status(self, job: str, step: Step) -> str:
        sagemaker, name = self.stack.client("sagemaker"), layout.compute_name(job, step)
        if step == "3dgs":
            return str(sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"])
        told = sagemaker.describe_processing_job(ProcessingJobName=name)
        return str(told["ProcessingJobStatus"])

    def pid(self, job: str, step: Step) -> int:
        """Wait for the process of a step and return its id."""
        path = self.stack.folder / layout.compute_name(job, step) / "pid"
        await_true(lambda: path.is_file() and path.read_text() != "")
        return int(path.read_text())

    def put(self, key: str, value: Any) -> None:
        """Write an object of the artifacts bucket as the worker does."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.stack.client("s3").put_object(Bucket=self.stack.artifacts, Key=key, Body=body)

    def keys(self, bucket: str, part: str) -> list[str]:
        """Return the keys of a bucket that hold `part`."""
        pages = self.stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
        found = (entry["Key"] for page in pages for entry in page.get("Contents", []))
        return [key for key in found if part in key]


def asked(*contents: bytes, name: str = "Meadow") -> dict[str, Any]:
    """Return the body of ``POST /jobs`` for files with these contents."""
    files = [
        {
            "name": f"DCIM/{number}.jpg",
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for number, content in enumerate(contents)
    ]
    return {"name": name, "files": files, "settings": {"preset": "preview", "device": "cuda"}}


def base64_sha(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def machine(stack: Stack, definition: dict[str, Any] | None = None) -> str:
    """Make a state machine that only waits, and return its ARN."""
    states = stack.client("stepfunctions")
    answer = states.create_state_machine(
        name=f"machine-{time.monotonic_ns()}",
        definition=json.dumps(definition or _MACHINE),
        roleArn="arn:aws:iam::123456789012:role/machine-role",
    )
    return str(answer["stateMachineArn"])


def await_true(condition: Any, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Whether a process works; one that has ended and is not yet fetched does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
