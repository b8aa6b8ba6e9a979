"""The presets: one table of the options in which each differs from the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spaceport_app.events import JsonValue
from spaceport_app.project.errors import ProjectError

Options = Mapping[str, JsonValue]


@dataclass(frozen=True)
class Preset:
    """One preset: a name, what it is for, and its options by device and stage."""

    name: str
    purpose: str
    options: Mapping[str, Mapping[str, Options]]


# The published schedule of 3DGS-MCMC (Kheradmand et al. 2024), which a GPU has the steps for.
_LONG_RUN: Options = {
    "refine_every": 100,
    "growth": 0.05,
    "rate_factor": 1.0,
    "position_rate": 1.6e-4,
    "checkpoint_every_s": 300.0,
}

# Larger pictures and more Gaussians only pay together, and on a CPU a step costs about as many
# seconds as both multiplied: so the CPU columns hold back where the GPU columns need not.
PRESETS: tuple[Preset, ...] = (
    Preset(
        "preview",
        "A first look in minutes: is the flight complete, is it sharp?",
        {
            "cpu": {
                "sfm": {"max_features": 4096, "neighbours": 8, "view_size": 640},
                "train": {
                    "iterations": 1700,
                    "max_gaussians": 160_000,
                    "image_size": 640,
                    "sh_degree": 2,
                },
            },
            "cuda": {
                "sfm": {"max_features": 4096, "neighbours": 8, "view_size": 1600},
                "train": {
                    **_LONG_RUN,
                    "iterations": 7000,
                    "max_gaussians": 500_000,
                    "image_size": 1600,
                    "sh_degree": 2,
                },
            },
        },
    ),
    Preset(
        "standard",
        "The usual result to share on the web.",
        {
            "cpu": {
                "sfm": {"view_size": 800},
                "train": {
                    "iterations": 3600,
                    "max_gaussians": 250_000,
                    "image_size": 800,
                    "sh_degree": 2,
                    "rate_factor": 2.0,
                    "position_rate": 3.2e-4,
                },
            },
            "cuda": {
                "sfm": {"view_size": 1600},
                "train": {
                    **_LONG_RUN,
                    "iterations": 15_000,
                    "max_gaussians": 1_000_000,
                    "image_size": 1600,
                    "sh_degree": 3,
                },
            },
        },
    ),
    Preset(
        "high",
        "The finest result, for patience and a strong computer.",
        {
            "cpu": {
                "sfm": {"first_octave": -1, "max_features": 12_288, "view_size": 1200},
                "train": {
                    "iterations": 6000,
                    "max_gaussians": 300_000,
                    "image_size": 1200,
                    "sh_degree": 3,
                    "rate_factor": 1.5,
                    "position_rate": 2.4e-4,
                },
            },
            "cuda": {
                "sfm": {
                    "first_octave": -1,
                    "feature_image_size": 3200,
                    "max_features": 16_384,
                    "view_size": 3200,
                },
                "train": {
                    **_LONG_RUN,
                    "iterations": 30_000,
                    "max_gaussians": 3_000_000,
                    "image_size": 3200,
                    "sh_degree": 3,
                },
            },
        },
    ),
    Preset(
        "timed",
        "As good as it gets in the time that you give.",
        {
            "cpu": {
                "sfm": {"max_features": 4096, "neighbours": 8, "view_size": 1600},
                "train": {"finish_in_min": 10.0, "sh_degree": 2},
            },
            "cuda": {
                "sfm": {"max_features": 4096, "neighbours": 8, "view_size": 3200},
                "train": {**_LONG_RUN, "finish_in_min": 10.0, "sh_degree": 3},
            },
        },
    ),
)
TIMED = "timed"
NAMES = tuple(preset.name for preset in PRESETS)
DEVICES = ("cpu", "cuda")


def find(name: str) -> Preset:
    """Return the preset called `name`.

    Raises
    ------
    ProjectError
        ``unknown_preset``.
    """
    for preset in PRESETS:
        if preset.name == name:
            return preset
    raise ProjectError(
        "unknown_preset", f"There is no preset called {name}.", f"Name one: {', '.join(NAMES)}."
    )


def values(name: str, device: str, stage: str) -> Options:
    """Return what a preset sets for one stage on one device."""
    return find(name).options.get(device, {}).get(stage, {})
