"""One Lambda function with its log, which forgets, and a role that can write to it alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infrastructure.settings import LOG_DAYS

KEPT: dict[int, logs.RetentionDays] = {
    30: logs.RetentionDays.ONE_MONTH,
    365: logs.RetentionDays.ONE_YEAR,
}


def log_group(scope: Construct, id: str, days: int, name: str | None = None) -> logs.LogGroup:
    """Return a log group that goes with the stack."""
    return logs.LogGroup(
        scope,
        id,
        log_group_name=name,
        retention=KEPT[days],
        removal_policy=RemovalPolicy.DESTROY,
    )


class Function(Construct):
    """A Python function; what it may do beyond its log is added by who makes it."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        code: Path,
        handler: str,
        environment: Mapping[str, str],
        timeout_s: int,
        memory_mb: int,
    ) -> None:
        super().__init__(scope, id)
        log = log_group(self, "Log", LOG_DAYS)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[log.log_group_arn],
            )
        )
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_12,
            architecture=lambda_.Architecture.ARM_64,
            code=lambda_.Code.from_asset(str(code)),
            handler=handler,
            environment=dict(environment),
            timeout=Duration.seconds(timeout_s),
            memory_size=memory_mb,
            role=self.role,
            log_group=log,
        )
