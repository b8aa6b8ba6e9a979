"""Every reader of Spaceport, given files that are damaged or made up.

``python -m tests.fuzz --cases 2000`` tries so many of each and prints a table. See
docs/reliability.md.
"""
