"""What a person can choose about compression and export."""

from __future__ import annotations

from dataclasses import dataclass

from spaceport_app.options import option

FORMATS = ("sog", "sog-folder", "sogs", "ply")
"""Export formats: one .sog file, its unpacked folder, the older SOGS folder, a plain .ply."""


@dataclass(frozen=True)
class CompressOptions:
    """How a scene is packed into a bundle."""

    order: str = option(
        "hilbert",
        "Order of the Gaussians",
        "How Gaussians are laid out in the textures: hilbert and morton follow a space-filling "
        "curve, plas sorts by similarity and takes far longer.",
        choices=("hilbert", "morton", "plas"),
    )
    palette_entries: int = option(
        0,
        "Entries of the colour palette",
        "Number of view-dependent colours the Gaussians share; 0 chooses by their number.",
        minimum=0,
        maximum=65536,
    )
    sh_degree: int = option(
        3,
        "Highest harmonics degree kept",
        "View-dependent colour above this degree is left out; 0 keeps plain colours only.",
        minimum=0,
        maximum=3,
    )
    webp_effort: int = option(
        4,
        "Effort of the texture encoder",
        "0 is fastest; 6 takes many times as long as 4 for files about 0.2 % smaller.",
        minimum=0,
        maximum=6,
    )


@dataclass(frozen=True)
class ExportOptions:
    """Which files an export makes."""

    formats: str = option(
        "sog",
        "Formats",
        f"Formats to write, joined by commas: {', '.join(FORMATS)}.",
        choices=FORMATS,
        several=True,
    )
    orientation: str = option(
        "viewer",
        "Axes of the exported files",
        "viewer turns the scene upright for web viewers, world keeps east, north, up.",
        choices=("viewer", "world"),
    )

    def chosen(self) -> tuple[str, ...]:
        """Return the chosen formats in the order of `FORMATS`, each once.

        Raises
        ------
        ValueError
            If a word is no format, or none is named.
        """
        words = {word.strip() for word in self.formats.split(",") if word.strip()}
        unknown = sorted(words - set(FORMATS))
        if unknown or not words:
            what = f"{unknown[0]} is not one" if unknown else "none is named"
            raise ValueError(f"Formats must be among {', '.join(FORMATS)}; {what}.")
        return tuple(name for name in FORMATS if name in words)
