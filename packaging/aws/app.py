"""The CDK app: ``cdk deploy`` in this folder starts it. docs/aws.md says how."""

from __future__ import annotations

import tempfile
from pathlib import Path

from aws_cdk import App
from infrastructure.settings import Settings
from infrastructure.stack import SpaceportStack


def main() -> None:
    """Synthesise the stack; needs neither credentials nor Docker."""
    app = App()
    with tempfile.TemporaryDirectory() as folder:
        SpaceportStack(app, "Spaceport", Settings.of(app.node), Path(folder))
        app.synth()


if __name__ == "__main__":
    main()
