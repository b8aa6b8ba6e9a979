"""A guard against PySide's loss of ``True``.

In PySide 6.12.0 every ``signal.emit(...)`` gives back one reference to ``True`` more than it
took. Up to Python 3.11 booleans are counted like any object, so after about a thousand
signals the interpreter ends with "bool_dealloc: deallocating True or False". From 3.12 on
they live forever, and nothing is to be done.
"""

from __future__ import annotations

import ctypes
import sys

_PLENTY = 1 << 40


def keep() -> None:
    """Give both booleans more references than any run can lose; to call before signals fly."""
    if sys.version_info >= (3, 12):
        return
    for value in (True, False):
        if sys.getrefcount(value) < _PLENTY:
            # In CPython an object begins with the count of its references.
            ctypes.c_ssize_t.from_address(id(value)).value += _PLENTY
