"""How this engine's loops are compiled, and the few instructions Numba has no name for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]

_Function = TypeVar("_Function", bound=Callable[..., Any])

# All of LLVM's fast arithmetic but the promises that no NaN and no infinity ever occur: a
# Gaussian gone bad must fail its visibility test and be left out, not poison a whole picture.
_FAST = {"reassoc", "nsz", "arcp", "contract", "afn"}


def inlined(function: _Function) -> _Function:
    """Compile a small function that other kernels call."""
    result: _Function = njit(fastmath=_FAST, error_model="numpy", cache=True)(function)
    return result


def serial(function: _Function) -> _Function:
    """Compile a kernel that runs on one core."""
    result: _Function = njit(fastmath=_FAST, error_model="numpy", cache=True, nogil=True)(function)
    return result


def parallel(function: _Function) -> _Function:
    """Compile a kernel whose `prange` loops are shared out over the cores."""
    result: _Function = njit(
        fastmath=_FAST, error_model="numpy", cache=True, nogil=True, parallel=True
    )(function)
    return result


@intrinsic
def float_of_bits(typing_context: Any, bits: Any) -> Any:
    """Read an int32's bits as a float32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


@intrinsic
def bits_of_float(typing_context: Any, value: Any) -> Any:
    """Read a float32's bits as an int32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(32))

    return types.int32(types.float32), generate
