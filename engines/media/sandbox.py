"""What a forked child takes from itself before it touches a foreign byte. Linux; stdlib only.

Best case (root, or user namespaces allowed): no network, an empty directory as root, another
user. Where the system refuses one of them the rest still holds: limits, no new privileges, and a
nameless file that is opened with one forced format.
"""

import contextlib
import ctypes
import os
import resource
import signal
import tempfile
from collections.abc import Mapping

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_NOBODY = 65534
_libc = ctypes.CDLL(None, use_errno=True)


def enter_nowhere() -> None:
    """Make a directory the working one and remove it: nobody can put a file there any more."""
    nowhere = tempfile.mkdtemp(prefix="sai-nowhere-")
    os.chdir(nowhere)
    os.rmdir(nowhere)


def confine(limits: Mapping[str, int]) -> dict[str, bool]:
    """Give up everything that decoding does not need; say what the system granted.

    `limits`: memory_bytes, cpu_s, file_bytes. The working directory becomes the root. Needs a
    process with one thread. The parent-death signal is set last: changing credentials clears it.
    """
    granted = _isolate()
    for name, value in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["cpu_s"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = value + 1 if name == resource.RLIMIT_CPU else value
        resource.setrlimit(name, (value, hard))
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    return granted


def _isolate() -> dict[str, bool]:
    root = os.geteuid() == 0
    network = _unshare(_CLONE_NEWNET) if root else _unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    if root and not network:
        network = _unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    filesystem = user = False
    with contextlib.suppress(OSError):
        os.chroot(".")
        filesystem = True
    with contextlib.suppress(OSError):
        if root:
            os.setgroups([])
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)
            user = True
    return {"network": network, "filesystem": filesystem, "user": user}


def _unshare(flags: int) -> bool:
    return _libc.unshare(flags) == 0
