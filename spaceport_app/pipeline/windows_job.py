"""A Windows job object that ends its processes when its owner ends."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from ctypes import wintypes

_KILL_ON_CLOSE = 0x2000
_EXTENDED_LIMITS = 9


class _Basic(ctypes.Structure):
    _fields_ = (
        ("PerProcessUserTimeLimit", ctypes.c_int64),
        ("PerJobUserTimeLimit", ctypes.c_int64),
        ("LimitFlags", wintypes.DWORD),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", wintypes.DWORD),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", wintypes.DWORD),
        ("SchedulingClass", wintypes.DWORD),
    )


class _Extended(ctypes.Structure):
    _fields_ = (
        ("BasicLimitInformation", _Basic),
        ("IoInfo", ctypes.c_uint64 * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    )


def hold(process: subprocess.Popen[str]) -> None:
    """Put a process, and all it will start, into a job of its own.

    Windows closes the job's handle when this process ends in whatever way, and that ends
    the job.

    Raises
    ------
    OSError
        If Windows refuses.
    """
    if sys.platform == "win32":
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateJobObjectW.restype = wintypes.HANDLE
        kernel.SetInformationJobObject.argtypes = (
            wintypes.HANDLE,
            ctypes.c_int,
            ctypes.c_void_p,
            wintypes.DWORD,
        )
        kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
        job = kernel.CreateJobObjectW(None, None)
        limits = _Extended()
        limits.BasicLimitInformation.LimitFlags = _KILL_ON_CLOSE
        size = ctypes.sizeof(limits)
        handle = wintypes.HANDLE(int(process._handle))  # type: ignore[attr-defined]
        if not (
            job
            and kernel.SetInformationJobObject(job, _EXTENDED_LIMITS, ctypes.byref(limits), size)
            and kernel.AssignProcessToJobObject(job, handle)
        ):
            process.kill()
            raise ctypes.WinError(ctypes.get_last_error())
        process._spaceport_job = job  # type: ignore[attr-defined]


def end(process: subprocess.Popen[str]) -> None:
    """End all processes of the job that `hold` made and give its handle back."""
    if sys.platform == "win32":
        job = getattr(process, "_spaceport_job", None)
        if job is None:
            process.kill()
            return
        kernel = ctypes.WinDLL("kernel32")
        kernel.TerminateJobObject.argtypes = (wintypes.HANDLE, wintypes.UINT)
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        kernel.TerminateJobObject(job, 1)
        kernel.CloseHandle(job)
        process._spaceport_job = None  # type: ignore[attr-defined]
