"""One look: colours, spacing and type scale, and the stylesheet made of them."""

from spaceport_app.gui.theme.apply import apply, choice, choose, current, follow
from spaceport_app.gui.theme.colours import DARK, LIGHT, Colours
from spaceport_app.gui.theme.measures import radius, small, spacing, title, wide

__all__ = [
    "DARK",
    "LIGHT",
    "Colours",
    "apply",
    "choice",
    "choose",
    "current",
    "follow",
    "radius",
    "small",
    "spacing",
    "title",
    "wide",
]
