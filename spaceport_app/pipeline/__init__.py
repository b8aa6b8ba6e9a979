"""Stages in order, each in a process of its own, with events, cancel and resume."""
