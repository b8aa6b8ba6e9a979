"""A container that fails and says why, where SageMaker reads it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

name = "failure" if sys.argv[1] == "3dgs" else "message"
Path(os.environ["SPACEPORT_ROOT"], "output", name).write_text("Too few photos. Take more.")
sys.exit(1)
