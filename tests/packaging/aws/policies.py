"""What a role of a template may do, reckoned from its policies as IAM does."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ACCOUNT, REGION = "123456789012", "us-west-2"
_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "Spaceport",
}
_ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{id}",
    "AWS::StepFunctions::StateMachine": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{{id}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{id}}",
}
JOB = "0123456789abcdefghjkmnpqrs"
JOB_ROLE = f"arn:aws:iam::{ACCOUNT}:role/spaceport/Spaceport/sp-{JOB}"
_FORMAT = re.compile(r"States\.Format\('([^']*)', \$\.jobId\)")


@dataclass(frozen=True)
class Statement:
    """A statement of a policy, its intrinsic functions resolved."""

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, Any]]

    def covers(self, action: str, resource: str, context: Mapping[str, str]) -> bool:
        return (
            any(fnmatch.fnmatchcase(action, pattern) for pattern in self.actions)
            and any(fnmatch.fnmatchcase(resource, pattern) for pattern in self.resources)
            and all(
                any(fnmatch.fnmatchcase(context.get(key, ""), value) for value in _many(values))
                for clause in self.conditions.values()
                for key, values in clause.items()
            )
        )


class Account:
    """The resources of a template."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self.template = template
        self.resources: Mapping[str, Mapping[str, Any]] = template["Resources"]

    def of_type(self, kind: str) -> dict[str, Mapping[str, Any]]:
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == kind
        }

    def one(self, kind: str, start: str) -> str:
        """Return the logical id of the one resource of a type that begins so."""
        found = [name for name in self.of_type(kind) if name.startswith(start)]
        assert len(found) == 1, (kind, start, found)
        return found[0]

    def text(self, value: Any) -> str:
        """Return a value with its intrinsic functions resolved."""
        if not isinstance(value, Mapping):
            return str(value)
        if "Ref" in value:
            name = value["Ref"]
            default = self.template.get("Parameters", {}).get(name, {}).get("Default")
            # A reference to some resources is their ARN.
            if name in self.resources and self.resources[name]["Type"] in (
                "AWS::StepFunctions::StateMachine",
                "AWS::IAM::ManagedPolicy",
            ):
                return self.arn(name)
            return _PSEUDO.get(name, str(default if default is not None else name))
        if "Fn::GetAtt" in value:
            name, attribute = value["Fn::GetAtt"]
            return self.arn(name) if attribute.endswith("Arn") else f"{name}.{attribute}"
        if "Fn::Join" in value:
            separator, parts = value["Fn::Join"]
            return str(separator).join(self.text(part) for part in parts)
        if "Fn::Select" in value:
            number, parts = value["Fn::Select"]
            separator, whole = parts["Fn::Split"]
            found = self.text(whole).split(separator)
            return found[number] if number < len(found) else ""
        raise AssertionError(f"unknown function {value}")

    def arn(self, name: str) -> str:
        kind = self.resources[name]["Type"]
        return _ARNS.get(kind, f"arn:aws:{kind}:{{id}}").format(id=name)

    def statements(self, document: Mapping[str, Any]) -> Iterator[Statement]:
        for raw in document["Statement"]:
            yield Statement(
                raw["Effect"] == "Allow",
                tuple(self.text(action) for action in _many(raw["Action"])),
                tuple(self.text(resource) for resource in _many(raw.get("Resource", "*"))),
                {
                    name: {key: [self.text(v) for v in _many(values)] for key, values in c.items()}
                    for name, c in raw.get("Condition", {}).items()
                },
            )

    def of_role(self, role: str) -> list[Statement]:
        """Return the statements of all policies of a role."""
        documents = [
            p["PolicyDocument"] for p in self.of_type("AWS::IAM::Role")[role].get("Policies", [])
        ]
        for policy in self.of_type("AWS::IAM::Policy").values():
            if {"Ref": role} in policy["Roles"]:
                documents.append(policy["PolicyDocument"])
        return [one for document in documents for one in self.statements(document)]

    def of_job(self, job: str) -> list[list[Statement]]:
        """Return what bounds the role of a job: its own policy, and the boundary of all.

        What both allow it may do.
        """
        machine = self.of_type("AWS::StepFunctions::StateMachine")[
            self.one("AWS::StepFunctions::StateMachine", "Machine")
        ]
        filled = machine["DefinitionString"]
        for name, value in machine["DefinitionSubstitutions"].items():
            filled = filled.replace(f"${{{name}}}", self.text(value))
        own = _evaluated(json.loads(filled)["States"]["RolePolicy"]["Parameters"], job)
        boundary = self.of_type("AWS::IAM::ManagedPolicy")[
            self.one("AWS::IAM::ManagedPolicy", "JobRoles")
        ]
        return [list(self.statements(d)) for d in (own, boundary["PolicyDocument"])]

    def job_may(self, job: str, action: str, resource: str, **context: str) -> bool:
        """Return whether the machines of a job may do something."""
        facts = {key.replace("__", ":"): value for key, value in context.items()}
        return all(
            any(s.allows and s.covers(action, resource, facts) for s in statements)
            for statements in self.of_job(job)
        )

    def may(self, role: str, action: str, resource: str, **context: str) -> bool:
        """Return whether a role may do something; ``__`` in a key of `context` is a colon."""
        facts = {key.replace("__", ":"): value for key, value in context.items()}
        found = [s for s in self.of_role(role) if s.covers(action, resource, facts)]
        return bool(found) and all(statement.allows for statement in found)


def _evaluated(value: Any, job: str) -> Any:
    """Return the parameters of a state as Step Functions hands them on."""
    if isinstance(value, list):
        return [_evaluated(one, job) for one in value]
    if not isinstance(value, dict):
        return value
    done = {}
    for key, one in value.items():
        if key.endswith(".$"):
            texts = [text.replace("{}", job) for text in _FORMAT.findall(one)]
            assert texts, one
            done[key[:-2]] = texts if one.startswith("States.Array(") else texts[0]
        else:
            done[key] = _evaluated(one, job)
    return done


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
