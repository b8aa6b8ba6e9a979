"""Runs of Spaceport that are disturbed on purpose, and what must hold after each.

``python -m tests.faults --seed 1 --cases 200`` tries so many and prints a table;
``python -m tests.faults --case damage:7`` repeats one. See docs/reliability.md.
"""
