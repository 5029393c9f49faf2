"""Everything that one `supsweep up` has started, however it was daemonised since, and how to end it.

Every child is started in a process session of its own with a marker in its environment, which all its
descendants inherit. Some processes (Ray's dashboard modules) overwrite their environment with their title;
those are found as descendants or by the process session that they share with a marked one.
"""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

SESSION_VARIABLE = "SUPSWEEP_SESSION"
CHILD_VARIABLE = "SUPSWEEP_CHILD"
KILL_ROUNDS = 100
"""A process may start another one while it is looked for; each round ends what the last one missed."""
ROUND_SECONDS = 0.1


@dataclass(frozen=True)
class Mark:
    """Marks the processes of one session, or of one child of it."""

    session: str
    child: str | None = None

    def environment(self) -> dict[str, str]:
        """What a marked process has in its environment."""
        own = {SESSION_VARIABLE: self.session}
        return own if self.child is None else own | {CHILD_VARIABLE: self.child}


def members(mark: Mark) -> list[psutil.Process]:
    """Every living process of this user that belongs to the mark; never the caller."""
    own = [process for process in psutil.process_iter() if _is_ours(process)]
    marked = [process for process in own if _carries(process, mark)]
    shared = {_process_session(process) for process in marked} - {None, os.getsid(0)}
    related = [process for process in own if _process_session(process) in shared]
    return list(dict.fromkeys([*marked, *related, *_descendants(marked)]))


def end_members(mark: Mark, *, known: Iterable[psutil.Process] = (), grace_seconds: float = 0.0) -> None:
    """Asks every member to end, and kills what is left after the grace.

    `known` are members found earlier, while their parents still lived to tell; reused pids are told apart.
    """
    found = {*known, *members(mark)}
    if grace_seconds > 0:
        for process in found:
            _ask_to_end(process)
        psutil.wait_procs(list(found), timeout=grace_seconds)
    for _ in range(KILL_ROUNDS):
        alive = [process for process in {*found, *members(mark)} if _is_alive(process)]
        if not alive:
            return
        for process in alive:
            _kill(process)
        psutil.wait_procs(alive, timeout=ROUND_SECONDS)


def _is_ours(process: psutil.Process) -> bool:
    try:
        return process.uids().real == os.getuid() and process.pid != os.getpid() and _is_alive(process)
    except psutil.Error:
        return False


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _carries(process: psutil.Process, mark: Mark) -> bool:
    try:
        return mark.environment().items() <= process.environ().items()
    except (psutil.Error, OSError):
        return False


def _process_session(process: psutil.Process) -> int | None:
    try:
        return os.getsid(process.pid)
    except OSError:
        return None


def _descendants(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            found += [child for child in process.children(recursive=True) if _is_ours(child)]
    return found


def _ask_to_end(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        process.terminate()


def _kill(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        process.kill()
