"""What a person asks of AWS, and what suits a project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from spaceport_app.cloud.client.preparing import Photos
from spaceport_app.cloud.layout import STEPS, Step, following
from spaceport_app.pipeline import fingerprint
from spaceport_app.pipeline.settings import resolve_all
from spaceport_app.pipeline.stage import Registry, find
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project


@dataclass(frozen=True)
class Wish:
    """What a person asks of AWS.

    Parameters
    ----------
    first, last : str
        Steps to do there.
    photos : str
        ``scaled`` or ``original``.
    email : str
        Who is told of the end.
    bytes_a_second : float
        Bandwidth of the upload at most; 0 for no limit.
    instances : mapping
        Types of machines for steps; else the usual ones of the service.
    spot : bool or None
        Train on spare capacity; None as the service usually does.
    """

    first: Step = "sfm"
    last: Step = "compression"
    photos: Photos = "scaled"
    email: str = ""
    bytes_a_second: float = 0.0
    instances: Mapping[Step, str] = field(default_factory=dict)
    spot: bool | None = None

    def for_steps(self, usual: Mapping[Step, str] | None = None) -> Mapping[Step, str]:
        """Return the machines of the steps that are asked for; the usual ones where none is."""
        steps = following(self.first, self.last)
        machines = {**(usual or {}), **self.instances}
        return {step: type for step, type in machines.items() if step in steps}


def usual_first(project: Project, stages: Registry) -> Step:
    """Return the first step whose results are missing or outdated here."""
    options = resolve_all(stages, project.document.settings)
    holds = {
        name: fingerprint.holds(find(stages, name), options[name], project)
        for name in ("import", "sfm", "train")
    }
    if not (holds["import"] and holds["sfm"]):
        return "sfm"
    return "compression" if holds["train"] else "3dgs"


def from_missing(project: Project, stages: Registry, wish: Wish) -> Wish:
    """Return the wish from the first step on whose results are missing or outdated here."""
    first = usual_first(project, stages)
    last = wish.last if STEPS.index(wish.last) >= STEPS.index(first) else first
    return replace(wish, first=first, last=last)


def suited(settings: Settings, wish: Wish) -> Settings:
    """Return settings with the values for a GPU where both SfM and training are done on AWS.

    AWS trains on one. Where SfM was done here its views stay, and so do the values.
    """
    whole = wish.first == "sfm" and wish.last != "sfm"
    return replace(settings, device="cuda") if whole else settings
