import os

# Before torch or Numba load OpenMP: see spaceport_app.splats.engines.cpu.threads.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
