"""A program of others, started behind a fence: `python -P -m lightwell.files.confined ORDER`, then it is that
program.

The order is JSON: `memory` in bytes, `seconds` of CPU time, `scratch` (the one folder it may write), `reads`
(further folders it may read) and `command`. Enforced by the kernel and kept through exec: address space, CPU
time, size of written files, no core dumps, death with whoever started it; no sockets but those between
processes of this machine, and no connecting even there (seccomp filter); an empty network of its own when
privileged enough; on kernels with Landlock (5.13 and newer) no file but the system's programs, the
folders named and the scratch folder. Our own processes, which may start nothing at all: `files/fence`.

Sources: seccomp(2), landlock(7), prctl(2).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import struct
import sys
from collections.abc import Sequence
from typing import Any

from lightwell.files import fence

MAX_WRITTEN_BYTES = 2 << 30
# What a program needs to start: itself, its libraries, fonts, the names of time zones.
SYSTEM_FOLDERS = (
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/etc",
    "/opt",
    "/var/lib/libreoffice",
    "/var/spool/libreoffice",
    "/var/cache/fontconfig",
    "/proc",
    "/dev",
    "/sys/devices/system/cpu",
)
# LibreOffice puts a socket here by which a second one would find it, and ends when it cannot.
SOCKET_FOLDER = "/tmp"  # noqa: S108 - the place is LibreOffice's own

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_RULE_PATH_BENEATH = 1
_ASK_VERSION = 1
# Rights of Landlock's first version: execute, write a file, read a file, read a folder, then removing and
# making.
_ALL_RIGHTS = (1 << 13) - 1
_READ_RIGHTS = 0b1101
_DEVICE_RIGHTS = 0b1111
_SOCKET_RIGHTS = 1 << 9


def enter(memory: int, seconds: int, scratch: str, reads: Sequence[str]) -> list[str]:
    """Fence this process in for good, before it becomes another program; list what holds, in words."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_WRITTEN_BYTES, MAX_WRITTEN_BYTES))
    held = [f"memory {memory / (1 << 30):.1f} GiB", f"{seconds} s of CPU time"]
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None, use_errno=True)
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if library.unshare(fence.CLONE_NEWNET) == 0:
            held.append("an empty network of its own")
        if _restrict_files(library, scratch, reads):
            held.append("no files but the system's and its own")
        if fence.filter_calls(library, fence.make_program_filter()):
            held.append("no network sockets")
    return held


def can_restrict_files() -> bool:
    """Answer whether this kernel has Landlock, so that a program sees no files but those it may."""
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None, use_errno=True)
        return bool(library.syscall(_CREATE_RULESET, None, 0, _ASK_VERSION) > 0)
    return False


def _restrict_files(library: ctypes.CDLL, scratch: str, reads: Sequence[str]) -> bool:
    handled = struct.pack("=Q", _ALL_RIGHTS)
    ruleset = library.syscall(_CREATE_RULESET, ctypes.c_char_p(handled), len(handled), 0)
    if ruleset < 0:
        return False
    rights = {
        **dict.fromkeys((*SYSTEM_FOLDERS, *reads), _READ_RIGHTS),
        "/dev": _DEVICE_RIGHTS,
        SOCKET_FOLDER: _SOCKET_RIGHTS,
    }
    for folder, allowed in {**rights, scratch: _ALL_RIGHTS}.items():
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
            rule = struct.pack("=Qi", allowed, descriptor)
            added = library.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.c_char_p(rule), 0)
            os.close(descriptor)
            if added != 0:
                return False
    return bool(library.syscall(_RESTRICT_SELF, ruleset, 0) == 0)


def main() -> None:
    """Fence this process in as its order says, then become the program."""
    order: dict[str, Any] = json.loads(sys.argv[1])
    enter(order["memory"], order["seconds"], order["scratch"], order["reads"])
    os.execv(order["command"][0], order["command"])  # noqa: S606 - that is what this module is for


if __name__ == "__main__":
    main()
