"""What a job would send, take and cost: said before anything leaves this computer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spaceport_app.cloud.client import preparing, prices, wishes
from spaceport_app.cloud.client.preparing import Leaving
from spaceport_app.cloud.client.prices import Expected
from spaceport_app.cloud.client.wishes import Wish
from spaceport_app.cloud.layout import Step
from spaceport_app.pipeline import fingerprint, forecast
from spaceport_app.pipeline.settings import resolve_all
from spaceport_app.pipeline.stage import Registry, find
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

GPU_VALUES = "The project takes the values for a GPU, which AWS has for the training."


@dataclass(frozen=True)
class Offer:
    """A job as it would be.

    Parameters
    ----------
    wish : Wish
        What is asked for.
    settings : Settings
        The project's settings from then on.
    leaving : Leaving
        What leaves this computer.
    expected : Expected
        Ranges of time and cost.
    gpu_values : bool
        The settings become those for a GPU.
    """

    wish: Wish
    settings: Settings
    leaving: Leaving
    expected: Expected
    gpu_values: bool


def make(
    project: Project,
    wish: Wish,
    stages: Registry,
    *,
    keep_settings: bool,
    usual: Mapping[Step, str] | None = None,
) -> Offer:
    """Work out what a wish means for a project whose photos are read.

    Parameters
    ----------
    usual : mapping, optional
        The machines that the service takes unless others are asked for; else the table's.

    Raises
    ------
    StageError
        If the project has not what the first step needs, or the price table is damaged.
    """
    before = project.document.settings
    settings = before if keep_settings else wishes.suited(before, wish)
    options = resolve_all(stages, settings)
    leaving = preparing.leaving(project, wish.first, wish.photos, options)
    expected = expect(project, settings, wish, stages, usual)
    return Offer(wish, settings, leaving, expected, settings.device != before.device)


def expect(
    project: Project,
    settings: Settings,
    wish: Wish,
    stages: Registry,
    usual: Mapping[Step, str] | None = None,
) -> Expected:
    """Return time and cost of a wish with `settings`, also before the photos are read.

    Raises
    ------
    StageError
        If an option or the price table is wrong.
    """
    options = resolve_all(stages, settings)
    work = forecast.workload(project)
    return prices.expect(
        prices.read(),
        work,
        options,
        wish.first,
        wish.last,
        stages,
        wish.for_steps(usual),
        spot=bool(wish.spot),
    )


def photos_read(project: Project, stages: Registry) -> bool:
    """Whether the list of photos holds, from which follows what leaves this computer."""
    options = resolve_all(stages, project.document.settings)["import"]
    return fingerprint.holds(find(stages, "import"), options, project)
