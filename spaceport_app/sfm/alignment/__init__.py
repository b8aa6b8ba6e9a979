"""Turning a reconstruction of arbitrary place, turn and size upright and into metres."""
