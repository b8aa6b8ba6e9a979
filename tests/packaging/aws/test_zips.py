"""What goes into the zips of functions: what they import, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from infrastructure.code import ROOT, SHARED, version

import spaceport_app

from .conftest import Synthesis
from .policies import Account

BACKEND = "spaceport_app/cloud/backend"
PACKAGES = {"ApiJobs": "api", "MailSender": "mail", "MailLink": "mail", "SweeperRoles": "api"}

_IMPORT = """
import importlib, json, os, sys
before = set(sys.modules)
sys.path.insert(0, sys.argv[1])
module, _, function = sys.argv[2].rpartition(".")
assert callable(getattr(importlib.import_module(module), function))
named = {m: getattr(v, "__file__", None) for m, v in sys.modules.items() if m not in before}
print(json.dumps({m: f for m, f in named.items() if f and not m.startswith("_")}))
"""


@pytest.mark.parametrize(("function", "package"), PACKAGES.items())
def test_a_zip_holds_its_own_files_alone(
    function: str, package: str, synthesis: Synthesis, account: Account
) -> None:
    folder = synthesis.zipped(account.one("AWS::Lambda::Function", function))
    found = {f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file()}
    own = {
        f.relative_to(ROOT).as_posix()
        for f in (ROOT / BACKEND / package).rglob("*")
        if f.suffix in {".py", ".json"}
    }
    assert own and found == own | set(SHARED)
    for name in found:
        assert (folder / name).read_bytes() == (ROOT / name).read_bytes()


@pytest.mark.parametrize("function", PACKAGES)
def test_a_zip_imports_nothing_that_is_not_in_it_or_in_the_runtime(
    function: str, synthesis: Synthesis, account: Account
) -> None:
    name = account.one("AWS::Lambda::Function", function)
    properties = account.of_type("AWS::Lambda::Function")[name]
    assert properties["Runtime"] == "python3.12"
    folder = synthesis.zipped(name)
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", _IMPORT, str(folder), properties["Handler"]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout.splitlines()[-1])
    ours = {m: Path(f) for m, f in loaded.items() if m.split(".")[0] == "spaceport_app"}
    assert len(ours) > 5 and all(file.is_relative_to(folder) for file in ours.values())
    others = {
        m.split(".")[0]
        for m, f in loaded.items()
        if "site-packages" in f and m.split(".")[0] != "spaceport_app"
    }
    # What Lambda's Python brings along.
    assert others >= {"boto3", "botocore"}
    # urllib3 takes backports where Python has no zstd.
    allowed = {
        "backports",
        "boto3",
        "botocore",
        "certifi",
        "dateutil",
        "jmespath",
        "s3transfer",
        "urllib3",
    }
    assert others <= allowed | {"six"}


def test_every_environment_variable_that_a_function_needs_is_set(account: Account) -> None:
    functions = account.of_type("AWS::Lambda::Function")
    for start, package in PACKAGES.items():
        given = set(
            functions[account.one("AWS::Lambda::Function", start)]["Environment"]["Variables"]
        )
        assert all(name.startswith("SPACEPORT_") for name in given)
        known = "".join(f.read_text() for f in (ROOT / BACKEND / package).glob("*.py"))
        assert [name for name in given if name not in known] == []
    jobs = functions[account.one("AWS::Lambda::Function", "ApiJobs")]["Environment"]["Variables"]
    assert {"SPACEPORT_UPLOADS", "SPACEPORT_ARTIFACTS", "SPACEPORT_STATE_MACHINE"} <= set(jobs)
    instances = json.loads(account.text(jobs["SPACEPORT_INSTANCES"]))
    assert instances == {
        "sfm": "ml.c6i.2xlarge",
        "3dgs": "ml.g4dn.xlarge",
        "compression": "ml.c6i.4xlarge",
    }
    choice = json.loads(account.text(jobs["SPACEPORT_ALLOWED_INSTANCES"]))
    assert choice.keys() == instances.keys()
    for step, machine in instances.items():
        assert machine in choice[step].split(",")
    priced = json.loads((ROOT / BACKEND / "api" / "prices.json").read_text())["usdPerHour"]
    assert {name for names in choice.values() for name in names.split(",")} <= priced.keys()
    limits = (jobs["SPACEPORT_RUNNING_JOBS"], jobs["SPACEPORT_JOBS_A_DAY"])
    assert [account.text(limit) for limit in limits] == ["2", "20"]
    # Nobody but who is told of alarms, as long as nobody else is listed.
    assert account.text(jobs["SPACEPORT_MAIL_TO"]) == "NoticeEmail,"
    assert (jobs["SPACEPORT_SPOT"], jobs["SPACEPORT_SPOT_CHOICE"]) == ("false", "true")


def test_the_version_of_the_images_is_ours() -> None:
    assert version() == spaceport_app.__version__
