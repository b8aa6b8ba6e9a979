"""The one-command set-up: Python environment, system libraries, peers for the tests."""
