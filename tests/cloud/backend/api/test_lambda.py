"""The function as it is deployed: what it imports, and what its environment must say."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from spaceport_app.cloud.backend.api.configuration import Configuration

ROOT = Path(__file__).parents[4]
FILES = (
    "spaceport_app/__init__.py",
    "spaceport_app/errors.py",
    "spaceport_app/cloud/__init__.py",
    "spaceport_app/cloud/layout.py",
    "spaceport_app/inside.py",
    "spaceport_app/cloud/job.py",
    "spaceport_app/cloud/wire.py",
    "spaceport_app/cloud/backend/__init__.py",
)

_PROBE = """
import importlib.abc, sys

ALLOWED = set(sys.stdlib_module_names) | {
    "boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six",
    "spaceport_app", "certifi", "_distutils_hack",
}
class Guard(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in ALLOWED:
            raise ImportError(f"{name} is not in the function")
        return None

sys.meta_path.insert(0, Guard())
from spaceport_app.cloud.backend.api import handler, request
from spaceport_app.cloud.backend.api.configuration import Configuration
from spaceport_app.cloud.backend.api.services import connect

connect(Configuration("uploads", "artifacts", "arn"))
event = {
    "httpMethod": "GET", "path": "/health",
    "requestContext": {"identity": {"apiKeyId": "key"}},
}
answer = handler.handle(event, None)
assert answer["statusCode"] == 200, answer
for name in ("numpy", "torch", "scipy", "pydantic"):
    assert name not in sys.modules
print(sorted(name for name in sys.modules if name.startswith("spaceport_app")))
"""


def zipped(path: Path) -> Path:
    """Zip what the function is deployed with, and nothing else."""
    api = sorted((ROOT / "spaceport_app/cloud/backend/api").glob("*.*"))
    with zipfile.ZipFile(path, "w") as archive:
        for file in (*(ROOT / name for name in FILES), *api):
            archive.write(file, file.relative_to(ROOT))
    return path


def test_function_runs_from_its_own_files_with_boto3_alone(tmp_path: Path) -> None:
    folder = tmp_path / "function"
    with zipfile.ZipFile(zipped(tmp_path / "function.zip")) as archive:
        archive.extractall(folder)
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{_PROBE}"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={
            "AWS_DEFAULT_REGION": "us-west-2",
            "SPACEPORT_UPLOADS": "uploads",
            "SPACEPORT_ARTIFACTS": "artifacts",
            "SPACEPORT_STATE_MACHINE": "arn",
        },
    )
    assert done.returncode == 0, done.stderr
    assert "spaceport_app.cloud.backend.api.seed" in done.stdout
    assert "pipeline" not in done.stdout


def test_environment_is_read(tmp_path: Path) -> None:
    given = {
        "SPACEPORT_UPLOADS": "up",
        "SPACEPORT_ARTIFACTS": "down",
        "SPACEPORT_STATE_MACHINE": "arn",
        "SPACEPORT_SEED_BUCKETS": "one, two,",
        "SPACEPORT_INSTANCES": '{"3dgs": "ml.g5.xlarge"}',
        "SPACEPORT_LIMITS_SECONDS": '{"sfm": 60}',
        "SPACEPORT_POLL_SECONDS": '{"3dgs": 5}',
        "SPACEPORT_PRICES": '{"ml.g5.xlarge": 2}',
        "SPACEPORT_SPOT": "True",
        "SPACEPORT_SPOT_CHOICE": "true",
        "SPACEPORT_ALLOWED_INSTANCES": '{"sfm": "ml.c6i.xlarge, ml.c6i.4xlarge", "3dgs": ""}',
        "SPACEPORT_LINK_SECONDS": "600",
        "SPACEPORT_KEPT_DAYS": "3",
    }
    read = Configuration.of(given)
    assert read.seed_buckets == {"one", "two"}
    assert read.instances == {
        "sfm": "ml.c6i.2xlarge",
        "3dgs": "ml.g5.xlarge",
        "compression": "ml.c6i.4xlarge",
    }
    assert (read.limits_s["sfm"], read.limits_s["3dgs"]) == (60, 21600)
    assert (read.waits_s["sfm"], read.waits_s["3dgs"]) == (60, 5)
    assert read.prices == {"ml.g5.xlarge": 2.0}
    assert read.spot_choice
    assert read.may_use("sfm") == {"ml.c6i.xlarge", "ml.c6i.2xlarge", "ml.c6i.4xlarge"}
    assert read.may_use("3dgs") == {"ml.g5.xlarge"}
    assert (read.spot, read.link_s, read.kept_days) == (True, 600, 3)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"SPACEPORT_UPLOADS": "up", "SPACEPORT_ARTIFACTS": "down"},
        {
            "SPACEPORT_UPLOADS": "up",
            "SPACEPORT_ARTIFACTS": "down",
            "SPACEPORT_STATE_MACHINE": "arn",
            "SPACEPORT_PRICES": "[]",
        },
    ],
)
def test_environment_that_lacks_something_is_no_environment(given: dict[str, str]) -> None:
    with pytest.raises((KeyError, ValueError)):
        Configuration.of(given)
