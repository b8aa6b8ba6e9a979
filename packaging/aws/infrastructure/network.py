"""The network of the jobs: no way to the internet, a way to our buckets."""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from infrastructure.storage import Storage

SERVICES = {
    "EcrApi": ec2.InterfaceVpcEndpointAwsService.ECR,
    "EcrImages": ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
    "Logs": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
    "SageMaker": ec2.InterfaceVpcEndpointAwsService.SAGEMAKER_API,
    "Sts": ec2.InterfaceVpcEndpointAwsService.STS,
}


class Network(Construct):
    """Isolated subnets in two zones, so that a zone without a free GPU does not end a job."""

    def __init__(self, scope: Construct, storage: Storage, interface_endpoints: bool) -> None:
        super().__init__(scope, "Network")
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            nat_gateways=0,
            create_internet_gateway=False,
            # It would be emptied by a custom resource; our jobs name their own group.
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="jobs", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=22
                )
            ],
        )
        self.jobs = ec2.SecurityGroup(
            self,
            "Jobs",
            vpc=self.vpc,
            description="Jobs of Spaceport: they call, nobody calls them",
            allow_all_outbound=False,
        )
        # There is no prefix list of S3 without asking the account; where there is no route but
        # to the endpoints, this port leads nowhere else.
        self.jobs.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "Endpoints")
        gateway = self.vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        gateway.add_to_policy(
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()],
                actions=["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
                resources=[
                    storage.uploads.arn_for_objects("*"),
                    storage.artifacts.arn_for_objects("*"),
                ],
            )
        )
        gateway.add_to_policy(
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()],
                actions=["s3:ListBucket"],
                resources=[storage.uploads.bucket_arn, storage.artifacts.bucket_arn],
            )
        )
        # ECR keeps the layers of images in a bucket of its own.
        layers = f"arn:{Aws.PARTITION}:s3:::prod-{Aws.REGION}-starport-layer-bucket/*"
        gateway.add_to_policy(
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()], actions=["s3:GetObject"], resources=[layers]
            )
        )
        if interface_endpoints:
            self._private_addresses()

    @property
    def subnets(self) -> list[str]:
        """Ids of the subnets."""
        return [subnet.subnet_id for subnet in self.vpc.isolated_subnets]

    def _private_addresses(self) -> None:
        # One zone is enough: its addresses are reached from both, and each costs by the hour.
        first = ec2.SubnetSelection(subnets=[self.vpc.isolated_subnets[0]])
        group = ec2.SecurityGroup(
            self,
            "Endpoints",
            vpc=self.vpc,
            description="Private addresses of AWS services",
            allow_all_outbound=False,
        )
        group.add_ingress_rule(self.jobs, ec2.Port.tcp(443), "Jobs")
        for name, service in SERVICES.items():
            self.vpc.add_interface_endpoint(
                name, service=service, subnets=first, security_groups=[group], open=False
            )
