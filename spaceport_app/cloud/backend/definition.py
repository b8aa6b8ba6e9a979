"""The state machine as Step Functions takes it: the file with its placeholders filled."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

FILE = Path(__file__).with_name("state_machine.asl.json")

PLACEHOLDERS = (
    "Uploads",
    "Artifacts",
    "Roles",
    "RolePath",
    "Boundary",
    "Partition",
    "Account",
    "CpuImage",
    "TrainImage",
    "Subnets",
    "SecurityGroups",
    "MailFunction",
    "Topic",
)
"""What a deployment fills in: names, ARNs, lists with commas; all as text."""

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def text(values: Mapping[str, str]) -> str:
    """Return the definition with every placeholder filled.

    Raises
    ------
    KeyError
        If a value is missing.
    ValueError
        If a value has characters that would need escaping in JSON.
    """
    for name in PLACEHOLDERS:
        if json.dumps(values[name]) != f'"{values[name]}"' or "'" in values[name]:
            raise ValueError(f"{name} cannot be {values[name]!r}")
    template = FILE.read_text(encoding="utf-8")
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)
