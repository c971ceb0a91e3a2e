"""A Windows job object: every program started in it, and whatever those start, ends with it, or with us."""

from __future__ import annotations

import sys

assert sys.platform == "win32"  # so the type checker reads this file for this system alone

import ctypes
from ctypes import wintypes
from types import TracebackType
from typing import Final, Self

SUSPENDED: Final = 0x4
"""CREATE_SUSPENDED: a program so started does nothing before :meth:`Job.take`, so that it cannot escape."""

_EXTENDED_LIMITS: Final = 9
"""JobObjectExtendedLimitInformation."""
_KILL_ON_CLOSE: Final = 0x2000
"""JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE: when the last handle is gone, ours included after our death, all are killed."""
_RIGHTS: Final = 0x0001 | 0x0100 | 0x0800
"""To a process: PROCESS_TERMINATE and PROCESS_SET_QUOTA to put it into a job, PROCESS_SUSPEND_RESUME to let it run."""
_KILLED: Final = 1
"""The exit status of what is killed."""

_CALLS: Final = (
    ("CreateJobObjectW", wintypes.HANDLE, (wintypes.LPVOID, wintypes.LPCWSTR)),
    ("SetInformationJobObject", wintypes.BOOL, (wintypes.HANDLE, ctypes.c_int, wintypes.LPVOID, wintypes.DWORD)),
    ("OpenProcess", wintypes.HANDLE, (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)),
    ("AssignProcessToJobObject", wintypes.BOOL, (wintypes.HANDLE, wintypes.HANDLE)),
    ("TerminateJobObject", wintypes.BOOL, (wintypes.HANDLE, wintypes.UINT)),
    ("CloseHandle", wintypes.BOOL, (wintypes.HANDLE,)),
)
"""What is called in kernel32: its name, what it gives back, what it is given. A handle is wider than a plain int."""


class _BasicLimits(ctypes.Structure):
    _fields_ = (
        ("per_process_user_time", ctypes.c_int64),
        ("per_job_user_time", ctypes.c_int64),
        ("flags", ctypes.c_uint32),
        ("minimum_working_set", ctypes.c_size_t),
        ("maximum_working_set", ctypes.c_size_t),
        ("active_processes", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("priority_class", ctypes.c_uint32),
        ("scheduling_class", ctypes.c_uint32),
    )


class _ExtendedLimits(ctypes.Structure):
    _fields_ = (
        ("basic", _BasicLimits),
        ("io_counters", ctypes.c_ulonglong * 6),
        ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t),
        ("peak_process_memory", ctypes.c_size_t),
        ("peak_job_memory", ctypes.c_size_t),
    )


class Job:
    """A job object. Leaving the context kills all that is in it. Raises OSError where Windows refuses."""

    def __init__(self) -> None:
        self._kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        for name, result, arguments in _CALLS:
            call = getattr(self._kernel, name)
            call.restype, call.argtypes = result, arguments
        self._handle: int | None = self._kernel.CreateJobObjectW(None, None)
        if not self._handle:
            raise ctypes.WinError(ctypes.get_last_error())
        limits = _ExtendedLimits()
        limits.basic.flags = _KILL_ON_CLOSE
        size = ctypes.sizeof(limits)
        if not self._kernel.SetInformationJobObject(self._handle, _EXTENDED_LIMITS, ctypes.byref(limits), size):
            error = ctypes.WinError(ctypes.get_last_error())
            self.close()
            raise error

    def take(self, pid: int) -> None:
        """Put a program that was started :data:`SUSPENDED` into the job, and let it run."""
        process = self._kernel.OpenProcess(_RIGHTS, 0, pid)
        if not process:
            raise ctypes.WinError(ctypes.get_last_error())
        try:
            if not self._kernel.AssignProcessToJobObject(self._handle, process):
                raise ctypes.WinError(ctypes.get_last_error())
            # Popen closes the handle of the thread, which ResumeThread would need; this resumes by the process's.
            ntdll = ctypes.WinDLL("ntdll")
            ntdll.NtResumeProcess.argtypes = (wintypes.HANDLE,)
            if ntdll.NtResumeProcess(process) < 0:
                raise OSError("Windows did not let a program run that was started suspended")
        finally:
            self._kernel.CloseHandle(process)

    def kill(self) -> None:
        """Kill all that is in it."""
        if self._handle:
            self._kernel.TerminateJobObject(self._handle, _KILLED)

    def close(self) -> None:
        """Kill all that is in it, and let go of it."""
        self.kill()
        handle, self._handle = self._handle, None
        if handle:
            self._kernel.CloseHandle(handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
