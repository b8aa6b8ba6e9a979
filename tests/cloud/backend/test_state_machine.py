"""Every way through the state machine, on the real engine of the states language.

The containers are small scripts here; `test_whole_way` has the real worker.
"""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend import definition
from spaceport_app.cloud.backend.api import roles
from spaceport_app.cloud.backend.api.configuration import MOST_S, Configuration
from spaceport_app.cloud.layout import STEPS, Step

from ..emulators import scripts
from ..emulators.sagemaker import LATE
from ..emulators.server import ACCOUNT, LETTERS
from ..emulators.stack import SEAL, SENDER, Stack
from ..jobs import ROLE_PATH, Execution, Put, machine, put, start

SCRIPTS = Path(scripts.__file__).parent
FILES = {"a.jpg": b"photo"}
_ROLE = 7
"""States before the first step: two look at the input, five make the job's role."""


@pytest.fixture(scope="module")
def machines(stack: Stack) -> Callable[..., str]:
    """Return a function that makes a state machine of scripts, each only once."""
    made: dict[tuple[str, ...], str] = {}

    def make(cpu: str, train: str = "finish", **more: str) -> str:
        key = (cpu, train, *map(str, sorted(more.items())))
        if key not in made:
            images = [f"script:{SCRIPTS / name}.py" for name in (cpu, train)]
            made[key] = machine(stack, f"m{len(made)}-{cpu}-{train}", *images, **more)
        return made[key]

    return make


@pytest.fixture(autouse=True)
def unthrottled(stack: Stack) -> Iterator[None]:
    yield
    stack.throttle(0)


def job(stack: Stack, first: Step = "sfm", last: Step = "compression", **more: Any) -> Put:
    """Put a job of which every step finds something in its prefixes."""
    made = put(stack, FILES, first=first, last=last, **more)
    for step in made.job.steps:
        key = layout.result(made.id, step, "some/file")
        stack.client("s3").put_object(Bucket=stack.artifacts, Key=key, Body=b"1")
    return made


def created(execution: Execution) -> list[str]:
    return [state for state in execution.states() if state.startswith("Create")]


def compute(execution: Execution, made: Put, step: Step, status: str) -> dict[str, Any]:
    """Return the description of a SageMaker job once it has a status."""
    client = execution.stack.client("sagemaker")
    name = layout.compute_name(made.id, step)
    until = time.monotonic() + 20
    while True:
        assert time.monotonic() < until, f"{step} is never {status}: {execution.described()}"
        try:
            if step == "3dgs":
                found: dict[str, Any] = client.describe_training_job(TrainingJobName=name)
                state = found["TrainingJobStatus"]
            else:
                found = client.describe_processing_job(ProcessingJobName=name)
                state = found["ProcessingJobStatus"]
            if state == status:
                return found
        except client.exceptions.ClientError:
            pass
        time.sleep(0.1)


ALL = ["CreateSfm", "CreateTraining", "CreateCompression"]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("sfm", "compression"),
        ("sfm", "sfm"),
        ("3dgs", "3dgs"),
        ("compression", "compression"),
        ("3dgs", "compression"),
    ],
)
def test_fault_5_each_step_alone_and_together_finds_its_inputs(
    stack: Stack, machines: Callable[..., str], first: Step, last: Step
) -> None:
    run = start(job(stack, first, last), machines("finish"))
    ended = run.ended()
    assert ended["status"] == "SUCCEEDED", (ended["error"], ended["cause"])
    assert created(run) == ALL[STEPS.index(first) : STEPS.index(last) + 1]
    assert run.states()[-1] == "Finished"


def test_an_empty_prefix_fails_with_its_name(stack: Stack, machines: Callable[..., str]) -> None:
    made = job(stack)
    keys = made.machine_input()["keys"]
    keys["files"] = "jobs/nothing/"
    run = start(made, machines("finish"), keys=keys)
    ended = run.ended()
    assert (ended["status"], ended["error"]) == ("FAILED", "Failed")
    assert "jobs/nothing/" in ended["cause"]


@pytest.mark.parametrize("step", ["sfm", "3dgs", "compression"])
def test_fault_1_a_failed_job_ends_as_failed_with_its_reason(
    stack: Stack, machines: Callable[..., str], step: Step
) -> None:
    run = start(job(stack, step), machines("fail", "fail"))
    ended = run.ended()
    assert (ended["status"], ended["error"]) == ("FAILED", "Failed")
    assert "Too few photos. Take more." in ended["cause"]
    assert created(run) == [ALL[STEPS.index(step)]]


def test_a_job_that_fails_without_a_word_ends_as_failed(
    stack: Stack, machines: Callable[..., str]
) -> None:
    ended = start(job(stack), machines("silent")).ended()
    assert (ended["status"], ended["error"]) == ("FAILED", "Failed")
    assert "AlgorithmError" in ended["cause"]


@pytest.mark.parametrize("step", ["sfm", "3dgs", "compression"])
def test_fault_2_a_stopped_job_ends_at_once_as_stopped_and_its_process_is_dead(
    stack: Stack, machines: Callable[..., str], step: Step
) -> None:
    made = job(stack, step)
    run = start(made, machines("slow", "slow"))
    compute(run, made, step, "InProgress")
    name = layout.compute_name(made.id, step)
    pid = stack.folder / name / "pid"
    until = time.monotonic() + 20
    while not pid.exists() and time.monotonic() < until:
        time.sleep(0.05)
    client = stack.client("sagemaker")
    if step == "3dgs":
        client.stop_training_job(TrainingJobName=name)
    else:
        client.stop_processing_job(ProcessingJobName=name)
    ended = run.ended(15)
    assert (ended["status"], ended["error"]) == ("FAILED", "Stopped")
    compute(run, made, step, "Stopped")
    assert not psutil.pid_exists(int(pid.read_text()))
    assert created(run) == [ALL[STEPS.index(step)]]


def test_training_that_takes_too_long_ends_as_out_of_time(
    stack: Stack, machines: Callable[..., str]
) -> None:
    run = start(
        job(stack, "3dgs"), machines("finish", "slow"), limitsSeconds=dict.fromkeys(STEPS, 1)
    )
    ended = run.ended(15)
    assert (ended["status"], ended["error"]) == ("FAILED", "TimeLimit")


@pytest.mark.parametrize(
    "change",
    [
        {"pipelineStep": "all"},
        {"pipelineStep": ""},
        {"pipelineStep": "SFM"},
        {"pipelineStep": None},
        {"lastStep": "upload"},
    ],
)
def test_an_unknown_step_fails_and_nothing_is_created(
    stack: Stack, machines: Callable[..., str], change: dict[str, Any]
) -> None:
    run = start(job(stack), machines("finish"), **change)
    ended = run.ended()
    assert (ended["status"], ended["error"]) == ("FAILED", "UnknownStep")
    assert created(run) == []


def test_throttling_is_tried_again(stack: Stack, machines: Callable[..., str]) -> None:
    made = job(stack, "compression")
    stack.throttle(2)
    run = start(made, machines("finish"))
    ended = run.ended()
    assert ended["status"] == "SUCCEEDED", (ended["error"], ended["cause"])
    assert stack.throttled() == 0
    assert "CompressionBusy" not in run.states()


def test_throttling_that_goes_on_is_waited_for(stack: Stack, machines: Callable[..., str]) -> None:
    made = job(stack, "compression")
    stack.throttle(4)
    run = start(made, machines("finish"))
    ended = run.ended()
    assert ended["status"] == "SUCCEEDED", (ended["error"], ended["cause"])
    assert run.states()[_ROLE:][:4] == [
        "CreateCompression",
        "CompressionRefused",
        "CompressionBusy",
        "CreateCompression",
    ]


def test_a_job_that_was_created_by_a_request_whose_answer_was_lost_is_watched(
    stack: Stack, machines: Callable[..., str]
) -> None:
    made = job(stack, "compression")
    first = start(made, machines("finish"))
    assert first.ended()["status"] == "SUCCEEDED"
    # The second execution's request meets the job that is there already.
    again = Execution(
        stack,
        stack.client("stepfunctions").start_execution(
            stateMachineArn=machines("finish"),
            name=f"{made.id}-again",
            input=json.dumps(made.machine_input()),
        )["executionArn"],
    )
    assert again.ended()["status"] == "SUCCEEDED"
    assert again.states().count("CreateCompression") == 1


def test_a_request_that_sagemaker_refuses_ends_at_once_as_failed_and_stops_what_runs(
    stack: Stack, machines: Callable[..., str]
) -> None:
    run = start(
        job(stack, "compression"),
        machines("finish"),
        volumes={"compression": 0},
    )
    ended = run.ended()
    assert ended["status"] == "FAILED"
    assert "VolumeSizeInGB" in ended["cause"]
    # It is not waited for, and tried no more often than what may be a hiccup.
    assert run.states()[_ROLE:] == [
        "CreateCompression",
        "CompressionRefused",
        "StopCompression",
        "Alarm",
        "TellFailed",
        "Failed",
    ]


@pytest.mark.parametrize(("container", "status"), [("finish", "SUCCEEDED"), ("fail", "FAILED")])
def test_a_mail_that_cannot_be_sent_changes_nothing(
    stack: Stack, machines: Callable[..., str], container: str, status: str
) -> None:
    # There is no function of this name: the call itself fails.
    made = job(stack, "compression", email="pilot@example.org")
    run = start(made, machines(container, MailFunction="nobody"))
    assert run.ended()["status"] == status
    assert any(state.startswith("Mail") for state in run.states())


@pytest.fixture(scope="module")
def mail_function(stack: Stack) -> str:
    """Deploy the function that sends mails, with its key and its sender; return its name."""
    kms = stack.client("kms")
    key = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    kms.create_alias(AliasName=SEAL, TargetKeyId=key["KeyMetadata"]["KeyId"])
    stack.client("ses").verify_email_identity(EmailAddress=SENDER)
    trust = {"Version": "2012-10-17", "Statement": []}
    role = stack.client("iam").create_role(
        RoleName="mail", AssumeRolePolicyDocument=json.dumps(trust)
    )
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as made:
        made.writestr("entry.py", "")
    stack.client("lambda").create_function(
        FunctionName="mail",
        Runtime="python3.12",
        Role=role["Role"]["Arn"],
        Handler="entry.handle",
        Code={"ZipFile": package.getvalue()},
        # The emulator calls what is named here instead of starting a container.
        Description="spaceport_app.cloud.backend.mail.sending:handle",
    )
    return "mail"


def letters(stack: Stack, to: str) -> list[str]:
    """Return the mails to somebody, as the emulated SES has taken them."""
    kept = (stack.folder / LETTERS).read_text(encoding="utf-8").splitlines()
    return [line for line in kept if to in line]


@pytest.mark.parametrize(
    ("container", "status", "subject", "text"),
    [
        ("finish", "SUCCEEDED", "Meadow is finished", ""),
        ("fail", "FAILED", "Meadow", "Too few photos. Take more."),
    ],
)
def test_the_end_of_a_job_is_mailed_by_the_function(
    stack: Stack,
    machines: Callable[..., str],
    mail_function: str,
    container: str,
    status: str,
    subject: str,
    text: str,
) -> None:
    to = f"{container}-{time.monotonic_ns()}@example.org"
    made = job(stack, "compression", email=to, name="Meadow")
    run = start(made, machines(container, MailFunction=mail_function))
    assert run.ended()["status"] == status
    (letter,) = letters(stack, to)
    assert subject in letter and text in letter


def test_the_definition_has_no_other_placeholders_and_needs_all_of_them() -> None:
    text = definition.FILE.read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(definition.PLACEHOLDERS)
    with pytest.raises(KeyError):
        definition.text({})
    values = dict.fromkeys(definition.PLACEHOLDERS, "1")
    with pytest.raises(ValueError, match="Topic"):
        definition.text({**values, "Topic": 'a"b'})


def test_every_wait_task_and_job_has_a_limit() -> None:
    document = json.loads(definition.FILE.read_text(encoding="utf-8"))
    assert document["TimeoutSeconds"] <= 24 * 3600
    tasks = [state for state in document["States"].values() if state["Type"] == "Task"]
    assert len(tasks) == 15
    for task in tasks:
        assert task["TimeoutSeconds"] == 60
        # Nothing may end the machine but its own ends.
        assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
        if "sagemaker:create" in task["Resource"]:
            assert any("StoppingCondition" in name for name in task["Parameters"])


def test_no_job_outlives_the_state_machine_that_watches_it() -> None:
    """A wait for spare capacity counts too: who stops watching leaves a machine that costs."""
    document = json.loads(definition.FILE.read_text(encoding="utf-8"))
    limits = {"SPACEPORT_UPLOADS": "u", "SPACEPORT_ARTIFACTS": "a", "SPACEPORT_STATE_MACHINE": "m"}
    usual = Configuration.of({**limits, "SPACEPORT_SPOT": "true"})
    training = usual.limits_s["3dgs"]
    spot = document["States"]["SpotLimits"]["Parameters"]["MaxWaitTimeInSeconds.$"]
    assert spot == "States.MathAdd($.limitsSeconds['3dgs'], $.limitsSeconds['3dgs'])"
    assert usual.longest_s == sum(usual.limits_s.values()) + training
    # What is left is for waiting at quotas and throttling.
    assert usual.longest_s <= MOST_S <= document["TimeoutSeconds"] - 2 * 3600
    longer = {**limits, "SPACEPORT_LIMITS_SECONDS": '{"3dgs": 36000}'}
    assert Configuration.of(longer).longest_s == 15 * 3600
    with pytest.raises(ValueError, match="limits"):
        Configuration.of({**longer, "SPACEPORT_SPOT": "true"})


def test_the_machines_of_a_job_have_a_role_that_reaches_its_objects_alone(
    stack: Stack, machines: Callable[..., str]
) -> None:
    made, other = job(stack), job(stack)
    run = start(made, machines("finish"))
    assert run.ended()["status"] == "SUCCEEDED"
    sagemaker, iam = stack.client("sagemaker"), stack.client("iam")
    told = iam.get_role(RoleName=f"sp-{made.id}")["Role"]
    assert told["Path"] == ROLE_PATH
    assert told["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith(":policy/boundary")
    (trust,) = told["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    for step in ("sfm", "compression"):
        name = layout.compute_name(made.id, step)
        found = sagemaker.describe_processing_job(ProcessingJobName=name)
        assert found["RoleArn"] == told["Arn"]
    name = layout.compute_name(made.id, "3dgs")
    assert sagemaker.describe_training_job(TrainingJobName=name)["RoleArn"] == told["Arn"]
    policy = iam.get_role_policy(RoleName=f"sp-{made.id}", PolicyName="job")["PolicyDocument"]
    text = json.dumps(policy)
    assert other.id not in text and len(json.dumps(policy, separators=(",", ":"))) < 10_240
    for statement in policy["Statement"]:
        if "s3:" in json.dumps(statement):
            scope = statement.get("Condition", statement["Resource"])
            places = json.dumps(scope).count(made.id)
            assert places and json.dumps(scope).count('"', 0) >= 2 * places
            assert all(
                made.id in place
                for place in re.findall(
                    r"(?:jobs|colmap|3dgs|compressed)/[^\"]*", json.dumps(scope)
                )
            )


@pytest.mark.parametrize(("late", "status"), [(3, "SUCCEEDED"), (1_000, "FAILED")])
def test_a_role_that_is_not_known_yet_is_waited_for_but_not_for_ever(
    stack: Stack, machines: Callable[..., str], late: int, status: str
) -> None:
    made = job(stack, "sfm", "sfm")
    try:
        (stack.folder / LATE).write_text(str(late))
        run = start(made, machines("finish"))
        ended = run.ended(20)
    finally:
        (stack.folder / LATE).unlink()
    assert ended["status"] == status, ended.get("cause")
    assert run.states().count("SfmRoleLate") == 1
    assert status == "SUCCEEDED" or "Could not assume role" in ended["cause"]


def test_roles_of_jobs_that_are_over_are_removed_and_no_others(
    stack: Stack, machines: Callable[..., str]
) -> None:
    iam, states = stack.client("iam"), stack.client("stepfunctions")
    done, working = job(stack, "sfm", "sfm"), job(stack, "sfm", "sfm")
    arn = machines("finish"), machines("slow")
    start(done, arn[0]).ended()
    running = start(working, arn[1])
    compute(running, working, "sfm", "InProgress")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    for name, path in ((f"sp-{'0' * 26}", "/"), ("sp-theirs", ROLE_PATH)):
        iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust)
    soon, later = datetime.now(UTC), datetime.now(UTC) + timedelta(hours=2)

    def there() -> set[str]:
        pages = iam.get_paginator("list_roles").paginate()
        return {role["RoleName"] for page in pages for role in page["Roles"]}

    def swept(now: datetime) -> None:
        # Each role is one of a job of this machine, or of one that it does not know.
        roles.sweep(iam, states, arn[0], ROLE_PATH, now)

    swept(soon)
    assert {f"sp-{done.id}", f"sp-{working.id}"} <= there()
    swept(later)
    assert f"sp-{done.id}" not in there()
    assert {f"sp-{working.id}", f"sp-{'0' * 26}", "sp-theirs"} <= there()
    roles.sweep(iam, states, arn[1], ROLE_PATH, later)
    assert f"sp-{working.id}" in there()
    states.stop_execution(executionArn=running.arn)
    roles.sweep(iam, states, arn[1], ROLE_PATH, later)
    assert f"sp-{working.id}" not in there()
