"""An AWS that checks signatures and policies: API Gateway, Lambda, S3 and IAM of ministack.

Started as a process with authorisation on. It has no SageMaker and no full Step Functions, so the
function is pointed to another emulator for those.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

REGION = "us-west-2"
_ACCOUNT = "000000000000"
_START_S = 60.0


@dataclass(frozen=True)
class Signed:
    """A running account.

    Parameters
    ----------
    endpoint : str
        ``http://127.0.0.1:PORT``.
    """

    endpoint: str

    def client(self, service: str, key: str = "test", secret: str = "test") -> Any:
        """Return a boto3 client, of the account's owner if no other key is given."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(signature_version="s3v4" if service == "s3" else "v4"),
        )

    def bucket(self, name: str) -> None:
        """Make a bucket."""
        place = {"LocationConstraint": REGION}
        self.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=place)

    def role(self, name: str, service: str, statements: Sequence[Mapping[str, Any]]) -> str:
        """Make a role that may do just this, and return its ARN."""
        iam = self.client("iam")
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": service},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
        return str(made["Role"]["Arn"])

    def function(
        self, name: str, archive: Path, handler: str, role: str, environment: Mapping[str, str]
    ) -> str:
        """Deploy a function and return its ARN."""
        made = self.client("lambda").create_function(
            FunctionName=name,
            Runtime=f"python3.{sys.version_info.minor}",
            Role=role,
            Handler=handler,
            Code={"ZipFile": archive.read_bytes()},
            Timeout=60,
            MemorySize=1769,
            Environment={"Variables": dict(environment)},
        )
        return str(made["FunctionArn"])

    def gateway(self, function: str, keys: Mapping[str, str], unplanned: str) -> str:
        """Put a REST API with keys and a usage plan before a function, and return its address.

        The key `unplanned` exists, but no usage plan has it.
        """
        gateway = self.client("apigateway")
        api = gateway.create_rest_api(name="spaceport")["id"]
        root = gateway.get_resources(restApiId=api)["items"][0]["id"]
        resource = gateway.create_resource(restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
        where = {"restApiId": api, "resourceId": resource, "httpMethod": "ANY"}
        gateway.put_method(**where, authorizationType="NONE", apiKeyRequired=True)
        path = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions"
        gateway.put_integration(
            **where,
            type="AWS_PROXY",
            integrationHttpMethod="POST",
            uri=f"{path}/{function}/invocations",
        )
        self.client("lambda").add_permission(
            FunctionName=function,
            StatementId="gateway",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{REGION}:{_ACCOUNT}:{api}/*",
        )
        gateway.create_deployment(restApiId=api, stageName="v1")
        plan = gateway.create_usage_plan(name="pilots", apiStages=[{"apiId": api, "stage": "v1"}])
        for value, name in keys.items():
            key = gateway.create_api_key(name=name, value=value, enabled=True)["id"]
            gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key, keyType="API_KEY")
        gateway.create_api_key(name="unplanned", value=unplanned, enabled=True)
        return f"{self.endpoint}/restapis/{api}/v1/_user_request_"


@contextmanager
def signed(folder: Path) -> Iterator[Signed]:
    """Start an account as a process, and end it with its functions."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "false",
        "DOCKER_HOST": f"unix://{folder}/none.sock",
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(folder),
    }
    with (
        (folder / "ministack.log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            _await_health(f"http://127.0.0.1:{port}/_ministack/health", process)
            yield Signed(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _await_health(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError("ministack did not start")
