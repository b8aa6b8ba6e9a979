"""A guard against PySide giving back references that it never took.

PySide 6.12.0 counts on ``None``, ``True`` and ``False`` living forever, as they do from
Python 3.12 on. On 3.11 every call of Qt that returns nothing, and every ``signal.emit``, takes
one reference from them, and after some ten thousand calls the interpreter ends with
"none_dealloc: deallocating None". PySide 6.11 is free of it.
"""

from __future__ import annotations

import ctypes
import sys

_PLENTY = 1 << 40
_CONSTANTS = (None, True, False, NotImplemented, Ellipsis)


def keep_constants() -> None:
    """Give ``None`` and its like more references than any run can lose; once is enough."""
    if sys.version_info >= (3, 12):
        return
    for constant in _CONSTANTS:
        if sys.getrefcount(constant) < _PLENTY:
            # In CPython an object begins with the count of its references.
            ctypes.c_ssize_t.from_address(id(constant)).value += _PLENTY
