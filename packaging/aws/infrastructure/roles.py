"""The roles of the SageMaker jobs: what the worker's container may do, and no more.

The state machine makes a role for every job, which reads and writes the objects of that job alone.
None can do more than the boundary here allows, whatever the state machine puts into it.
"""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from infrastructure import grants
from infrastructure.images import Images
from infrastructure.network import Network
from infrastructure.storage import Storage

LOG_GROUPS = ("/aws/sagemaker/ProcessingJobs", "/aws/sagemaker/TrainingJobs")


class JobRoles(Construct):
    """Read inputs and results of jobs, write results; can neither delete nor start anything."""

    def __init__(
        self, scope: Construct, storage: Storage, network: Network, images: Images
    ) -> None:
        super().__init__(scope, "JobRoles")
        self.path = f"/spaceport/{Aws.STACK_NAME}/"
        self.arns = f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role{self.path}sp-"
        self.boundary = iam.ManagedPolicy(
            self, "Boundary", description="The most that a machine of a Spaceport job may do"
        )
        results = list(grants.RESULTS)
        for statement in (
            grants.objects(storage.uploads, ["jobs/*/files/*"], "GetObject"),
            grants.listing(storage.uploads, ["jobs/*"]),
            grants.objects(storage.artifacts, ["jobs/*/job.json", *results], "GetObject"),
            grants.objects(storage.artifacts, results, "PutObject", "AbortMultipartUpload"),
            grants.listing(storage.artifacts, ["jobs/*", *results]),
        ):
            self.boundary.add_statements(statement)
        self._write_logs()
        self._fetch_images(images)
        self._use_network(network)

    def _write_logs(self) -> None:
        place = f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group"
        self.boundary.add_statements(
            iam.PolicyStatement(
                actions=[
                    "logs:CreateLogGroup",
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                ],
                resources=[f"{place}:{group}:*" for group in LOG_GROUPS],
            )
        )
        self.boundary.add_statements(
            iam.PolicyStatement(
                actions=["cloudwatch:PutMetricData"],
                resources=["*"],
                conditions={"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}},
            )
        )

    def _fetch_images(self, images: Images) -> None:
        self.boundary.add_statements(
            iam.PolicyStatement(
                actions=[
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                resources=[images.repository.repository_arn],
            )
        )
        self.boundary.add_statements(
            iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"])
        )

    def _use_network(self, network: Network) -> None:
        """Let SageMaker put a network interface of the job into our subnets."""
        place = f"arn:{Aws.PARTITION}:ec2:{Aws.REGION}:{Aws.ACCOUNT_ID}"
        interfaces = f"{place}:network-interface/*"
        self.boundary.add_statements(
            iam.PolicyStatement(
                actions=["ec2:CreateNetworkInterface"],
                resources=[
                    interfaces,
                    *(f"{place}:subnet/{subnet}" for subnet in network.subnets),
                    f"{place}:security-group/{network.jobs.security_group_id}",
                ],
            )
        )
        self.boundary.add_statements(
            iam.PolicyStatement(
                actions=[
                    "ec2:CreateNetworkInterfacePermission",
                    "ec2:DeleteNetworkInterface",
                    "ec2:DeleteNetworkInterfacePermission",
                ],
                resources=[interfaces],
                conditions={"ArnEquals": {"ec2:Vpc": _vpc(network.vpc)}},
            )
        )
        self.boundary.add_statements(
            iam.PolicyStatement(
                actions=[
                    "ec2:DescribeDhcpOptions",
                    "ec2:DescribeNetworkInterfaces",
                    "ec2:DescribeSecurityGroups",
                    "ec2:DescribeSubnets",
                    "ec2:DescribeVpcs",
                ],
                resources=["*"],
            )
        )


def _vpc(vpc: ec2.Vpc) -> str:
    return f"arn:{Aws.PARTITION}:ec2:{Aws.REGION}:{Aws.ACCOUNT_ID}:vpc/{vpc.vpc_id}"
