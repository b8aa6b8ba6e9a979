"""What the window says about the GPU engine; no Qt."""

from __future__ import annotations

from spaceport_app.engine_setup.plan import Plan
from spaceport_app.engine_setup.status import Status
from spaceport_app.quantities import size


def state(status: Status) -> str:
    """Return what is in use now, one sentence."""
    engine = status.active
    if engine is None:
        return "No GPU engine is set up: Spaceport trains on the processor."
    if engine.trouble:
        return f"The GPU engine cannot be used: {engine.trouble}. The processor trains instead."
    return f"In use: {engine.words()}, {size(engine.installed_bytes)}."


def offer(plan: Plan) -> str:
    """Return what would be fetched, how large and where to, a line each."""
    lines = []
    if plan.cards is not None:
        card = plan.cards.cards[0]
        lines.append(f"Card: {card.name}, driver {plan.cards.driver_words}")
    here = f", {size(plan.fetched_bytes)} are here already" if plan.fetched_bytes else ""
    lines += [
        f"Engine: {plan.recipe.words}",
        f"To fetch: {size(plan.download_bytes)} from {', '.join(plan.hosts)}{here}",
        f"On disk: {size(plan.needed_bytes)} of {size(plan.free_bytes)} that are free",
        f"Folder: {plan.home}",
    ]
    return "\n".join(lines)


def unverified(plan: Plan) -> str:
    """Return the question about packages without a checksum; empty where there are none."""
    names = ", ".join(f"{one.name} from {one.host}" for one in plan.unverified)
    return f"Take {names} although nobody publishes a checksum for it" if names else ""
