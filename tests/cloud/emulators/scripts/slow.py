"""A container that works until it is asked to end."""

from __future__ import annotations

import time

time.sleep(600)
