"""Nobody may do more than the work needs: fault 9 of the original was full access for all."""

from __future__ import annotations

import pytest

from .conftest import SEED_BUCKET
from .policies import ACCOUNT, JOB, JOB_ROLE, REGION, Account

ANOTHERS = "zyxwvtsrqpnmkjhgfedcba9876"
OURS = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:processing-job/sp-{JOB}-sfm"
OURS_TOO = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/sp-{JOB}-3dgs"
ANOTHER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/somebodys-own"

UNSCOPED = {
    # The service knows no resource for these (Service Authorization Reference).
    "ecr:GetAuthorizationToken",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    # The sweeper looks for the roles on our path: the service knows no resource for a list.
    "iam:ListRoles",
    # Scoped by its condition to the namespace /aws/sagemaker/*.
    "cloudwatch:PutMetricData",
    # Step Functions needs these to send its log to the log group; the service knows no resource.
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}


@pytest.fixture(scope="module")
def uploads(account: Account) -> str:
    return account.arn(account.one("AWS::S3::Bucket", "StorageUploads"))


@pytest.fixture(scope="module")
def artifacts(account: Account) -> str:
    return account.arn(account.one("AWS::S3::Bucket", "StorageArtifacts"))


def role(account: Account, start: str) -> str:
    return account.one("AWS::IAM::Role", start)


def test_fault_9_no_role_has_an_action_with_a_star(account: Account) -> None:
    documents = [p["PolicyDocument"] for p in account.of_type("AWS::IAM::Policy").values()]
    documents += [p["KeyPolicy"] for p in account.of_type("AWS::KMS::Key").values()]
    allowed = [
        action
        for document in documents
        for statement in account.statements(document)
        if statement.allows
        for action in statement.actions
    ]
    assert len(allowed) > 50
    assert [action for action in allowed if "*" in action] == []


def test_fault_9_every_resource_is_scoped_where_the_service_can(account: Account) -> None:
    own, boundary = account.of_job(JOB)
    every = [s for name in account.of_type("AWS::IAM::Role") for s in account.of_role(name)]
    every += boundary
    unscoped = {
        action for statement in every if "*" in statement.resources for action in statement.actions
    }
    assert unscoped == UNSCOPED
    metrics = [s for s in every if "cloudwatch:PutMetricData" in s.actions]
    assert [dict(s.conditions) for s in metrics] == [
        {"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*"]}}
    ]
    # What a job's own policy leaves open, the boundary closes: it holds nothing else.
    assert {a for s in own for a in s.actions} == {a for s in boundary for a in s.actions}
    assert not any(a.startswith("s3:") for s in own if "*" in s.resources for a in s.actions)


def test_no_role_takes_a_policy_that_others_write_but_api_gateways_log(account: Account) -> None:
    managed = {
        name: [account.text(arn) for arn in properties["ManagedPolicyArns"]]
        for name, properties in account.of_type("AWS::IAM::Role").items()
        if properties.get("ManagedPolicyArns")
    }
    # API Gateway refuses any other for the log of an account.
    assert list(managed.values()) == [
        ["arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"]
    ]


def test_the_worker_reads_jobs_and_writes_results(
    account: Account, uploads: str, artifacts: str
) -> None:
    for action, thing, allowed in (
        ("s3:GetObject", f"{uploads}/jobs/{JOB}/files/000000", True),
        ("s3:PutObject", f"{uploads}/jobs/{JOB}/files/000000", False),
        ("s3:GetObject", f"{artifacts}/jobs/{JOB}/job.json", True),
        ("s3:PutObject", f"{artifacts}/jobs/{JOB}/job.json", False),
        ("s3:GetObject", f"{artifacts}/owners/key/{JOB}", False),
        ("s3:PutObject", f"{artifacts}/colmap/{JOB}/progress.json", True),
        ("s3:PutObject", f"{artifacts}/3dgs/{JOB}/checkpoints/one", True),
        ("s3:GetObject", f"{artifacts}/3dgs/{JOB}/checkpoints/one", True),
        ("s3:PutObject", f"{artifacts}/compressed/{JOB}/manifest.json", True),
        ("s3:DeleteObject", f"{artifacts}/compressed/{JOB}/manifest.json", False),
        ("s3:PutObject", f"{artifacts}/elsewhere", False),
        ("s3:GetObject", f"arn:aws:s3:::{SEED_BUCKET}/a.zip", False),
        ("s3:GetObject", "arn:aws:s3:::anybodys/a.zip", False),
        ("sagemaker:CreateTrainingJob", OURS_TOO, False),
        ("sagemaker:StopTrainingJob", OURS_TOO, False),
    ):
        assert account.job_may(JOB, action, thing) is allowed, (action, thing)


def test_the_machines_of_a_job_reach_no_other_job(
    account: Account, uploads: str, artifacts: str
) -> None:
    things = [f"{uploads}/jobs/{{}}/files/000000", f"{artifacts}/jobs/{{}}/job.json"] + [
        f"{artifacts}/{folder}/{{}}/{name}"
        for folder in ("colmap", "3dgs", "compressed")
        for name in ("manifest.json", "files/sfm/cloud.ply", "checkpoints/one")
    ]
    for thing in things:
        assert account.job_may(JOB, "s3:GetObject", thing.format(JOB)), thing
        for action in ("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"):
            for other in (ANOTHERS, f"{JOB}x", "", "*", f"{ANOTHERS}/{JOB}"):
                assert not account.job_may(JOB, action, thing.format(other)), (action, other)
    for bucket, folders in (
        (uploads, ["jobs"]),
        (artifacts, ["jobs", "colmap", "3dgs", "compressed"]),
    ):
        for folder in folders:
            mine = f"{folder}/{JOB}/"
            assert account.job_may(JOB, "s3:ListBucket", bucket, s3__prefix=mine)
            for prefix in (f"{folder}/{ANOTHERS}/", f"{folder}/", "", f"{folder}/{JOB[:-1]}"):
                assert not account.job_may(JOB, "s3:ListBucket", bucket, s3__prefix=prefix)
    log = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/TrainingJobs:log-stream:sp-"
    assert account.job_may(JOB, "logs:PutLogEvents", f"{log}{JOB}-3dgs/algo-1")
    assert not account.job_may(JOB, "logs:PutLogEvents", f"{log}{ANOTHERS}-3dgs/algo-1")


def test_no_policy_that_stands_lets_a_machine_read_jobs(account: Account) -> None:
    """Only a role made for one job has SageMaker's trust, and it is made when that job starts."""
    for name, properties in account.of_type("AWS::IAM::Role").items():
        assert "sagemaker" not in str(properties["AssumeRolePolicyDocument"]), name
    (boundary,) = account.of_type("AWS::IAM::ManagedPolicy").values()
    assert not any(boundary.get(kind) for kind in ("Roles", "Users", "Groups"))


def test_the_policy_of_a_job_fits_into_a_role(account: Account) -> None:
    own, _ = account.of_job(JOB)
    # IAM takes 10,240 characters, without spaces.
    assert sum(len("".join((*s.actions, *s.resources))) + 60 for s in own) < 5_000


def test_the_sweeper_removes_roles_of_jobs_alone(account: Account) -> None:
    sweeper = role(account, "SweeperRoles")
    for action in ("iam:DeleteRole", "iam:DeleteRolePolicy"):
        assert account.may(sweeper, action, JOB_ROLE)
        assert not account.may(sweeper, action, f"arn:aws:iam::{ACCOUNT}:role/admin")
        assert not account.may(sweeper, action, account.arn(role(account, "MachineRole")))
    assert not any(a.startswith("s3:") for s in account.of_role(sweeper) for a in s.actions)
    (rule,) = [
        rule
        for rule in account.of_type("AWS::Events::Rule").values()
        if "ScheduleExpression" in rule
    ]
    assert rule["ScheduleExpression"] == "rate(1 hour)"


def test_lists_are_of_our_prefixes_alone(account: Account, uploads: str, artifacts: str) -> None:
    name = role(account, "ApiJobsRole")
    for bucket in (uploads, artifacts):
        assert account.may(name, "s3:ListBucket", bucket, s3__prefix=f"jobs/{JOB}/")
        assert not account.may(name, "s3:ListBucket", bucket)
        assert not account.may(name, "s3:ListBucket", bucket, s3__prefix="")
    lists = {"s3__prefix": f"3dgs/{JOB}/checkpoints/"}
    assert account.job_may(JOB, "s3:ListBucket", artifacts, **lists)
    assert not account.job_may(JOB, "s3:ListBucket", artifacts, s3__prefix="owners/")


def test_the_state_machine_handles_our_sagemaker_jobs_alone(account: Account) -> None:
    machine = role(account, "MachineRole")
    for verb in ("Create", "Describe", "Stop"):
        assert account.may(machine, f"sagemaker:{verb}ProcessingJob", OURS)
        assert account.may(machine, f"sagemaker:{verb}TrainingJob", OURS_TOO)
        assert not account.may(machine, f"sagemaker:{verb}TrainingJob", ANOTHER)
    assert account.may(machine, "sagemaker:AddTags", OURS)
    assert not account.may(machine, "sagemaker:DeleteTrainingJob", OURS_TOO)
    assert not any(a.startswith("s3:") for s in account.of_role(machine) for a in s.actions)


def test_a_role_is_passed_to_sagemaker_alone_and_only_that_of_jobs(account: Account) -> None:
    machine, worker = role(account, "MachineRole"), JOB_ROLE
    ours = {"iam__PassedToService": "sagemaker.amazonaws.com"}
    assert account.may(machine, "iam:PassRole", worker, **ours)
    assert not account.may(
        machine, "iam:PassRole", worker, iam__PassedToService="lambda.amazonaws.com"
    )
    assert not account.may(machine, "iam:PassRole", account.arn(machine), **ours)
    others = [name for name in account.of_type("AWS::IAM::Role") if name != machine]
    assert not any(account.may(name, "iam:PassRole", worker, **ours) for name in others)


def test_the_api_signs_for_jobs_starts_and_stops_them(
    account: Account, uploads: str, artifacts: str
) -> None:
    api = role(account, "ApiJobsRole")
    machine = account.arn(account.one("AWS::StepFunctions::StateMachine", "Machine"))
    for action, thing, allowed in (
        ("s3:PutObject", f"{uploads}/jobs/{JOB}/files/000000", True),
        ("s3:AbortMultipartUpload", f"{uploads}/jobs/{JOB}/files/000000", True),
        ("s3:DeleteObject", f"{uploads}/jobs/{JOB}/files/000000", True),
        ("s3:PutObject", f"{uploads}/elsewhere", False),
        ("s3:GetObject", f"{artifacts}/compressed/{JOB}/files/export/a.sog", True),
        ("s3:PutObject", f"{artifacts}/compressed/{JOB}/manifest.json", False),
        ("s3:PutObject", f"{artifacts}/owners/key/{JOB}", True),
        ("s3:GetObject", f"arn:aws:s3:::{SEED_BUCKET}/flight.zip", True),
        ("s3:ListBucket", f"arn:aws:s3:::{SEED_BUCKET}", True),
        ("s3:PutObject", f"arn:aws:s3:::{SEED_BUCKET}/flight.zip", False),
        ("s3:DeleteObject", f"arn:aws:s3:::{SEED_BUCKET}/flight.zip", False),
        ("s3:GetObject", "arn:aws:s3:::anybodys/flight.zip", False),
        ("states:StartExecution", machine, True),
        ("states:StopExecution", f"{machine.replace('stateMachine', 'execution')}:{JOB}", False),
        ("sagemaker:StopTrainingJob", OURS_TOO, True),
        ("sagemaker:StopTrainingJob", ANOTHER, False),
        ("sagemaker:CreateTrainingJob", OURS_TOO, False),
        ("kms:GenerateMac", "*", False),
        ("ses:SendEmail", "*", False),
    ):
        if action == "states:StopExecution":
            continue
        assert account.may(api, action, thing) is allowed, (action, thing)


def test_executions_are_stopped_by_the_name_of_our_machine(account: Account) -> None:
    api = role(account, "ApiJobsRole")
    stops = [s for s in account.of_role(api) if "states:StopExecution" in s.actions]
    machine = account.one("AWS::StepFunctions::StateMachine", "Machine")
    assert [s.resources for s in stops] == [
        (f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{machine}.Name:*",)
    ]


def test_mail_comes_from_its_one_address_and_links_open_exports_alone(
    account: Account, artifacts: str
) -> None:
    sender, link = role(account, "MailSenderRole"), role(account, "MailLinkRole")
    mails = [s for s in account.of_role(sender) if "ses:SendEmail" in s.actions]
    assert [s.resources for s in mails] == [
        (f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/SenderIdentity",)
    ]
    assert dict(mails[0].conditions) == {"StringEquals": {"ses:FromAddress": ["SenderEmail"]}}
    for thing, allowed in (
        (f"compressed/{JOB}/files/export/a.sog", True),
        (f"compressed/{JOB}/files/bundle/meta.json", False),
        (f"colmap/{JOB}/files/sfm/cloud.ply", False),
        (f"jobs/{JOB}/job.json", False),
    ):
        assert account.may(link, "s3:GetObject", f"{artifacts}/{thing}") is allowed, thing
    seal = account.arn(account.one("AWS::KMS::Key", "Mail"))
    assert account.may(link, "kms:VerifyMac", seal)
    assert not account.may(link, "kms:GenerateMac", seal)


def test_each_function_writes_its_own_log_alone(account: Account) -> None:
    for start in ("ApiJobs", "MailSender", "MailLink"):
        written = {
            resource
            for s in account.of_role(role(account, f"{start}Role"))
            if "logs:PutLogEvents" in s.actions
            for resource in s.resources
        }
        assert written == {account.arn(account.one("AWS::Logs::LogGroup", f"{start}Log"))}
