"""What a person takes away from trained Gaussians, kept beside them and never done to them."""

FILE = "edits.json"
"""Name of the file that tells which edits are made."""
