"""A time after which a child gives up by itself, in the middle of whatever it does: a regular expression too."""

from __future__ import annotations

import _signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Expired(Exception):
    """The time is up."""


def give_up_after(seconds: float, work: Callable[[], object]) -> bool:
    """Does the work in a child's main thread; whether it came to its end in time."""

    def expire(number: int, frame: object) -> None:
        raise Expired

    is_done = False
    try:
        _signal.signal(_signal.SIGALRM, expire)
        _signal.pthread_sigmask(_signal.SIG_UNBLOCK, [_signal.SIGALRM])
        _signal.setitimer(_signal.ITIMER_REAL, seconds)
        work()
        is_done = True
    except Expired:
        pass
    finally:
        _signal.setitimer(_signal.ITIMER_REAL, 0)
    return is_done
