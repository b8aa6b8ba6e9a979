"""What removes the roles of jobs that are over, by the clock."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Aws, Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from infrastructure.code import lay_out
from infrastructure.function import Function
from infrastructure.machine import Machine
from infrastructure.roles import JobRoles

HANDLER = "spaceport_app.cloud.backend.api.roles.handle"


class Sweeper(Construct):
    """The function, and the rule that calls it every hour."""

    def __init__(self, scope: Construct, jobs: JobRoles, machine: Machine, folder: Path) -> None:
        super().__init__(scope, "Sweeper")
        self.function = Function(
            self,
            "Roles",
            code=lay_out(folder / "roles", "api"),
            handler=HANDLER,
            environment={
                "SPACEPORT_STATE_MACHINE": machine.machine.state_machine_arn,
                "SPACEPORT_ROLE_PATH": jobs.path,
            },
            timeout_s=300,
            memory_mb=256,
        )
        executions = (
            f"arn:{Aws.PARTITION}:states:{Aws.REGION}:{Aws.ACCOUNT_ID}:execution:"
            f"{machine.machine.state_machine_name}:*"
        )
        for actions, resource in (
            (["iam:DeleteRole", "iam:DeleteRolePolicy"], f"{jobs.arns}*"),
            (["states:DescribeExecution"], executions),
            # IAM knows no narrower resource for a list.
            (["iam:ListRoles"], "*"),
        ):
            self.function.role.add_to_policy(
                iam.PolicyStatement(actions=actions, resources=[resource])
            )
        events.Rule(
            self,
            "Hourly",
            description="Roles of jobs that are over",
            schedule=events.Schedule.rate(Duration.hours(1)),
            targets=[targets.LambdaFunction(self.function.function)],
        )
