"""The flight view: where the drone flew, where the cameras stand, what they saw."""
