"""The HTTP API: a key for every call, limits on their number, and a log of who called what."""

from __future__ import annotations

import json
from pathlib import Path

from aws_cdk import Aws, Fn
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

from infrastructure import grants
from infrastructure.code import lay_out
from infrastructure.function import Function, log_group
from infrastructure.machine import Machine
from infrastructure.mail import STAGE
from infrastructure.settings import (
    ARTIFACTS_DAYS,
    AUDIT_DAYS,
    Parameters,
    Settings,
)
from infrastructure.storage import Storage

CALLS_A_SECOND, BURST = 20, 40
CALLS_A_DAY = 50_000
HANDLER = "spaceport_app.cloud.backend.api.handler.handle"
_LINK_CALLS_A_SECOND = 5


class Api(Construct):
    """The address with its stage, key and log; functions are put behind it one by one."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "Api")
        self.rest = apigateway.RestApi(
            self,
            "Rest",
            rest_api_name="spaceport",
            description="Jobs of Spaceport",
            cloud_watch_role=True,
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE,
                throttling_rate_limit=CALLS_A_SECOND,
                throttling_burst_limit=BURST,
                metrics_enabled=True,
                # The bodies of calls would be in it: names of photos, addresses of mail.
                logging_level=apigateway.MethodLoggingLevel.OFF,
                data_trace_enabled=False,
                access_log_destination=apigateway.LogGroupLogDestination(
                    log_group(self, "Audit", AUDIT_DAYS)
                ),
                access_log_format=apigateway.AccessLogFormat.custom(json.dumps(_AUDITED)),
                method_options={
                    "/links/{token}/GET": apigateway.MethodDeploymentOptions(
                        throttling_rate_limit=_LINK_CALLS_A_SECOND,
                        throttling_burst_limit=2 * _LINK_CALLS_A_SECOND,
                    )
                },
            ),
        )
        self.key = self.rest.add_api_key("Key", description="Spaceport on the desktop")
        plan = self.rest.add_usage_plan(
            "Plan",
            throttle=apigateway.ThrottleSettings(rate_limit=CALLS_A_SECOND, burst_limit=BURST),
            quota=apigateway.QuotaSettings(limit=CALLS_A_DAY, period=apigateway.Period.DAY),
        )
        plan.add_api_stage(stage=self.rest.deployment_stage)
        plan.add_api_key(self.key)
        # API Gateway itself answers before a function is called; in the shape of all answers.
        for kind, code, sentence in _OWN_ANSWERS:
            self.rest.add_gateway_response(
                kind.response_type,
                type=kind,
                templates={"application/json": json.dumps({"error": sentence, "code": code})},
            )

    def open_links(self, link: Function) -> None:
        """Put the function of mails' links at the one path that asks for no key."""
        place = self.rest.root.add_resource("links").add_resource("{token}")
        place.add_method(
            "GET", apigateway.LambdaIntegration(link.function, allow_test_invoke=False)
        )

    def serve(
        self,
        settings: Settings,
        parameters: Parameters,
        storage: Storage,
        machine: Machine,
        folder: Path,
    ) -> Function:
        """Make the function of the API and put it at every other path."""
        instances = {
            "sfm": parameters.sfm_instance.value_as_string,
            "3dgs": parameters.training_instance.value_as_string,
            "compression": parameters.compression_instance.value_as_string,
        }
        plain = parameters.plain_choice.value_as_string
        allowed = {
            "sfm": plain,
            "3dgs": parameters.training_choice.value_as_string,
            "compression": plain,
        }
        jobs = Function(
            self,
            "Jobs",
            code=lay_out(folder / "api", "api"),
            handler=HANDLER,
            environment={
                "SPACEPORT_UPLOADS": storage.uploads.bucket_name,
                "SPACEPORT_ARTIFACTS": storage.artifacts.bucket_name,
                "SPACEPORT_STATE_MACHINE": machine.machine.state_machine_arn,
                "SPACEPORT_SEED_BUCKETS": ",".join(settings.seed_buckets),
                "SPACEPORT_INSTANCES": json.dumps(instances),
                "SPACEPORT_ALLOWED_INSTANCES": json.dumps(allowed),
                "SPACEPORT_SPOT": str(settings.spot).lower(),
                "SPACEPORT_SPOT_CHOICE": str(settings.spot_choice).lower(),
                "SPACEPORT_KEPT_DAYS": str(ARTIFACTS_DAYS),
                "SPACEPORT_RUNNING_JOBS": parameters.running_jobs.value_as_string,
                "SPACEPORT_JOBS_A_DAY": parameters.jobs_a_day.value_as_string,
                # Whoever is told of alarms, is told of jobs too.
                "SPACEPORT_MAIL_TO": Fn.join(
                    ",",
                    [parameters.notices.value_as_string, parameters.mail_to.value_as_string],
                ),
            },
            # API Gateway waits no longer.
            timeout_s=29,
            memory_mb=1024,
        )
        _let_serve(jobs.role, settings, storage, machine)
        every = apigateway.LambdaIntegration(jobs.function, allow_test_invoke=False)
        for resource in (self.rest.root, self.rest.root.add_resource("{path+}")):
            resource.add_method("ANY", every, api_key_required=True)
        return jobs


def _let_serve(role: iam.Role, settings: Settings, storage: Storage, machine: Machine) -> None:
    """Let the API read and write its own records, sign for objects of jobs, start and stop."""
    uploads, artifacts, results = storage.uploads, storage.artifacts, list(grants.RESULTS)
    everything = [grants.RECORDS, grants.OWNERS, *results]
    for statement in (
        grants.objects(
            uploads,
            ["jobs/*/files/*"],
            "GetObject",
            "PutObject",
            "DeleteObject",
            "AbortMultipartUpload",
            "ListMultipartUploadParts",
        ),
        grants.listing(uploads, ["jobs/*"], "ListBucketMultipartUploads"),
        grants.objects(artifacts, everything, "GetObject", "DeleteObject"),
        grants.objects(artifacts, [grants.RECORDS, grants.OWNERS], "PutObject"),
        grants.listing(artifacts, everything, "ListBucketMultipartUploads"),
        grants.compute("Describe", "Stop"),
        iam.PolicyStatement(
            actions=["states:StartExecution"], resources=[machine.machine.state_machine_arn]
        ),
        iam.PolicyStatement(
            actions=["states:DescribeExecution", "states:StopExecution"],
            resources=[
                f"arn:{Aws.PARTITION}:states:{Aws.REGION}:{Aws.ACCOUNT_ID}:execution:"
                f"{machine.machine.state_machine_name}:*"
            ],
        ),
    ):
        role.add_to_policy(statement)
    if settings.seed_buckets:
        places = [f"arn:{Aws.PARTITION}:s3:::{name}" for name in settings.seed_buckets]
        role.add_to_policy(
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[f"{p}/*" for p in places])
        )
        # Who may not list is told 403 of an object that is not there.
        role.add_to_policy(iam.PolicyStatement(actions=["s3:ListBucket"], resources=places))


_AUDITED = {
    "at": "$context.requestTime",
    "request": "$context.requestId",
    "keyId": "$context.identity.apiKeyId",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    # Not the path itself: that of a link opens what it names.
    "resource": "$context.resourcePath",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "ms": "$context.responseLatency",
}

_OWN_ANSWERS = (
    (apigateway.ResponseType.INVALID_API_KEY, "forbidden", "This needs an API key."),
    (apigateway.ResponseType.ACCESS_DENIED, "forbidden", "This is not allowed."),
    (apigateway.ResponseType.THROTTLED, "busy", "Too many calls. Try again in a few seconds."),
    (apigateway.ResponseType.QUOTA_EXCEEDED, "quota", "The calls of today are used up."),
    (apigateway.ResponseType.REQUEST_TOO_LARGE, "too_large", "The request is too large."),
    (apigateway.ResponseType.DEFAULT_5_XX, "internal", "The service has failed."),
)
