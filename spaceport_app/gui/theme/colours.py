"""The colours of both themes, by what they are for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Colours:
    """One theme; every colour is ``#rrggbb``.

    Parameters
    ----------
    background : str
        Behind everything, and behind 3D views and plots.
    panel : str
        Side panels and cards.
    raised : str
        Buttons, and rows under the mouse.
    field : str
        Where one writes and where lists stand.
    text, muted : str
        Reading text, and what may be read later.
    line : str
        Thin separators, and the line behind progress.
    accent, on_accent : str
        Selection and the one main button, and text on it.
    pill : str
        The fill of progress lines: white on dark ground, and as dark as text on light ground.
    good, warning, error : str
        Marks of finished, doubtful and failed things.
    """

    name: str
    background: str
    panel: str
    raised: str
    field: str
    text: str
    muted: str
    line: str
    accent: str
    on_accent: str
    pill: str
    good: str
    warning: str
    error: str

    @property
    def is_dark(self) -> bool:
        """Whether light text stands on dark ground."""
        return self.name == "dark"


DARK = Colours(
    name="dark",
    background="#15171a",
    panel="#1b1e22",
    raised="#272b31",
    field="#121417",
    text="#e8eaed",
    muted="#969ca6",
    line="#30353c",
    accent="#6aa9ff",
    on_accent="#0d1522",
    pill="#ffffff",
    good="#6fcf97",
    warning="#e9b44c",
    error="#ff6b64",
)

LIGHT = Colours(
    name="light",
    background="#eef0f2",
    panel="#f8f9fa",
    raised="#e6e9ec",
    field="#ffffff",
    text="#1b1e22",
    muted="#5f6771",
    line="#cfd4d9",
    accent="#1f6feb",
    on_accent="#ffffff",
    pill="#2a2f36",
    good="#1f8a4c",
    warning="#9a6700",
    error="#c9302c",
)
