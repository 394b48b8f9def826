"""Limits that a process puts on itself before it opens a file from outside.

Enforced by the kernel and not to be undone by the process: address space, size of written files, no
core dumps; no sockets, no other programs, no looking into other processes (a seccomp filter, x86-64 and
aarch64); an empty network of its own when the process is privileged enough (CLONE_NEWNET). Time is
the parent's business (`files/workers`). **Not enforced:** the process reads and writes files with the
rights of the user who started it. `enter` answers what really holds, and nothing is claimed beyond it.

Linux only (seccomp(2), prctl(2), setrlimit(2)); elsewhere the limits of `setrlimit` are all there is.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import platform
import resource
import signal
import struct

MAX_WRITTEN_BYTES = 64 << 30

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SECCOMP_MODE_FILTER = 2
CLONE_NEWNET = 0x40000000
_ALLOW, _DENY = 0x7FFF0000, 0x00050000 | errno.EPERM
_KILL = 0x80000000
# Offsets in struct seccomp_data: number of the call, architecture.
_NUMBER, _ARCHITECTURE = 0, 4
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_X32_CALLS = 0x40000000
# Lower half of the first argument in struct seccomp_data; AF_UNIX.
_FIRST_ARGUMENT = 16
_LOCAL_SOCKET = 1

# Architecture word and the numbers of: socket, connect, socketpair, execve, execveat, ptrace,
# process_vm_readv, process_vm_writev, io_uring_setup (which could open sockets behind the filter).
_CALLS = {
    "x86_64": (0xC000003E, (41, 42, 53, 59, 322, 101, 310, 311, 425)),
    "aarch64": (0xC00000B7, (198, 203, 199, 221, 281, 117, 270, 271, 425)),
}


def enter(memory: int, seconds: int | None = None) -> list[str]:
    """Fence this process in for good; list what holds, in words for the operator.

    `memory` is the limit of the address space in bytes, `seconds` of CPU time, if any.
    """
    held = [f"memory {memory / (1 << 30):.1f} GiB"]
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_WRITTEN_BYTES, MAX_WRITTEN_BYTES))
    if seconds is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        held.append(f"{seconds} s of CPU time")
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None, use_errno=True)
        # Whoever asked for this file is gone: nobody waits for the answer.
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if library.unshare(CLONE_NEWNET) == 0:
            held.append("an empty network of its own")
        if filter_calls(library, _make_filter(platform.machine())):
            held.append("no sockets, no other programs")
    return held


def filter_calls(library: ctypes.CDLL, program: bytes | None) -> bool:
    """Put a seccomp filter on this process and what it becomes; answers whether the kernel took it."""
    if program is None:
        return False
    buffer = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    wrapped = Program(len(program) // 8, ctypes.addressof(buffer))
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(library.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(wrapped), 0, 0) == 0)


def _make_filter(machine: str) -> bytes | None:
    if machine not in _CALLS:
        return None
    architecture, numbers = _CALLS[machine]
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),  # a call in another architecture's numbers would pass unseen
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, len(numbers) + 1, 0, _X32_CALLS),
        *((_EQUAL, len(numbers) - at, 0, number) for at, number in enumerate(numbers)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _DENY),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def make_program_filter() -> bytes | None:
    """Make the filter for a program of others (`files/confined`): it may start, and speak to nobody.

    Sockets between processes of this machine may be made, because LibreOffice does not start without one, but
    nothing may connect; None where the numbers of the calls are not known.
    """
    if platform.machine() not in _CALLS:
        return None
    architecture, numbers = _CALLS[platform.machine()]
    socket_call, connect, _, _, _, *looking = numbers
    denied = (connect, *looking)
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, len(denied) + 4, 0, _X32_CALLS),
        *((_EQUAL, len(denied) + 3 - at, 0, number) for at, number in enumerate(denied)),
        (_EQUAL, 0, 2, socket_call),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_EQUAL, 0, 1, _LOCAL_SOCKET),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _DENY),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
