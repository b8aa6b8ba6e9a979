"""The state machine: the file of the backend with what is deployed filled in."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Aws, Fn
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infrastructure import grants
from infrastructure.code import ROOT
from infrastructure.function import Function, log_group
from infrastructure.images import Images
from infrastructure.network import Network
from infrastructure.roles import LOG_GROUPS, JobRoles
from infrastructure.settings import LOG_DAYS, Settings
from infrastructure.storage import Storage

DEFINITION = ROOT / "spaceport_app" / "cloud" / "backend" / "state_machine.asl.json"


class Machine(Construct):
    """Runs the steps of a job; its role starts, watches and stops our SageMaker jobs alone.

    It makes the roles of these jobs too, each within the boundary and on one path.
    """

    def __init__(
        self,
        scope: Construct,
        settings: Settings,
        *,
        storage: Storage,
        network: Network,
        images: Images,
        jobs: JobRoles,
        mail: Function,
        topic: sns.Topic,
        definition: Path = DEFINITION,
    ) -> None:
        super().__init__(scope, "Machine")
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        self.role.add_to_policy(grants.compute("Create", "Describe", "Stop"))
        self.role.add_to_policy(
            iam.PolicyStatement(actions=["sagemaker:AddTags"], resources=grants.compute_arns())
        )
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["iam:CreateRole", "iam:PutRolePolicy"],
                resources=[f"{jobs.arns}*"],
                conditions={
                    "StringEquals": {"iam:PermissionsBoundary": jobs.boundary.managed_policy_arn}
                },
            )
        )
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[f"{jobs.arns}*"],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            )
        )
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction"], resources=[mail.function.function_arn]
            )
        )
        self.role.add_to_policy(
            iam.PolicyStatement(actions=["sns:Publish"], resources=[topic.topic_arn])
        )
        self.machine = sfn.StateMachine(
            self,
            "StateMachine",
            definition_body=sfn.DefinitionBody.from_string(definition.read_text(encoding="utf-8")),
            definition_substitutions={
                "Uploads": storage.uploads.bucket_name,
                "Artifacts": storage.artifacts.bucket_name,
                "Roles": jobs.arns,
                "RolePath": jobs.path,
                "Boundary": jobs.boundary.managed_policy_arn,
                "Partition": Aws.PARTITION,
                "Account": Aws.ACCOUNT_ID,
                "CpuImage": images.cpu,
                "TrainImage": images.cuda,
                "Subnets": Fn.join(",", network.subnets),
                "SecurityGroups": network.jobs.security_group_id,
                "MailFunction": mail.function.function_arn,
                "Topic": topic.topic_arn,
            },
            role=self.role,
            # What went in and out of the states is kept out of it: there are mail addresses in it.
            logs=sfn.LogOptions(
                destination=log_group(self, "Log", LOG_DAYS),
                level=sfn.LogLevel.ERROR,
                include_execution_data=False,
            ),
        )
        if settings.own_sagemaker_logs:
            for name in LOG_GROUPS:
                log_group(self, name.rpartition("/")[2], LOG_DAYS, name)
