"""Mail at the end of a job, and the address in it that works without an API key for a while."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infrastructure import grants
from infrastructure.code import lay_out
from infrastructure.function import Function
from infrastructure.settings import Parameters
from infrastructure.storage import Storage

LINK_DAYS = 7
STAGE = "v1"
_MANAGED = (
    "CancelKeyDeletion",
    "DescribeKey",
    "DisableKey",
    "EnableKey",
    "GenerateMac",
    "GetKeyPolicy",
    "GetKeyRotationStatus",
    "ListResourceTags",
    "PutKeyPolicy",
    "ScheduleKeyDeletion",
    "TagResource",
    "UntagResource",
    "UpdateKeyDescription",
    "VerifyMac",
)
_PACKAGE = "spaceport_app.cloud.backend.mail"


class Mail(Construct):
    """The function that writes mails, and the one that opens the link in them.

    An address presigned by a function dies with the function's credentials, within hours. So the
    link holds the job, the file and a day, sealed by a key that never leaves KMS, and its
    function redirects to an address presigned at that moment.
    """

    def __init__(
        self, scope: Construct, parameters: Parameters, storage: Storage, folder: Path
    ) -> None:
        super().__init__(scope, "Mail")
        self._parameters, self._storage = parameters, storage
        self._code = lay_out(folder / "mail", "mail")
        self._seal = kms.CfnKey(
            self,
            "Seal",
            description="Seals the links in Spaceport's mails",
            key_spec="HMAC_256",
            key_usage="GENERATE_VERIFY_MAC",
            key_policy=iam.PolicyDocument(
                statements=[
                    # For the account's own roles, as far as their policies let them.
                    iam.PolicyStatement(
                        principals=[iam.AccountRootPrincipal()],
                        actions=[f"kms:{verb}" for verb in _MANAGED],
                        resources=["*"],
                    )
                ]
            ),
            pending_window_in_days=7,
        )
        self._seal.apply_removal_policy(RemovalPolicy.DESTROY)
        self.link = self._make_link()

    def _make_link(self) -> Function:
        link = Function(
            self,
            "Link",
            code=self._code,
            handler=f"{_PACKAGE}.opening.handle",
            environment={
                "SPACEPORT_ARTIFACTS": self._storage.artifacts.bucket_name,
                "SPACEPORT_SEAL": self._seal.attr_arn,
            },
            timeout_s=10,
            memory_mb=256,
        )
        exports = ["compressed/*/files/export/*"]
        link.role.add_to_policy(grants.objects(self._storage.artifacts, exports, "GetObject"))
        link.role.add_to_policy(self._may("VerifyMac"))
        return link

    def make_sender(self, api: apigateway.RestApi) -> Function:
        """Return the function that the state machine calls at the end of a job."""
        artifacts = self._storage.artifacts
        # Not by the stage's own address: that waits for the functions behind it, and so for us.
        host = f"{api.rest_api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"
        links = f"https://{host}/{STAGE}/links"
        sender = Function(
            self,
            "Sender",
            code=self._code,
            handler=f"{_PACKAGE}.sending.handle",
            environment={
                "SPACEPORT_ARTIFACTS": artifacts.bucket_name,
                "SPACEPORT_SEAL": self._seal.attr_arn,
                "SPACEPORT_SENDER": self._parameters.sender.value_as_string,
                "SPACEPORT_LINKS": links,
                "SPACEPORT_LINK_SECONDS": str(int(Duration.days(LINK_DAYS).to_seconds())),
            },
            timeout_s=30,
            memory_mb=256,
        )
        read = ["jobs/*/job.json", "compressed/*/manifest.json"]
        sender.role.add_to_policy(grants.objects(artifacts, read, "GetObject"))
        sender.role.add_to_policy(self._may("GenerateMac"))
        place = f"arn:{Aws.PARTITION}:ses:{Aws.REGION}:{Aws.ACCOUNT_ID}"
        sender.role.add_to_policy(
            iam.PolicyStatement(
                actions=["ses:SendEmail"],
                resources=[f"{place}:identity/{self._parameters.identity.value_as_string}"],
                conditions={
                    "StringEquals": {"ses:FromAddress": self._parameters.sender.value_as_string}
                },
            )
        )
        return sender

    def _may(self, verb: str) -> iam.PolicyStatement:
        return iam.PolicyStatement(actions=[f"kms:{verb}"], resources=[self._seal.attr_arn])
