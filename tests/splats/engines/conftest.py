import os
import sys
from pathlib import Path

# Before torch or Numba load OpenMP: see CpuEngine.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# For the reference and the scenes beside this file, whatever pytest's import mode.
sys.path.insert(0, str(Path(__file__).parent))
