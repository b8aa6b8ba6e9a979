"""The state machine as Step Functions takes it: the file with its placeholders filled."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

FILE = Path(__file__).with_name("state_machine.asl.json")

PLACEHOLDERS = (
    "Artifacts",
    "JobRole",
    "CpuImage",
    "TrainImage",
    "Subnets",
    "SecurityGroups",
    "MailFunction",
    "Topic",
    "PollSeconds",
    "TrainPollSeconds",
)
"""What a deployment fills in: names, ARNs, lists with commas, seconds; all as text."""

USUAL = {"PollSeconds": "60", "TrainPollSeconds": "120"}

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def text(values: Mapping[str, str]) -> str:
    """Return the definition with every placeholder filled; `USUAL` holds where `values` do not.

    Raises
    ------
    KeyError
        If a value is missing.
    ValueError
        If a value has characters that would need escaping in JSON.
    """
    filled = {**USUAL, **values}
    for name in PLACEHOLDERS:
        if json.dumps(filled[name]) != f'"{filled[name]}"' or "'" in filled[name]:
            raise ValueError(f"{name} cannot be {filled[name]!r}")
    template = FILE.read_text(encoding="utf-8")
    return _PLACEHOLDER.sub(lambda found: filled[found[1]], template)
