"""What happens in a child between fork and exec: whose name it runs under and with whom it dies.

PostgreSQL refuses to run as root. A user namespace that shows root as uid 1000 satisfies it while
all files stay root's and no folder has to be opened to anybody. Where the kernel forbids that
(containers without CAP_SYS_ADMIN), the server runs as `nobody`.
"""

import ctypes
import os
import pwd
import signal
from collections.abc import Callable
from enum import Enum
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


class Identity(Enum):
    """Whose name a server runs under."""

    SELF = "self"
    NAMESPACE = "namespace"
    NOBODY = "nobody"


def choose_identity() -> Identity:
    """The mildest identity that is not root."""
    if os.geteuid() != 0:
        return Identity.SELF
    return Identity.NAMESPACE if _succeeds(_enter_namespace) else Identity.NOBODY


def nobody_can_use(*paths: Path) -> bool:
    """True if the user `nobody` may enter and read all these paths."""

    def look() -> None:
        _become_nobody()
        if not all(os.access(path, os.R_OK | os.X_OK) for path in paths):
            raise PermissionError

    return _succeeds(look)


def before_exec(
    death_signal: signal.Signals, identity: Identity = Identity.SELF, *, nice: int = 0
) -> Callable[[], None]:
    """A `preexec_fn`: take identity and priority, and get `death_signal` when the parent dies.

    The kernel sends the signal when the *thread* that forked ends, so children are started from
    threads that live as long as they should.
    """
    parent = os.getpid()

    def prepare() -> None:
        os.nice(nice)
        if identity is Identity.NAMESPACE:
            _enter_namespace()
        elif identity is Identity.NOBODY:
            _become_nobody()
        # Changing credentials clears the death signal, so it comes last.
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def uid_of(identity: Identity) -> int:
    """The user who has to own a server's files."""
    return pwd.getpwnam("nobody").pw_uid if identity is Identity.NOBODY else os.geteuid()


def _enter_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    if _libc.unshare(CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"1000 {uid} 1"),
        ("gid_map", f"1000 {gid} 1"),
    ):
        Path(f"/proc/self/{name}").write_text(text)


def _become_nobody() -> None:
    user = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def _succeeds(action: Callable[[], None]) -> bool:
    """Try something irreversible in a throw-away child."""
    pid = os.fork()
    if pid == 0:
        try:
            action()
        except BaseException:  # noqa: BLE001 - the child must end here whatever happens
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0
