"""How this engine's loops are compiled, and the few instructions Numba has no name for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]

_Function = TypeVar("_Function", bound=Callable[..., Any])

# All of LLVM's fast arithmetic but the promises that no NaN and no infinity ever occur: a
# Gaussian gone bad must fail its visibility test and be left out, not poison a whole picture.
FAST = {"reassoc", "nsz", "arcp", "contract", "afn"}


def inlined(function: _Function) -> _Function:
    """Compile a small function that other kernels call."""
    compile_it: Any = njit(fastmath=FAST, error_model="numpy", cache=True, forceinline=True)
    return cast("_Function", compile_it(function))


def serial(function: _Function) -> _Function:
    """Compile a kernel that runs on one core."""
    compile_it: Any = njit(fastmath=FAST, error_model="numpy", cache=True, nogil=True)
    return cast("_Function", compile_it(function))


def parallel(function: _Function) -> _Function:
    """Compile a kernel whose `prange` loops are shared out over the cores."""
    compile_it: Any = njit(
        fastmath=FAST, error_model="numpy", cache=True, nogil=True, parallel=True
    )
    return cast("_Function", compile_it(function))


def _instruction(function: Callable[..., Any]) -> Any:
    # Numba types an intrinsic as what makes it, not as what compiled code calls.
    return intrinsic(function)


def aligned(rows: int, columns: int) -> F32:
    """Return room for float32 (rows, columns) that begins on a cache line."""
    room = np.empty(rows * columns + 16, np.float32)
    skip = -room.ctypes.data % 64 // 4
    return room[skip : skip + rows * columns].reshape(rows, columns)


@_instruction
def prefetch(typing_context: Any, array: Any, row: Any) -> Any:
    """Ask for the first cache line of a row of a C-contiguous array, or for one item."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        struct = context.make_array(signature.args[0])(context, builder, arguments[0])
        offset = arguments[1]
        if signature.args[0].ndim == 2:
            offset = builder.mul(offset, builder.extract_value(struct.shape, 1))
        pointer = builder.bitcast(builder.gep(struct.data, [offset]), ir.IntType(8).as_pointer())
        flag = ir.IntType(32)
        function = builder.module.declare_intrinsic(
            "llvm.prefetch",
            [pointer.type],
            ir.FunctionType(ir.VoidType(), [pointer.type, flag, flag, flag]),
        )
        builder.call(function, [pointer, flag(0), flag(3), flag(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


@_instruction
def float_of_bits(typing_context: Any, bits: Any) -> Any:
    """Read an int32's bits as a float32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


@_instruction
def bits_of_float(typing_context: Any, value: Any) -> Any:
    """Read a float32's bits as an int32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(32))

    return types.int32(types.float32), generate
