"""A container that fails and says nothing."""

from __future__ import annotations

import sys

sys.exit(7)
