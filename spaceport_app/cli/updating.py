"""``check-updates``: whether there is a newer Spaceport; it only asks."""

from __future__ import annotations

from dataclasses import asdict

from spaceport_app import __version__
from spaceport_app.cli.output import Output, told
from spaceport_app.cli.running import Json


def check_updates(json: Json = False) -> None:
    """Ask whether there is a newer Spaceport; nothing is downloaded."""
    from spaceport_app import updates

    output = Output(json=json)
    with told(output):
        found = updates.ask(updates.address())
        output.document({"own": __version__, "newer": found.newer, **asdict(found)})
        if found.newer:
            output.say(f"Spaceport {found.version} is there; you have {__version__}: {found.page}")
        else:
            output.say(f"Spaceport {__version__} is the newest version.")
