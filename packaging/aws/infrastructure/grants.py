"""Statements of roles: actions by name, resources by prefix."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

RECORDS, OWNERS = "jobs/*", "owners/*"
RESULTS = ("colmap/*", "3dgs/*", "compressed/*")


def objects(bucket: s3.IBucket, prefixes: Sequence[str], *actions: str) -> iam.PolicyStatement:
    """Return leave to do something with the objects below some prefixes."""
    return iam.PolicyStatement(
        actions=[f"s3:{action}" for action in actions],
        resources=[bucket.arn_for_objects(prefix) for prefix in prefixes],
    )


def listing(bucket: s3.IBucket, prefixes: Sequence[str], *more: str) -> iam.PolicyStatement:
    """Return leave to list what lies below some prefixes."""
    return iam.PolicyStatement(
        actions=["s3:ListBucket", *(f"s3:{action}" for action in more)],
        resources=[bucket.bucket_arn],
        conditions={"StringLike": {"s3:prefix": list(prefixes)}},
    )


def compute(*verbs: str) -> iam.PolicyStatement:
    """Return leave to do something with our SageMaker jobs, which are called ``sp-JOB-STEP``."""
    kinds = ("Processing", "Training")
    return iam.PolicyStatement(
        actions=[f"sagemaker:{verb}{kind}Job" for verb in verbs for kind in kinds],
        resources=compute_arns(),
    )


def compute_arns() -> list[str]:
    """Return the ARNs of all our SageMaker jobs."""
    place = f"arn:{Aws.PARTITION}:sagemaker:{Aws.REGION}:{Aws.ACCOUNT_ID}"
    return [f"{place}:{kind}-job/sp-*" for kind in ("processing", "training")]
