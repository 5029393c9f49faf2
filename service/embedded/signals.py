"""Ctrl-C, SIGTERM and SIGHUP all mean: end in good order."""

import signal
from types import FrameType
from typing import Never

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_on_signals() -> None:
    """From now on each of them raises KeyboardInterrupt; one that was ignored (as by nohup) still is."""
    for one in ENDING_SIGNALS:
        if signal.getsignal(one) is not signal.SIG_IGN:
            signal.signal(one, _interrupt)


def ignore_ending_signals() -> None:
    """From now on none of them disturbs: the end has begun, and it has a deadline."""
    for one in ENDING_SIGNALS:
        signal.signal(one, signal.SIG_IGN)


def _interrupt(_number: int, _frame: FrameType | None) -> Never:
    raise KeyboardInterrupt
