"""What a person can set for training."""

from __future__ import annotations

from dataclasses import dataclass

from spaceport_app.options import option

NOT_IN_RESULT = frozenset(
    {"checkpoint_every_s", "preview_every_s", "snapshot_every_s", "views_memory_mb"}
)
"""Options that change what a run costs or shows and not what comes out."""


@dataclass(frozen=True)
class TrainOptions:
    """Options of the train stage; the defaults are those of a short run without a GPU."""

    engine: str = option(
        "auto",
        "Engine",
        "What computes the training: an NVIDIA GPU, this computer's processor, or the best there.",
        choices=("auto", "cpu", "cuda"),
    )
    finish_in_min: float = option(
        0.0,
        "Finish in about",
        "From the start to the files. Steps, picture size and number of Gaussians then follow "
        "from how fast this computer is. 0 keeps to what is set below.",
        unit="min",
        minimum=0.0,
        maximum=10_000.0,
    )
    iterations: int = option(
        1700,
        "Training steps",
        "Number of steps; each compares one photo with its rendering.",
        minimum=1,
        maximum=1_000_000,
    )
    max_gaussians: int = option(
        160_000,
        "Largest number of Gaussians",
        "More Gaussians show finer detail and take more time, memory and bytes.",
        minimum=100,
        maximum=16_000_000,  # torch draws one of 2^24 at most
    )
    image_size: int = option(
        640,
        "Training picture size",
        "Larger side of the pictures in the last and longest part of training.",
        unit="px",
        minimum=16,
        maximum=16_384,
    )
    coarse_to_fine: bool = option(
        True,
        "Start with small pictures",
        "Train at a quarter, then half of the size before the full size; faster and steadier.",
    )
    refine_every: int = option(
        50,
        "Steps between refinements",
        "How often Gaussians are moved, added and removed.",
        unit="steps",
        minimum=1,
        maximum=10_000,
    )
    growth: float = option(
        0.08,
        "Growth a refinement",
        "Part of the Gaussians that mcmc adds each time until the largest number is reached.",
        minimum=0.0,
        maximum=1.0,
    )
    largest_gaussian: float = option(
        0.04,
        "Largest Gaussian",
        "Standard deviation of a Gaussian at most, as a part of the distance to a camera.",
        minimum=0.001,
        maximum=1000.0,
    )
    fill: float = option(
        0.6,
        "Gaussians in holes at the start",
        "Part of the largest number that starts where the photos have no points to track.",
        minimum=0.0,
        maximum=1.0,
    )
    sh_degree: int = option(
        2,
        "Spherical harmonics degree",
        "How strongly colour may change with the direction of view; 0 is not at all.",
        minimum=0,
        maximum=3,
    )
    rate_factor: float = option(
        3.0,
        "Learning rate factor",
        "Multiplies all published rates but that of positions; over 1 for few steps.",
        minimum=0.01,
        maximum=100.0,
    )
    position_rate: float = option(
        4.8e-4,
        "Learning rate of positions",
        "Rate of the first step as a part of the scene's size; it falls to a hundredth.",
        minimum=1e-7,
        maximum=1e-1,
    )
    dssim_weight: float = option(
        0.2,
        "Weight of structure",
        "Part of the loss that compares structure (SSIM) rather than colour.",
        minimum=0.0,
        maximum=1.0,
    )
    dssim_from: float = option(
        0.0,
        "Start of structure",
        "Part of the training after which structure counts; later is faster.",
        minimum=0.0,
        maximum=1.0,
    )
    opacity_regularisation: float = option(
        0.01,
        "Opacity regularisation",
        "Weight that makes unused Gaussians fade, so that mcmc can move them.",
        minimum=0.0,
        maximum=10.0,
    )
    scale_regularisation: float = option(
        0.01,
        "Scale regularisation",
        "Weight that keeps Gaussians small.",
        minimum=0.0,
        maximum=10.0,
    )
    antialiased: bool = option(
        False,
        "Antialiased",
        "Train for viewers that weaken Gaussians smaller than a pixel (Mip-Splatting).",
    )
    background: str = option(
        "random",
        "Background",
        "Colour behind the Gaussians while training; random leaves no holes to hide in.",
        choices=("black", "grey", "white", "random"),
    )
    vignetting: bool = option(
        True,
        "Even out dark edges",
        "Find from overlapping photos how the lens darkens their edges, and train without it.",
    )
    refine_poses: bool = option(
        False,
        "Refine camera poses",
        "Move the cameras of training photos a little along; helps where they were placed badly.",
    )
    held_out: str = option(
        "every-8th",
        "Held-out photos",
        "Photos kept from training to measure quality: every-8th, none, or names with commas.",
    )
    clean_up: bool = option(
        True,
        "Clean up at the end",
        "Remove floating, faint and badly seen Gaussians where the pictures do not suffer.",
    )
    seed: int = option(
        0,
        "Random seed",
        "The same seed gives the same result on the processor.",
        minimum=0,
        maximum=2**31 - 1,
    )
    checkpoint_every_s: float = option(
        60.0,
        "Time between checkpoints",
        "How much work a crash can cost at most.",
        unit="s",
        minimum=0.0,
    )
    preview_every_s: float = option(
        15.0,
        "Time between previews",
        "How often a picture of the present state is written; 0 for never.",
        unit="s",
        minimum=0.0,
    )
    snapshot_every_s: float = option(
        5.0,
        "Time between snapshots",
        "How often the Gaussians are written to be looked at in the Splat tab; 0 for never.",
        unit="s",
        minimum=0.0,
    )
    views_memory_mb: int = option(
        1024,
        "Memory for photos",
        "Decoded photos beyond this are read again when they are needed.",
        unit="MB",
        minimum=0,
    )
