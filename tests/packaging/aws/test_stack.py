"""The template that is deployed: buckets, network, API, logs, alarms."""

from __future__ import annotations

import subprocess
import sys

from infrastructure.settings import LOG_DAYS

from .conftest import Synthesis
from .policies import Account


def buckets(account: Account) -> dict[str, str]:
    return {
        kind: account.one("AWS::S3::Bucket", f"Storage{kind}")
        for kind in ("Uploads", "Artifacts", "Audit")
    }


def test_cfn_lint_finds_nothing(synthesis: Synthesis, other: Synthesis) -> None:
    # W3005 names dependencies that the CDK writes out though CloudFormation would find them.
    program = "from cfnlint.runner import main; raise SystemExit(main())"
    command = ["-c", program, "--regions", "us-west-2", "--ignore-checks", "W3005", "--"]
    found = subprocess.run(
        [sys.executable, *command, str(synthesis.file), str(other.file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_no_bucket_is_public_and_all_are_encrypted(account: Account) -> None:
    found = account.of_type("AWS::S3::Bucket")
    assert set(found) == set(buckets(account).values())
    for properties in found.values():
        assert properties["PublicAccessBlockConfiguration"] == {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        }
        rules = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rules == [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        assert properties["OwnershipControls"]["Rules"] == [
            {"ObjectOwnership": "BucketOwnerEnforced"}
        ]
        # An old version would outlive its deletion.
        assert "VersioningConfiguration" not in properties


def test_buckets_take_no_call_without_tls(account: Account) -> None:
    policies = account.of_type("AWS::S3::BucketPolicy")
    for bucket in buckets(account).values():
        (policy,) = [p for p in policies.values() if p["Bucket"] == {"Ref": bucket}]
        refused = [
            s
            for s in policy["PolicyDocument"]["Statement"]
            if s["Effect"] == "Deny" and s["Principal"] == {"AWS": "*"} and s["Action"] == "s3:*"
        ]
        assert {"Bool": {"aws:SecureTransport": "false"}} in [s["Condition"] for s in refused]
        assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in [s["Condition"] for s in refused]
        assert len(refused[0]["Resource"]) == 2
        allowed = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
        assert all(set(s["Principal"]) == {"Service"} for s in allowed)


def test_fault_8_photos_are_not_kept_for_ever(account: Account) -> None:
    found = account.of_type("AWS::S3::Bucket")
    for kind, days in (("Uploads", 7), ("Artifacts", 30), ("Audit", 365)):
        (rule,) = found[buckets(account)[kind]]["LifecycleConfiguration"]["Rules"]
        assert rule["Status"] == "Enabled"
        assert rule["ExpirationInDays"] == days
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
        # Of all that is in it, not of a prefix.
        assert not {"Prefix", "Filter", "TagFilters"} & rule.keys()


def test_jobs_have_no_way_to_the_internet(account: Account) -> None:
    for kind in (
        "AWS::EC2::InternetGateway",
        "AWS::EC2::NatGateway",
        "AWS::EC2::Route",
        "AWS::EC2::EgressOnlyInternetGateway",
    ):
        assert account.of_type(kind) == {}
    subnets = account.of_type("AWS::EC2::Subnet")
    assert len(subnets) == 2
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in subnets.values())


def test_the_networks_way_to_s3_leads_to_our_buckets(account: Account) -> None:
    endpoints = account.of_type("AWS::EC2::VPCEndpoint")
    (s3,) = [e for e in endpoints.values() if e["VpcEndpointType"] == "Gateway"]
    reached = {
        resource
        for statement in account.statements(s3["PolicyDocument"])
        for resource in statement.resources
    }
    ours = [account.arn(buckets(account)[kind]) for kind in ("Uploads", "Artifacts")]
    assert reached == {
        *ours,
        *(f"{bucket}/*" for bucket in ours),
        "arn:aws:s3:::prod-us-west-2-starport-layer-bucket/*",
    }


def test_by_default_the_network_costs_nothing_while_no_job_runs(account: Account) -> None:
    kinds = [e["VpcEndpointType"] for e in account.of_type("AWS::EC2::VPCEndpoint").values()]
    assert kinds == ["Gateway"]


def test_the_network_may_have_private_addresses_of_the_services(other: Synthesis) -> None:
    account = Account(other.template)
    endpoints = account.of_type("AWS::EC2::VPCEndpoint").values()
    private = [e for e in endpoints if e["VpcEndpointType"] == "Interface"]
    services = {
        account.text(e["ServiceName"]).removeprefix("com.amazonaws.us-west-2.") for e in private
    }
    assert services == {"ecr.api", "ecr.dkr", "logs", "sagemaker.api", "sts"}
    assert all(e["PrivateDnsEnabled"] and len(e["SubnetIds"]) == 1 for e in private)


def test_every_call_needs_the_key_but_the_link_in_a_mail(account: Account) -> None:
    resources = account.of_type("AWS::ApiGateway::Resource")

    def place(id: dict[str, str]) -> str:
        return str(resources[id["Ref"]]["PathPart"]) if "Ref" in id else "/"

    methods = account.of_type("AWS::ApiGateway::Method").values()
    paths = {
        f"{method['HttpMethod']} {place(method['ResourceId'])}": method.get("ApiKeyRequired", False)
        for method in methods
    }
    assert paths == {"ANY /": True, "ANY {path+}": True, "GET {token}": False}


def test_calls_are_limited_and_written_down(account: Account) -> None:
    (plan,) = account.of_type("AWS::ApiGateway::UsagePlan").values()
    assert plan["Throttle"] == {"RateLimit": 20, "BurstLimit": 40}
    assert plan["Quota"] == {"Limit": 50_000, "Period": "DAY"}
    (stage,) = account.of_type("AWS::ApiGateway::Stage").values()
    everything = stage["MethodSettings"][0]
    assert everything["ResourcePath"] == "/*" and everything["ThrottlingRateLimit"] == 20
    # Neither bodies nor addresses of links.
    assert not any(setting.get("DataTraceEnabled") for setting in stage["MethodSettings"])
    audited = stage["AccessLogSetting"]["Format"]
    assert "$context.identity.apiKeyId" in audited and "$context.path" not in audited


def test_every_log_forgets(account: Account) -> None:
    days = {
        name: log["RetentionInDays"] for name, log in account.of_type("AWS::Logs::LogGroup").items()
    }
    assert len(days) == 8
    for name, kept in days.items():
        assert kept == (365 if name.startswith("ApiAudit") else LOG_DAYS), name


def test_alarms_and_budget_reach_a_person(account: Account) -> None:
    topic = account.one("AWS::SNS::Topic", "Notices")
    (subscription,) = account.of_type("AWS::SNS::Subscription").values()
    assert subscription["Protocol"] == "email"
    assert subscription["Endpoint"] == {"Ref": "NoticeEmail"}
    alarms = account.of_type("AWS::CloudWatch::Alarm").values()
    assert {(alarm["Namespace"], alarm["MetricName"]) for alarm in alarms} == {
        ("AWS/States", "ExecutionsFailed"),
        ("AWS/States", "ExecutionsTimedOut"),
        ("AWS/States", "ExecutionThrottled"),
        ("AWS/ApiGateway", "5XXError"),
        ("AWS/Lambda", "Errors"),
        ("AWS/Lambda", "Throttles"),
    }
    assert len(alarms) == 4 + 2 * 4
    assert all(alarm["AlarmActions"] == [{"Ref": topic}] for alarm in alarms)
    (budget,) = account.of_type("AWS::Budgets::Budget").values()
    assert budget["Budget"]["BudgetLimit"]["Amount"] == {"Ref": "MonthlyBudgetUsd"}
    readers = [n["Subscribers"][0]["Address"] for n in budget["NotificationsWithSubscribers"]]
    assert readers == [{"Ref": topic}] * 3
    policy = account.of_type("AWS::SNS::TopicPolicy")
    (document,) = [p["PolicyDocument"] for p in policy.values()]
    publishers = [
        s["Principal"]["Service"] for s in document["Statement"] if s["Effect"] == "Allow"
    ]
    assert publishers == ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]


def test_every_read_and_write_of_an_object_is_recorded(account: Account) -> None:
    (trail,) = account.of_type("AWS::CloudTrail::Trail").values()
    assert trail["IsLogging"] and trail["EnableLogFileValidation"]
    (selector,) = trail["AdvancedEventSelectors"]
    fields = {f["Field"]: f for f in selector["FieldSelectors"]}
    assert "readOnly" not in fields
    watched = [account.text(arn) for arn in fields["resources.ARN"]["StartsWith"]]
    assert watched == [f"{account.arn(buckets(account)[k])}/" for k in ("Uploads", "Artifacts")]


def test_all_that_can_bear_it_has_the_cost_tag(account: Account) -> None:
    tag = {"Key": "project", "Value": "spaceport"}
    for kind in (
        "AWS::S3::Bucket",
        "AWS::Lambda::Function",
        "AWS::StepFunctions::StateMachine",
        "AWS::ECR::Repository",
        "AWS::KMS::Key",
        "AWS::EC2::VPC",
        "AWS::ApiGateway::RestApi",
        "AWS::IAM::Role",
        "AWS::Logs::LogGroup",
        "AWS::SNS::Topic",
    ):
        found = account.of_type(kind)
        assert found and all(tag in properties["Tags"] for properties in found.values()), kind


def test_what_a_person_needs_afterwards_is_put_out(synthesis: Synthesis) -> None:
    outputs = synthesis.template["Outputs"]
    assert {"Endpoint", "ApiKeyId", "Repository", "UploadsBucket", "ArtifactsBucket"} <= set(
        outputs
    )
    # The key itself is no output: outputs are shown to all who may look at the stack.
    assert "Fn::GetAtt" not in outputs["ApiKeyId"]["Value"]


def environment(account: Account) -> dict[str, str]:
    (function,) = [
        properties
        for name, properties in account.of_type("AWS::Lambda::Function").items()
        if name.startswith("ApiJobs")
    ]
    return dict(function["Environment"]["Variables"])


def test_spot_is_a_wish_that_the_api_is_told(account: Account, other: Synthesis) -> None:
    assert environment(account)["SPACEPORT_SPOT"] == "false"
    assert environment(Account(other.template))["SPACEPORT_SPOT"] == "true"


def test_log_groups_that_the_account_has_are_not_made_again(
    account: Account, other: Synthesis
) -> None:
    def named(one: Account) -> set[str]:
        groups = one.of_type("AWS::Logs::LogGroup").values()
        return {group["LogGroupName"] for group in groups if "LogGroupName" in group}

    sagemakers = {"/aws/sagemaker/ProcessingJobs", "/aws/sagemaker/TrainingJobs"}
    assert named(account) & sagemakers == sagemakers
    assert named(Account(other.template)) & sagemakers == set()


def test_without_seed_buckets_the_api_reads_none_but_ours(other: Synthesis) -> None:
    account = Account(other.template)
    assert environment(account)["SPACEPORT_SEED_BUCKETS"] == ""
    role = account.one("AWS::IAM::Role", "ApiJobsRole")
    read = {
        resource
        for statement in account.of_role(role)
        if {"s3:GetObject", "s3:ListBucket"} & set(statement.actions)
        for resource in statement.resources
    }
    ours = tuple(account.arn(buckets(account)[kind]) for kind in ("Uploads", "Artifacts"))
    assert read and all(resource.startswith(ours) for resource in read)
