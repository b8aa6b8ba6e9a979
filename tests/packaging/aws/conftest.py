from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .policies import Account

SEED_BUCKET = "pilots-own-photos"


@dataclass(frozen=True)
class Synthesis:
    """What the CDK has made of our app."""

    folder: Path
    template: dict[str, Any]

    @property
    def file(self) -> Path:
        return self.folder / "Spaceport.template.json"

    def zipped(self, function: str) -> Path:
        """Return the folder that becomes the zip of a function."""
        return (
            self.folder
            / f"asset.{self.template['Resources'][function]['Properties']['Code']['S3Key'][:-4]}"
        )


Synthesise = Callable[..., Synthesis]


@pytest.fixture(scope="session")
def synthesise(tmp_path_factory: pytest.TempPathFactory) -> Synthesise:
    """Return a function that makes the template with switches; they share one Node.js."""
    if shutil.which("node") is None:
        pytest.fail("The AWS stack is made with the CDK, which needs Node.js: install it.")
    # Starts a Node.js, so no sooner than it is needed.
    from aws_cdk import App
    from infrastructure.settings import Settings
    from infrastructure.stack import SpaceportStack

    def make(**switches: Any) -> Synthesis:
        folder = tmp_path_factory.mktemp("cdk.out")
        app = App(outdir=str(folder))
        SpaceportStack(app, "Spaceport", Settings(**switches), tmp_path_factory.mktemp("zips"))
        app.synth()
        template = json.loads((folder / "Spaceport.template.json").read_text(encoding="utf-8"))
        return Synthesis(folder, template)

    return make


@pytest.fixture(scope="session")
def synthesis(synthesise: Synthesise) -> Synthesis:
    """Return what is deployed by default, with a seed bucket."""
    return synthesise(seed_buckets=(SEED_BUCKET,))


@pytest.fixture(scope="session")
def other(synthesise: Synthesise) -> Synthesis:
    """Return what is deployed with every switch the other way."""
    return synthesise(spot=True, interface_endpoints=True, own_sagemaker_logs=False)


@pytest.fixture(scope="session")
def account(synthesis: Synthesis) -> Account:
    return Account(synthesis.template)
