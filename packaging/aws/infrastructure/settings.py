"""What whoever deploys decides: by context when synthesised, by parameters when deployed."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import CfnParameter
from constructs import Construct, Node

UPLOADS_DAYS = 7
ARTIFACTS_DAYS = 30
ABORTED_UPLOAD_DAYS = 1
LOG_DAYS = 30
AUDIT_DAYS = 365


@dataclass(frozen=True)
class Settings:
    """What changes the shape of the template, from ``cdk.json`` or ``cdk deploy -c NAME=VALUE``.

    Parameters
    ----------
    seed_buckets : tuple of str
        Buckets that the ``s3Url`` of ``POST /start-job`` may name; read, never written.
    spot : bool
        Train on spare capacity.
    spot_choice : bool
        A job may choose whether it does.
    interface_endpoints : bool
        Private addresses of ECR, CloudWatch Logs, SageMaker and STS in the jobs' network. The
        worker calls S3 alone, by the gateway endpoint that costs nothing; SageMaker itself
        fetches images and sends logs, from outside that network.
    own_sagemaker_logs : bool
        Make SageMaker's two log groups; off in an account that has them.
    """

    seed_buckets: tuple[str, ...] = ()
    spot: bool = False
    spot_choice: bool = True
    interface_endpoints: bool = False
    own_sagemaker_logs: bool = True

    @staticmethod
    def of(node: Node) -> Settings:
        """Read the context of an app."""
        buckets = str(node.try_get_context("seed_buckets") or "").split(",")
        return Settings(
            tuple(name.strip() for name in buckets if name.strip()),
            _switch(node, "spot"),
            _switch(node, "spot_choice", "true"),
            _switch(node, "interface_endpoints"),
            _switch(node, "own_sagemaker_logs", "true"),
        )


class Parameters(Construct):
    """What ``cdk deploy --parameters NAME=VALUE`` sets."""

    def __init__(self, scope: Construct, version: str) -> None:
        super().__init__(scope, "Parameters")
        # Without the construct's name before them, so that a person can type them.
        self.notices = _parameter(
            self, "NoticeEmail", "Address that alarms and the budget write to", pattern=_ADDRESS
        )
        self.sender = _parameter(
            self, "SenderEmail", "Verified SES address that mails come from", pattern=_ADDRESS
        )
        self.identity = _parameter(
            self,
            "SenderIdentity",
            "SES identity of the sender: the address itself, or its domain if that is verified",
            pattern=r"[^\s/*]+",
        )
        self.budget_usd = _parameter(
            self, "MonthlyBudgetUsd", "Monthly budget of the account", "50", kind="Number"
        )
        self.image = _parameter(
            self, "ImageVersion", "Version in the tags of the worker's images", version
        )
        self.sfm_instance = _parameter(
            self, "SfmInstance", "SageMaker machine of SfM", "ml.c6i.2xlarge", pattern=_MACHINE
        )
        self.training_instance = _parameter(
            self, "TrainingInstance", "Machine of training", "ml.g4dn.xlarge", pattern=_MACHINE
        )
        self.compression_instance = _parameter(
            self, "CompressionInstance", "Of compression", "ml.c6i.4xlarge", pattern=_MACHINE
        )
        self.running_jobs = _parameter(
            self, "RunningJobs", "Jobs of one API key at the same time", "2", kind="Number", least=1
        )
        self.jobs_a_day = _parameter(
            self, "JobsADay", "Jobs that one API key may make a day", "20", kind="Number", least=1
        )
        self.mail_to = _parameter(
            self,
            "MailTo",
            "To whom mails may go, with commas: an address, @ with a domain, KEYID:ADDRESS",
            "",
            pattern=_ADDRESSEES,
        )
        self.plain_choice = _parameter(
            self,
            "PlainChoice",
            "Machines that a job may choose for SfM and compression, with commas",
            "ml.c6i.2xlarge,ml.c6i.4xlarge,ml.c6i.8xlarge",
            pattern=_MACHINES,
        )
        self.training_choice = _parameter(
            self,
            "TrainingChoice",
            "Machines that a job may choose for training, with commas",
            "ml.g4dn.xlarge,ml.g5.xlarge,ml.g5.2xlarge",
            pattern=_MACHINES,
        )


_ADDRESS = r"[^@\s,]+@[^@\s,]+\.[^@\s,]+"
_ADDRESSEE = r"([A-Za-z0-9]+:)?[^@\s,:]*@[^@\s,:]+\.[^@\s,:]+"
_ADDRESSEES = rf"({_ADDRESSEE}(,{_ADDRESSEE})*)?"
_MACHINE = r"ml\.[a-z0-9-]+\.[a-z0-9]+"
_MACHINES = rf"({_MACHINE}(,{_MACHINE})*)?"


def _parameter(
    scope: Construct,
    name: str,
    description: str,
    default: str | None = None,
    *,
    kind: str = "String",
    pattern: str | None = None,
    least: int | None = None,
) -> CfnParameter:
    parameter = CfnParameter(
        scope,
        name,
        type=kind,
        description=description,
        default=default,
        allowed_pattern=pattern,
        min_value=least,
    )
    parameter.override_logical_id(name)
    return parameter


def _switch(node: Node, name: str, default: str = "false") -> bool:
    word = node.try_get_context(name)
    text = str(default if word is None else word).lower()
    if text not in {"true", "false"}:
        raise ValueError(f"{name} must be true or false, not {text}")
    return text == "true"
