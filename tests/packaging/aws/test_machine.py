"""The state machine as it is deployed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from infrastructure.machine import DEFINITION
from statelint import linter as statelint

from .policies import ACCOUNT, JOB_ROLE, REGION, Account

_SUBSTITUTION = re.compile(r"\$\{(\w+)\}")


@pytest.fixture(scope="module")
def machine(account: Account) -> dict[str, Any]:
    return dict(
        account.of_type("AWS::StepFunctions::StateMachine")[
            account.one("AWS::StepFunctions::StateMachine", "Machine")
        ]
    )


@pytest.fixture(scope="module")
def states(machine: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(machine["DefinitionString"])["States"])


def creating(states: dict[str, Any]) -> dict[str, Any]:
    found = {
        name: state
        for name, state in states.items()
        if re.search(r":create(Processing|Training)Job$", state.get("Resource", ""))
    }
    assert len(found) == 3
    return found


def test_the_file_of_the_backend_is_deployed_as_it_is(machine: dict[str, Any]) -> None:
    assert machine["DefinitionString"] == DEFINITION.read_text(encoding="utf-8")


def test_every_placeholder_is_filled_and_nothing_else(machine: dict[str, Any]) -> None:
    wanted = set(_SUBSTITUTION.findall(machine["DefinitionString"]))
    assert wanted == set(machine["DefinitionSubstitutions"])


def test_statelint_finds_nothing() -> None:
    definition = json.loads(DEFINITION.read_text(encoding="utf-8"), object_hook=_as_statelint_likes)
    assert statelint.Linter.validate(definition) == []


def test_every_job_has_a_time_limit(states: dict[str, Any]) -> None:
    for name, state in creating(states).items():
        parameters = state["Parameters"]
        if "StoppingCondition" in parameters:
            assert "MaxRuntimeInSeconds" in " ".join(parameters["StoppingCondition"]), name
            continue
        # It comes from the states before, but for the wait after a try: from every one of them.
        path = parameters["StoppingCondition.$"]
        before = [s for s in states.values() if name in _followers(s) and s["Type"] != "Wait"]
        assert before
        for one in before:
            assert one["Type"] == "Pass" and one["ResultPath"] == path
            assert any(key.startswith("MaxRuntimeInSeconds") for key in one["Parameters"])


def test_the_whole_has_a_time_limit(machine: dict[str, Any]) -> None:
    # The steps' own limits come before it: tests/cloud/backend/test_state_machine.py.
    assert json.loads(machine["DefinitionString"])["TimeoutSeconds"] == 24 * 3600


def test_every_job_runs_in_our_network(states: dict[str, Any]) -> None:
    for name, state in creating(states).items():
        parameters = state["Parameters"]
        network = parameters.get("NetworkConfig", parameters)["VpcConfig"]
        assert "${Subnets}" in json.dumps(network), name
        assert "${SecurityGroups}" in json.dumps(network), name


def test_every_job_has_the_cost_tag(states: dict[str, Any]) -> None:
    for name, state in creating(states).items():
        assert {"Key": "project", "Value": "spaceport"} in state["Parameters"]["Tags"], name


def test_the_role_may_do_what_the_machine_does_and_no_more(
    account: Account, states: dict[str, Any]
) -> None:
    role = account.one("AWS::IAM::Role", "MachineRole")
    job = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{{}}-job/sp-0123456789abcdefghjkmnpqrs-3dgs"
    used = {"sagemaker:AddTags", "iam:PassRole", "lambda:InvokeFunction", "sns:Publish"}
    for state in states.values():
        call = re.search(r":aws-sdk:iam:(\w+)$", state.get("Resource", ""))
        if call is not None:
            action = f"iam:{call[1][0].upper()}{call[1][1:]}"
            boundary = account.arn(account.one("AWS::IAM::ManagedPolicy", "JobRoles"))
            assert account.may(role, action, JOB_ROLE, iam__PermissionsBoundary=boundary)
            # Without the boundary a new role could do anything.
            assert not account.may(role, action, JOB_ROLE)
            assert not account.may(
                role, action, JOB_ROLE.replace("/sp-", "/"), iam__PermissionsBoundary=boundary
            )
            used.add(action)
        call = re.search(r":aws-sdk:sagemaker:(\w+)$", state.get("Resource", ""))
        if call is not None:
            action = f"sagemaker:{call[1][0].upper()}{call[1][1:]}"
            kind = "training" if "Training" in action else "processing"
            assert account.may(role, action, job.format(kind)), action
            used.add(action)
    allowed = {action for statement in account.of_role(role) for action in statement.actions}
    assert {action for action in allowed if not action.startswith("logs:")} == used


def test_what_goes_through_the_states_is_not_logged(machine: dict[str, Any]) -> None:
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False


def _followers(state: dict[str, Any]) -> Iterator[str]:
    for key in ("Next", "Default"):
        if key in state:
            yield state[key]
    for one in [*state.get("Choices", []), *state.get("Catch", [])]:
        yield one["Next"]


def _as_statelint_likes(value: dict[str, Any]) -> dict[str, Any]:
    """Write two things as statelint knows them, which Step Functions takes either way.

    It wants a rate with a point, where JSON knows numbers only, and takes no name in brackets
    that begins with a digit.
    """
    if "BackoffRate" in value:
        value["BackoffRate"] = float(value["BackoffRate"])
    return {
        key: v.replace("['3dgs']", "['training']") if isinstance(v, str) else v
        for key, v in value.items()
    }
