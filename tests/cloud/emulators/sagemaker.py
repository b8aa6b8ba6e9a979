"""SageMaker as moto lacks it: its processing and training jobs run the container's command.

A job's request is checked against the service's own model. Its input prefixes are fetched from
S3 into a folder that takes the place of ``/opt/ml``, its command runs as a process there, and
what it leaves goes where SageMaker puts it. Stopping sends SIGTERM and, later, SIGKILL.
An image called ``script:PATH`` runs that Python file instead of the request's entry point.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
import botocore.session
from botocore.validate import ParamValidator

GRACE_S = 60.0
THROTTLE = "throttle"
"""File in the folder of the jobs: how many requests to refuse as too many."""
LATE = "late"
"""File there: for how many requests a role that was made is not known yet."""

_SYNC_S = 0.5
_TERMINATED = 128 + signal.SIGTERM

KINDS = {"processing": "Processing", "training": "Training"}


@dataclass
class Job:
    """One job as SageMaker tells of it."""

    kind: str
    request: dict[str, Any]
    folder: Path
    status: str = "InProgress"
    secondary: str = "Starting"
    reason: str = ""
    message: str = ""
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: datetime | None = None
    ended: datetime | None = None
    stopping: bool = False
    out_of_time: bool = False
    runs: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        return str(self.request[f"{KINDS[self.kind]}JobName"])

    @property
    def arn(self) -> str:
        return f"arn:aws:sagemaker:us-west-2:123456789012:{self.kind}-job/{self.name}"

    def described(self) -> dict[str, Any]:
        kind = KINDS[self.kind]
        answer: dict[str, Any] = {
            **{key: value for key, value in self.request.items() if key != "Tags"},
            f"{kind}JobArn": self.arn,
            f"{kind}JobStatus": self.status,
            "CreationTime": self.created,
            "LastModifiedTime": self.ended or self.started or self.created,
        }
        for key, value in (
            (f"{kind}StartTime", self.started),
            (f"{kind}EndTime", self.ended),
            ("FailureReason", self.reason[:1024]),
        ):
            if value:
                answer[key] = value
        if self.kind == "training":
            answer["SecondaryStatus"] = self.secondary
            if self.started is not None:
                seconds = int(((self.ended or datetime.now(UTC)) - self.started).total_seconds())
                answer["TrainingTimeInSeconds"] = answer["BillableTimeInSeconds"] = seconds
        elif self.message:
            answer["ExitMessage"] = self.message[:1024]
        return answer


class Jobs:
    """All jobs of this emulator."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._jobs: dict[tuple[str, str], Job] = {}
        self._lock = threading.Lock()
        model = botocore.session.get_session().get_service_model("sagemaker")
        self._shapes = {
            kind: model.operation_model(f"Create{KINDS[kind]}Job").input_shape for kind in KINDS
        }

    def create(self, kind: str, request: dict[str, Any]) -> dict[str, Any]:
        self._busy()
        report = ParamValidator().validate(request, self._shapes[kind])
        if report.has_errors():
            raise _refused("ValidationException", report.generate_report())
        self._assume(request["RoleArn"])
        job = Job(kind, request, self._folder)
        with self._lock:
            if (kind, job.name) in self._jobs:
                raise _refused("ResourceInUse", f"A {kind} job called {job.name} exists.")
            self._jobs[kind, job.name] = job
        job.folder = self._folder / job.name
        threading.Thread(target=_work, args=(job,), daemon=True).start()
        return {f"{KINDS[kind]}JobArn": job.arn}

    def describe(self, kind: str, name: str) -> dict[str, Any]:
        self._busy()
        return self._find(kind, name).described()

    def stop(self, kind: str, name: str) -> None:
        job = self._find(kind, name)
        if job.status == "InProgress":
            job.stopping, job.status, job.secondary = True, "Stopping", "Stopping"
            threading.Thread(target=_end, args=(job,), daemon=True).start()

    def end_all(self) -> None:
        for job in self._jobs.values():
            if job.process is not None and job.process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(job.process.pid, signal.SIGKILL)

    def _find(self, kind: str, name: str) -> Job:
        job = self._jobs.get((kind, name))
        if job is None:
            code = "ValidationException" if kind == "training" else "ResourceNotFound"
            # In the words of the service, by which alone its callers can tell.
            raise _refused(code, f"Requested resource not found: {name}")
        return job

    def _assume(self, role: str) -> None:
        """Refuse a role of a job that is not there, or not known yet."""
        if ":role/spaceport/" not in role:
            return
        late = self._folder / LATE
        with self._lock:
            left = int(late.read_text()) if late.exists() else 0
            if left:
                late.write_text(str(left - 1))
        name = role.rpartition("/")[2]
        try:
            if not left and boto3.client("iam").get_role(RoleName=name)["Role"]["Arn"] == role:
                return
        except botocore.exceptions.ClientError:
            pass
        raise _refused("ValidationException", f"Could not assume role {role}.")

    def _busy(self) -> None:
        wish = self._folder / THROTTLE
        with self._lock:
            left = int(wish.read_text()) if wish.exists() else 0
            if left:
                wish.write_text(str(left - 1))
                raise _refused("ThrottlingException", "Rate exceeded")


def install(folder: Path) -> Jobs:
    """Put these jobs in the place of moto's."""
    from moto.core.responses import ActionResult, EmptyResult
    from moto.sagemaker.responses import SageMakerResponse
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_aws_sdk as sdk,
    )

    # Step Functions names the errors of a service by its name in the Java SDK.
    sdk._SERVICE_ERROR_NAMES["sagemaker"] = "SageMaker"
    sdk._SERVICE_ERROR_NAMES["iam"] = "Iam"
    evaluate = sdk.StateTaskServiceAwsSdk._eval_service_task

    def evaluate_to_json(self: Any, env: Any, *arguments: Any, **named: Any) -> None:
        evaluate(self, env, *arguments, **named)
        # Moments are text in a state's result; moto leaves objects and fails to tell the end.
        env.stack.append(json.loads(json.dumps(env.stack.pop(), default=datetime.isoformat)))

    sdk.StateTaskServiceAwsSdk._eval_service_task = evaluate_to_json
    _read_role_paths()
    jobs = Jobs(folder)

    def add(kind: str) -> None:
        key = f"{KINDS[kind]}JobName"

        def create(self: Any) -> Any:
            return ActionResult(jobs.create(kind, json.loads(self.body)))

        def describe(self: Any) -> Any:
            return ActionResult(jobs.describe(kind, json.loads(self.body)[key]))

        def stop(self: Any) -> Any:
            jobs.stop(kind, json.loads(self.body)[key])
            return EmptyResult()

        setattr(SageMakerResponse, f"create_{kind}_job", create)
        setattr(SageMakerResponse, f"describe_{kind}_job", describe)
        setattr(SageMakerResponse, f"stop_{kind}_job", stop)

    for kind in KINDS:
        add(kind)
    return jobs


def _read_role_paths() -> None:
    """Have moto's parser take ``RoleArn.$`` among parameters: it knows the word as its own only."""
    from moto.stepfunctions.parser.asl.component.common.payload.payloadvalue.payloadbinding import (
        payload_binding,
    )
    from moto.stepfunctions.parser.asl.component.common.string import string_expression
    from moto.stepfunctions.parser.asl.parse.intrinsic.intrinsic_parser import IntrinsicParser
    from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

    visit = Preprocessor.visitPayload_binding_value

    def visit_or_evaluate(self: Any, ctx: Any) -> Any:
        found = visit(self, ctx)
        if found.field != "RoleArn.$":
            return found
        text = found.payload_value.val
        function, _ = IntrinsicParser.parse(text)
        return payload_binding.PayloadBindingStringExpressionSimple(
            field="RoleArn",
            string_expression_simple=string_expression.StringIntrinsicFunction(text, function),
        )

    Preprocessor.visitPayload_binding_value = visit_or_evaluate


def _refused(code: str, message: str) -> Exception:
    from moto.sagemaker.exceptions import SagemakerClientError

    error = SagemakerClientError(message)
    error.code = code
    return error


def _work(job: Job) -> None:
    job.started = datetime.now(UTC)
    try:
        while True:
            job.runs += 1
            root = job.folder / str(job.runs)
            status = _run(job, root)
            spot = job.request.get("EnableManagedSpotTraining")
            interrupted = status == _TERMINATED and not job.stopping and not job.out_of_time
            if not (spot and interrupted):
                break
            # Another machine takes over, with what was saved of the first.
            job.secondary = "Interrupted"
        if job.stopping:
            _ended(job, "Stopped", "Stopped")
        elif job.out_of_time:
            _ended(job, "Stopped", "MaxRuntimeExceeded")
        elif status:
            _failed(job, root, status)
        else:
            _ended(job, "Completed", "Completed")
    except Exception as error:
        job.reason = f"ClientError: {error}"
        _ended(job, "Stopped" if job.stopping else "Failed", "Failed")


def _ended(job: Job, status: str, secondary: str) -> None:
    job.ended = datetime.now(UTC)
    job.status, job.secondary = status, secondary


def _failed(job: Job, root: Path, status: int) -> None:
    name = "failure" if job.kind == "training" else "message"
    told = root / "output" / name
    words = told.read_text(encoding="utf-8") if told.is_file() else ""
    if job.kind == "training":
        job.reason = f"AlgorithmError: {words}, exit code: {status}"
    else:
        job.reason = "AlgorithmError: See job logs for more information"
        job.message = words
    _ended(job, "Failed", "Failed")


def _run(job: Job, root: Path) -> int:
    """Fetch the inputs, run the command, put away what it leaves; return its exit status."""
    root.mkdir(parents=True)
    (root / "output").mkdir()
    for uri, path in _inputs(job):
        if _fetch(uri, _below(root, path)) == 0:
            raise RuntimeError(f"No S3 objects found under S3 URL {uri!r}")
    checkpoints = job.request.get("CheckpointConfig")
    kept = _below(root, checkpoints["LocalPath"]) if checkpoints else None
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        _fetch(checkpoints["S3Uri"], kept)
    with (root / "log").open("wb") as log:
        job.process = subprocess.Popen(
            _command(job),
            cwd=root,
            env={**os.environ, **job.request.get("Environment", {}), "SPACEPORT_ROOT": str(root)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    (job.folder / "pid").write_text(str(job.process.pid))
    if job.stopping:
        _end(job)
    job.secondary = "Training"
    limit = job.request["StoppingCondition"]["MaxRuntimeInSeconds"]
    until, sent = time.monotonic() + limit, {}
    while job.process.poll() is None:
        time.sleep(_SYNC_S / 5)
        if time.monotonic() > until and not job.out_of_time and not job.stopping:
            job.out_of_time = True
            threading.Thread(target=_end, args=(job,), daemon=True).start()
        if kept is not None:
            _send(kept, checkpoints["S3Uri"], sent)
    if kept is not None:
        _send(kept, checkpoints["S3Uri"], sent)
    if job.kind == "training":
        _send_model(job, root)
    shutil.rmtree(root / "input", ignore_errors=True)
    status = job.process.returncode
    return 128 - status if status < 0 else status


def _end(job: Job) -> None:
    process = job.process
    if process is None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _command(job: Job) -> list[str]:
    training = job.kind == "training"
    about = job.request["AlgorithmSpecification" if training else "AppSpecification"]
    image = about["TrainingImage" if training else "ImageUri"]
    command = [*about["ContainerEntrypoint"], *about.get("ContainerArguments", ())]
    if image.startswith("script:"):
        command = ["python", image.removeprefix("script:"), *about.get("ContainerArguments", ())]
    return [sys.executable if part == "python" else part for part in command]


def _inputs(job: Job) -> list[tuple[str, str]]:
    if job.kind == "training":
        return [
            (one["DataSource"]["S3DataSource"]["S3Uri"], f"/opt/ml/input/data/{one['ChannelName']}")
            for one in job.request["InputDataConfig"]
        ]
    inputs = job.request.get("ProcessingInputs", [])
    return [(one["S3Input"]["S3Uri"], one["S3Input"]["LocalPath"]) for one in inputs]


def _below(root: Path, path: str) -> Path:
    return root / Path(path).relative_to("/opt/ml")


def _place(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _fetch(uri: str, folder: Path) -> int:
    """Fetch all objects whose keys start with a prefix; return how many there were."""
    bucket, prefix = _place(uri)
    folder.mkdir(parents=True, exist_ok=True)
    s3 = boto3.client("s3")
    count = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            target = folder / item["Key"][prefix.rfind("/") + 1 :]
            target.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, item["Key"], str(target))
            count += 1
    return count


def _send(folder: Path, uri: str, sent: dict[str, tuple[int, int]]) -> None:
    """Put what is new or changed in a folder to S3, as SageMaker does with checkpoints."""
    bucket, prefix = _place(uri)
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            status = path.stat()
            mark = (status.st_size, status.st_mtime_ns)
            name = path.relative_to(folder).as_posix()
            if path.is_file() and sent.get(name) != mark:
                boto3.client("s3").upload_file(str(path), bucket, prefix + name)
                sent[name] = mark


def _send_model(job: Job, root: Path) -> None:
    model = root / "model"
    if not model.is_dir():
        return
    archive = root / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(model, ".")
    bucket, prefix = _place(job.request["OutputDataConfig"]["S3OutputPath"])
    key = f"{prefix.rstrip('/')}/{job.name}/output/model.tar.gz"
    boto3.client("s3").upload_file(str(archive), bucket, key)
