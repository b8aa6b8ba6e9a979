"""The two buckets of jobs, and the bucket that the audit trail writes to."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infrastructure.settings import (
    ABORTED_UPLOAD_DAYS,
    ARTIFACTS_DAYS,
    AUDIT_DAYS,
    UPLOADS_DAYS,
)


class Storage(Construct):
    """Encrypted buckets that nobody outside can read and that forget by themselves."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "Storage")
        self.uploads = _bucket(self, "Uploads", UPLOADS_DAYS)
        self.artifacts = _bucket(self, "Artifacts", ARTIFACTS_DAYS)
        self.audit = _bucket(self, "Audit", AUDIT_DAYS)


def _bucket(scope: Construct, name: str, days: int) -> s3.Bucket:
    """Return a bucket; it keeps no old versions, so that what is deleted is gone."""
    return s3.Bucket(
        scope,
        name,
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        removal_policy=RemovalPolicy.DESTROY,
        lifecycle_rules=[
            s3.LifecycleRule(
                id="forget",
                expiration=Duration.days(days),
                abort_incomplete_multipart_upload_after=Duration.days(ABORTED_UPLOAD_DAYS),
            )
        ],
    )
