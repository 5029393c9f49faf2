"""Ctrl-C, SIGTERM and SIGHUP all mean: end in good order."""

import signal
import subprocess
from types import FrameType
from typing import Never

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_on_signals() -> None:
    """From now on each of them raises KeyboardInterrupt; one that was ignored (as by nohup) still is."""
    for one in ENDING_SIGNALS:
        if signal.getsignal(one) is not signal.SIG_IGN:
            signal.signal(one, _interrupt)


def pass_on_ending_signals(process: subprocess.Popen[bytes]) -> None:
    """From now on each of them asks the process to end, and leaves this one to wait for it."""
    for one in ENDING_SIGNALS:
        if signal.getsignal(one) is not signal.SIG_IGN:
            signal.signal(one, lambda _number, _frame: process.terminate())


def ignore_ending_signals() -> None:
    """From now on none of them disturbs: the end has begun, and it has a deadline."""
    for one in ENDING_SIGNALS:
        signal.signal(one, signal.SIG_IGN)


def _interrupt(_number: int, _frame: FrameType | None) -> Never:
    raise KeyboardInterrupt
