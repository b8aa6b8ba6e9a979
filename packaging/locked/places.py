"""Where the lists lie, and how pip is told to take nothing but what stands in them."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent

DEVELOPMENT = "development.txt"
# torch and what its build for NVIDIA cards brings, from PyPI; and PyTorch's builds without CUDA.
TORCH, TORCH_CPU = "torch.txt", "torch-cpu.txt"

# Hashes are asked for by the lines themselves; this refuses a line that has none, a package that
# no line names, and whatever would run code of its own to be built.
STRICT = ("--require-hashes", "--no-deps", "--only-binary", ":all:")


def without_hashes(text: str) -> str:
    """Return the requirements of a list alone, for questions that fetch no file."""
    lines = (line.partition(" \\")[0] for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line[:1] not in ("", " ", "#"))
