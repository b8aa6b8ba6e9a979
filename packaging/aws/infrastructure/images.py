"""Where the worker's images lie; `packaging/aws/Dockerfile` makes them."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ecr as ecr
from constructs import Construct

_KEPT = 6


class Images(Construct):
    """One repository with a tag ``cpu-VERSION`` and ``cuda-VERSION``; a tag never changes."""

    def __init__(self, scope: Construct, version: str) -> None:
        super().__init__(scope, "Images")
        self.repository = ecr.Repository(
            self,
            "Worker",
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            lifecycle_rules=[ecr.LifecycleRule(max_image_count=_KEPT)],
            removal_policy=RemovalPolicy.DESTROY,
            empty_on_delete=True,
        )
        self.cpu = self.repository.repository_uri_for_tag(f"cpu-{version}")
        self.cuda = self.repository.repository_uri_for_tag(f"cuda-{version}")
